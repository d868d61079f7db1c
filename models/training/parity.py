"""Writes the goldens that hold the ONNX network to this one: outputs only, from integer-generated weights and frames.

The twin of the generators is test/fixtures/parity.ts; test/edvr/parity.test.ts and parity-clip.test.ts compare.

Run: python parity.py [folder]     (default: test/fixtures/parity)
"""

import json
import math
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from deformable import ModulatedDeformConvPack
from edvr import EDVR, Options
from guided import FlowAlignment
from tracks import LIVE_HALF, LIVE_X4

SEED = 1
# Every STRIDE-th value of an output is kept: it divides no configuration's row, so every colour, row and column takes part.
STRIDE = 11
# Tensor numbers of the frames start here; those of weights are their places in the sorted list of keys.
FRAMES = 100_000

SMALL = {"numFeat": 8, "numFrame": 3, "deformableGroups": 2, "numExtractBlock": 1, "numReconstructBlock": 1}

# A network of the paper in all but its width: window, groups and depth are those of src/model/networks.ts.
NARROW = Options(numFeat=16)
LARGE = replace(NARROW, numReconstructBlock=40)
STAGE2 = replace(NARROW, numReconstructBlock=20, hrIn=True)

# name: (options, width, height); sizes are odd, no multiple, taller than wide, or smaller than their padding.
CONFIGURATIONS = {
    "edvr-m": (Options(), 19, 15),
    "edvr-m-wotsa": (replace(NARROW, withTsa=False), 21, 18),
    "edvr-l": (LARGE, 17, 22),
    "edvr-l-vimeo": (replace(LARGE, numFrame=7), 18, 13),
    "edvr-l-srblur": (replace(LARGE, withPredeblur=True), 15, 20),
    "edvr-l-deblur": (replace(LARGE, withPredeblur=True, hrIn=True), 53, 45),
    "edvr-l-stage2": (STAGE2, 45, 53),
    "edvr-l-stage2-blur": (replace(STAGE2, withPredeblur=True), 51, 37),
    "edvr-model-1": (replace(NARROW, alignment="single", withTsa=False), 23, 17),
    "edvr-model-2": (replace(NARROW, alignment="stacked", withTsa=False), 19, 23),
    "five-frames": (Options(**SMALL | {"numFrame": 5, "deformableGroups": 4}), 21, 17),
    "tiny-frame": (Options(**SMALL), 5, 2),
    "live-half": (LIVE_HALF, 27, 22),
    "live-five-frames": (replace(LIVE_HALF, numFrame=5, deformableGroups=4, scale=2), 58, 37),
    "live-wide": (LIVE_X4, 27, 22),
    "live-guided": (
        Options(**SMALL, reconstructStride=1, tail="light", alignReference=False, alignment="guided"), 34, 26,
    ),
    "live-flow": (
        Options(
            **SMALL | {"deformableGroups": 1}, reconstructStride=1, tail="light", alignReference=False, alignment="flow", withTsa=False,
        ), 35, 25,
    ),
    "flow-x1": (
        Options(
            **SMALL | {"deformableGroups": 1}, scale=1, featureStride=4, reconstructStride=4, tail="light", alignReference=False,
            alignment="flow", withTsa=False,
        ), 75, 51,
    ),
    "flow-half-size": (
        Options(
            **SMALL | {"deformableGroups": 1}, featureStride=2, tail="light", alignReference=False, alignment="flow", withTsa=False,
        ), 35, 25,
    ),
    "five-frames-flow": (
        Options(
            **SMALL | {"numFrame": 5, "deformableGroups": 1}, reconstructStride=1, tail="light", alignReference=False, alignment="flow",
        ), 34, 23,
    ),
    "light-x1-reference": (Options(**SMALL, scale=1, featureStride=4, reconstructStride=4, tail="light"), 41, 35),
    "light-x1": (Options(**SMALL, scale=1, featureStride=4, tail="light"), 42, 35),
    "light-x2": (Options(**SMALL, scale=2, tail="light"), 18, 13),
}

# The clip whose ends are padded: its network, frames, width and height; the frames whose windows reach over an end.
CLIP = (Options(**SMALL | {"numFrame": 5}), 7, 13, 11)
CLIP_ENDS = (0, 1, 5, 6)
CLIP_STRIDE = 37


def states(number: int, count: int) -> np.ndarray:
    """`count` states of the linear congruential generator of a tensor, as uint32."""
    state = (SEED * 2654435761 + number * 40503 + 1) % 2**32
    out = np.empty(count, np.uint32)
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        out[i] = state
    return out


def bound(key: str, shape: tuple[int, ...]) -> float:
    """Values are uniform within ±bound: offsets of several pixels, masks away from one half.

    3.5 keeps what the layers add to the skip near 1: less hides mistakes (test/edvr/parity-controls.test.ts), more
    grows from layer to layer until float32 itself errs by the tolerance. Later residual blocks of a row add less, or
    forty of them would.
    """
    fan_in = math.prod(shape[1:])
    if key.endswith("conv_offset.weight"):
        return 4 / math.sqrt(fan_in)
    if key.endswith("conv_offset.bias"):
        return 2.0
    block = re.search(r"\.(\d+)\.conv2\.weight$", key)
    if block:
        return math.sqrt(3.5 / fan_in / (int(block[1]) + 1))
    return math.sqrt(3.5 / fan_in) if key.endswith(".weight") else 0.1


def weights(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    out = {}
    for number, key in enumerate(sorted(state)):
        shape = tuple(state[key].shape)
        unit = (states(number, math.prod(shape)) >> 8).astype(np.float64) / 2**24 * 2 - 1
        out[key] = torch.from_numpy((unit * bound(key, shape)).astype(np.float32)).reshape(shape)
    return out


def frame(t: int, width: int, height: int) -> np.ndarray:
    """Frame t as uint8 (h, w, 3)."""
    return (states(FRAMES + t, height * width * 3) >> 24).astype(np.uint8).reshape(height, width, 3)


def network(options: Options) -> EDVR:
    net = EDVR(options).eval()
    net.load_state_dict(weights(net.state_dict()))
    return net


@torch.no_grad()
def restored(net: EDVR, window: np.ndarray) -> np.ndarray:
    """(T, h, w, 3) uint8 -> (H, W, 3) float32, not clamped."""
    output = net(torch.from_numpy(window).permute(0, 3, 1, 2)[None].float() / 255)
    return np.ascontiguousarray(output[0].permute(1, 2, 0).numpy())


def golden(options: Options, width: int, height: int) -> tuple[np.ndarray, dict]:
    net = network(options)
    output = restored(net, np.stack([frame(t, width, height) for t in range(options.numFrame)]))
    layers = [m for m in net.modules() if isinstance(m, (ModulatedDeformConvPack, FlowAlignment))]
    masks = [float((m.last_mask - 0.5).abs().mean()) for m in layers if isinstance(m, ModulatedDeformConvPack)]
    notes = {
        "largestOffset": max(float(m.last_offset.abs().max()) for m in layers),
        "meanOffset": float(np.mean([float(m.last_offset.abs().mean()) for m in layers])),
    } | ({"meanMaskFromHalf": float(np.mean(masks))} if masks else {})
    return output, notes


def window_indices(mode: str, t: int, size: int, last: int) -> list[int]:
    """Frames in the window of frame t of a clip that is long enough, by the table of the released code's padding modes."""
    half = size // 2
    before = {
        "replicate": lambda j: 0,
        "reflection": lambda j: -j,
        "reflection_circle": lambda j: t + half - j,
        "circle": lambda j: size + j,
    }[mode]
    after = {
        "replicate": lambda j: last,
        "reflection": lambda j: 2 * last - j,
        "reflection_circle": lambda j: (t - half) - (j - last),
        "circle": lambda j: j - size,
    }[mode]
    return [before(j) if j < 0 else after(j) if j > last else j for j in range(t - half, t + half + 1)]


def write_clip(folder: Path) -> None:
    """Restores the ends of one clip in every padding mode: all outputs in one file, one after the other."""
    options, frames, width, height = CLIP
    net = network(options)
    clip = [frame(t, width, height) for t in range(frames)]
    modes = ("replicate", "reflection", "reflection_circle", "circle")
    cases = [
        {"mode": mode, "t": t, "window": window_indices(mode, t, options.numFrame, frames - 1)}
        for mode in modes
        for t in CLIP_ENDS
    ]
    outputs = [restored(net, np.stack([clip[i] for i in case["window"]])) for case in cases]
    kept = np.concatenate([output.reshape(-1)[::CLIP_STRIDE] for output in outputs])
    kept.astype("<f4").tofile(folder / "padded-clip.bin")
    document = {
        "options": options.manifest(),
        "seed": SEED,
        "frames": frames,
        "width": width,
        "height": height,
        "output": list(outputs[0].shape),
        "stride": CLIP_STRIDE,
        "cases": cases,
    }
    (folder / "padded-clip.json").write_text(json.dumps(document) + "\n")
    print("padded-clip", len(cases), "windows")


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    for name, (options, width, height) in CONFIGURATIONS.items():
        output, notes = golden(options, width, height)
        if math.prod(output.shape[1:]) % STRIDE == 0:
            raise ValueError(f"Expected a row that STRIDE {STRIDE} does not divide for {name} but received {output.shape}")
        output.reshape(-1)[::STRIDE].astype("<f4").tofile(folder / f"{name}.bin")
        document = {
            "options": options.manifest(),
            "seed": SEED,
            "width": width,
            "height": height,
            "output": list(output.shape),
            "layout": "hwc",
            "stride": STRIDE,
            **notes,
        }
        (folder / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
        print(name, output.shape, f"values {output.min():.2f} to {output.max():.2f}", notes)
    clips = folder / "clips"
    clips.mkdir(exist_ok=True)
    write_clip(clips)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "test/fixtures/parity")
