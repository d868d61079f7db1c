"""A model on the held-out sets, beside plain upscaling; in PyTorch, independent of the TypeScript.

    python evaluate.py WEIGHTS [--track live-x4] --heldout DIR [--sets lq-clean-real …] [--sheet DIR] [--manifest FILE]
    limpid restore HELDOUT/lq-crf25-real/CLIP OUT --model live-x4
    python evaluate.py WEIGHTS --compare HELDOUT/lq-crf25-real/CLIP OUT

WEIGHTS is a checkpoint of train.py or the exported safetensors; with the latter, --manifest writes the figures down as
the manifest's `quality`. --sheet writes input | bicubic | restored | truth of each clip's worst frame. --compare holds
the pictures that `limpid restore` made of a clip to this network's.

As the papers measure: outputs clamped and rounded to 8 bits, every frame, no border left out, the mean over a clip's
frames, then over clips; RGB. "alone" is the same network with copies of the middle frame as its window: what the
neighbours bring is the rest.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import torch

from edvr import EDVR
from export import load_weights, write_manifest
from measures import Clip, measure, psnr
from resample import resize, to_uint8
from tracks import TRACKS

# What heldout.py makes for networks of a scale.
KINDS = {
    4: ("clean", "crf23", "crf25", "crf28", "crf30", "x4-camera"),
    2: ("x2-clean", "x2-crf25", "x2-crf28"),
    1: ("camera", "x1-crf28"),
}
KINDS_OF_DEBLURRING = ("soft", "shaken")
MOTIONS = ("synthetic", "real")


def read(folder: Path) -> Clip:
    return [cv2.imread(str(file))[:, :, ::-1] for file in sorted(folder.glob("*.png"))]


@torch.no_grad()
def restore(model: EDVR, clip: Clip, alone: bool = False) -> Clip:
    """Every frame of a clip, its ends padded by replication; `alone`: from copies of itself."""
    frames = torch.from_numpy(np.stack(clip)).permute(0, 3, 1, 2).float() / 255
    half, last = model.options.numFrame >> 1, len(clip) - 1
    restored = []
    for t in range(len(clip)):
        window = frames[[t if alone else min(max(t + d, 0), last) for d in range(-half, half + 1)]]
        output = model(window[None])[0].clamp(0, 1) * 255
        restored.append(output.round().byte().permute(1, 2, 0).numpy())
    return restored


def upscaled(clip: Clip, size: tuple[int, int], kernel: str) -> Clip:
    """The plain answer, at (height, width); the input itself where the size stays."""
    return clip if clip[0].shape[:2] == size else [to_uint8(resize(image, *size, kernel)) for image in clip]


def results_of(model: EDVR, low: Clip, truth: Clip) -> dict[str, Clip]:
    size = truth[0].shape[:2]
    results = {"bicubic": upscaled(low, size, "bicubic"), "lanczos": upscaled(low, size, "lanczos")}
    return results | {"alone": restore(model, low, alone=True), "restored": restore(model, low)}


def write_sheet(file: Path, low: Clip, results: dict[str, Clip], truth: Clip) -> None:
    """The frame that is worst beside bicubic: the input enlarged by repetition, bicubic, restored, truth."""
    gains = [psnr(r, t) - psnr(b, t) for r, b, t in zip(results["restored"], results["bicubic"], truth, strict=True)]
    worst = int(np.argmin(gains))
    height, width, _ = truth[worst].shape
    enlarged = cv2.resize(low[worst], (width, height), interpolation=cv2.INTER_NEAREST)
    file.parent.mkdir(parents=True, exist_ok=True)
    row = np.concatenate((enlarged, results["bicubic"][worst], results["restored"][worst], truth[worst]), 1)
    cv2.imwrite(str(file), row[:, :, ::-1])


def mean_of(measured: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    return {
        result: {name: float(np.mean([clip[result][name] for clip in measured])) for name in measured[0][result]}
        for result in measured[0]
    }


def row(label: str, of: dict[str, dict[str, float]]) -> str:
    """A row of the table in models/README.md."""
    base, ours = of["bicubic"], of["restored"]
    return (
        f"| {label} | {base['psnr']:.2f} / {base['ssim']:.4f} | {of['lanczos']['psnr']:.2f} | {ours['psnr']:.2f} / {ours['ssim']:.4f}"
        f" | {ours['psnr'] - base['psnr']:+.2f} | {ours['psnr'] - of['alone']['psnr']:+.3f} | {base['flicker']:.2f} | {ours['flicker']:.2f} |"
    )


def evaluate(model: EDVR, heldout: Path, names: list[str], sheets: Path | None) -> list[dict]:
    """Prints a table of every set and clip; returns the manifest's `quality`."""
    print("| set, clip | bicubic, dB / SSIM | Lanczos | restored | gain | of it by neighbours | flicker: bicubic | restored |")
    print("|---|---|---|---|---|---|---|---|")
    quality = []
    for name in names:
        truth_folder = heldout / f"gt-{name.rsplit('-', 1)[1]}"
        measured = []
        for folder in sorted((heldout / name).iterdir()):
            low, truth = read(folder), read(truth_folder / folder.name)
            results = results_of(model, low, truth)
            measured.append({result: measure(clip, truth) for result, clip in results.items()})
            print(row(f"{name[3:]} {folder.name}", measured[-1]), flush=True)
            if sheets:
                write_sheet(sheets / f"{name}-{folder.name}.png", low, results, truth)
        mean = mean_of(measured)
        print(row(f"**{name[3:]}**", mean), flush=True)
        value, bicubic = (round(mean[result]["psnr"], 2) for result in ("restored", "bicubic"))
        quality.append({"set": name.replace("lq-", "heldout-", 1), "metric": "psnr-rgb", "value": value, "bicubic": bicubic})
    return quality


def compare(model: EDVR, low: Path, restored: Path) -> None:
    difference = np.abs(np.stack(restore(model, read(low))).astype(int) - np.stack(read(restored)))
    print(f"largest difference {difference.max()} of 255; within 1: {np.mean(difference <= 1):.4%}; equal: {np.mean(difference == 0):.4%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--track", choices=TRACKS, default="live-x4")
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--heldout", type=Path, help="the folder that heldout.py fills")
    task.add_argument("--compare", type=Path, nargs=2, metavar=("CLIP", "RESTORED"))
    parser.add_argument("--sets", nargs="+", help="all that heldout.py makes for the scale by default")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--manifest", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    weights = load_weights(args.weights)
    track = TRACKS[args.track]
    model = EDVR(track.options)
    model.load_state_dict(weights.tensors)
    model.eval()
    if args.compare:
        compare(model, *args.compare)
        return
    kinds = KINDS_OF_DEBLURRING if track.task == "deblurring" else KINDS[track.options.upscale]
    names = args.sets or [f"lq-{kind}-{motion}" for motion in MOTIONS for kind in kinds]
    quality = evaluate(model, args.heldout, names, args.sheet)
    if args.manifest:
        write_manifest(args.manifest, json.loads(args.manifest.read_text()) | {"quality": quality})


if __name__ == "__main__":
    main()
