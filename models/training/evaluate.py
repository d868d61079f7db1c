"""RGB PSNR of a checkpoint on the held-out sets, beside bicubic; independent of the TypeScript.

    python evaluate.py WEIGHTS --heldout DIR [--track live-x4] [--sets lq-clean-synthetic lq-crf25-real …] [--sheet DIR] [--manifest FILE]

WEIGHTS is a checkpoint of train.py or the exported safetensors; with the latter, --manifest writes the figures down as
the manifest's `quality`.

As the papers measure: outputs clamped and rounded to 8 bits, every frame, no border left out, the mean over a clip's
frames, then over clips. --sheet writes bicubic | restored | truth of one frame of each clip.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import torch

from edvr import EDVR
from export import load_checkpoint, load_safetensors, write_manifest
from resample import resize, to_uint8
from tracks import TRACKS

# What heldout.py makes for networks of a scale.
KINDS = {4: ("clean", "crf23", "crf25", "crf28", "crf30"), 2: ("x2-clean", "x2-crf25", "x2-crf28"), 1: ("camera", "x1-crf28")}


def read(folder: Path) -> list[np.ndarray]:
    return [cv2.imread(str(file))[:, :, ::-1] for file in sorted(folder.glob("*.png"))]


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """dB, peak 255, one mean square over all pixels and channels."""
    error = np.mean((a.astype(np.float64) - b) ** 2)
    return float(10 * np.log10(255**2 / error))


@torch.no_grad()
def restore(model: EDVR, clip: list[np.ndarray]) -> list[np.ndarray]:
    """Every frame of a clip, its ends padded by replication."""
    frames = torch.from_numpy(np.stack(clip)).permute(0, 3, 1, 2).float() / 255
    half, last = model.options.numFrame >> 1, len(clip) - 1
    restored = []
    for t in range(len(clip)):
        window = frames[[min(max(t + d, 0), last) for d in range(-half, half + 1)]]
        output = model(window[None])[0].clamp(0, 1) * 255
        restored.append(output.round().byte().permute(1, 2, 0).numpy())
    return restored


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--heldout", type=Path, required=True, help="the folder that heldout.py fills")
    parser.add_argument("--track", choices=TRACKS, default="live-x4")
    parser.add_argument("--sets", nargs="+", help="all that heldout.py makes for the scale by default")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--manifest", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    weights = (load_safetensors if args.weights.suffix == ".safetensors" else load_checkpoint)(args.weights)
    options = TRACKS[args.track].options
    model = EDVR(options)
    model.load_state_dict(weights.tensors)
    model.eval()
    quality = []
    for name in args.sets or [f"lq-{kind}-{motion}" for motion in ("synthetic", "real") for kind in KINDS[options.scale]]:
        truth_folder = args.heldout / f"gt-{name.rsplit('-', 1)[1]}"
        gains, baselines = [], []
        for folder in sorted((args.heldout / name).iterdir()):
            low, truth = read(folder), read(truth_folder / folder.name)
            height, width, _ = truth[0].shape
            bicubic = [to_uint8(resize(image, height, width)) for image in low]
            restored = restore(model, low)
            before = float(np.mean([psnr(*pair) for pair in zip(bicubic, truth, strict=True)]))
            after = float(np.mean([psnr(*pair) for pair in zip(restored, truth, strict=True)]))
            baselines.append(before)
            gains.append(after - before)
            print(f"  {name} {folder.name}: bicubic {before:.2f}, restored {after:.2f}, {after - before:+.2f} dB", flush=True)
            if args.sheet:
                args.sheet.mkdir(parents=True, exist_ok=True)
                row = np.concatenate((bicubic[6], restored[6], truth[6]), 1)
                cv2.imwrite(str(args.sheet / f"{name}-{folder.name}.png"), row[:, :, ::-1])
        baseline, gain = float(np.mean(baselines)), float(np.mean(gains))
        quality.append({"set": name, "metric": "psnr-rgb", "value": round(baseline + gain, 2), "bicubic": round(baseline, 2)})
        print(f"{name}: bicubic {baseline:.2f} dB, {gain:+.2f} dB", flush=True)
    if args.manifest:
        write_manifest(args.manifest, json.loads(args.manifest.read_text()) | {"quality": quality})


if __name__ == "__main__":
    main()
