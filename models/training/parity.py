"""Writes the goldens that hold the ONNX network to this one: outputs only, from integer-generated weights and frames.

The twin of the generators is test/fixtures/parity.ts; test/edvr/parity.test.ts compares.

Run: python parity.py [folder]     (default: test/fixtures/parity)
"""

import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from deformable import ModulatedDeformConvPack
from edvr import EDVR, LIVE_X4, Options

SEED = 1
# Every STRIDE-th value of an output is kept: it divides no configuration's row, so every colour, row and column takes part.
STRIDE = 11
# Tensor numbers of the frames start here; those of weights are their places in the sorted list of keys.
FRAMES = 100_000

SMALL = {"numFeat": 8, "numFrame": 3, "deformableGroups": 2, "numExtractBlock": 1, "numReconstructBlock": 1}

# name: (options, width, height); sizes are odd, no multiple, or taller than wide now and then.
CONFIGURATIONS = {
    "live-x4": (LIVE_X4, 27, 22),
    "live-five-frames": (replace(LIVE_X4, numFrame=5, deformableGroups=4, scale=2), 58, 37),
    "edvr-m": (Options(), 18, 14),
    "five-frames": (Options(**SMALL | {"numFrame": 5, "deformableGroups": 4}), 21, 17),
    "without-tsa": (Options(**SMALL, withTsa=False), 20, 18),
    "predeblur": (Options(**SMALL, withPredeblur=True), 16, 20),
    "predeblur-hr": (Options(**SMALL, withPredeblur=True, hrIn=True), 52, 45),
    "strided-hr": (Options(**SMALL, hrIn=True), 45, 52),
    "light-x1": (Options(**SMALL, scale=1, featureStride=4, tail="light"), 42, 35),
    "light-x2": (Options(**SMALL, scale=2, tail="light"), 18, 13),
}


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
    grows from block to block until float32 itself errs by the tolerance.
    """
    fan_in = math.prod(shape[1:])
    if key.endswith("conv_offset.weight"):
        return 4 / math.sqrt(fan_in)
    if key.endswith("conv_offset.bias"):
        return 2.0
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


@torch.no_grad()
def golden(options: Options, width: int, height: int) -> tuple[np.ndarray, dict]:
    net = EDVR(options).eval()
    net.load_state_dict(weights(net.state_dict()))
    window = np.stack([frame(t, width, height) for t in range(options.numFrame)])
    output = net(torch.from_numpy(window).permute(0, 3, 1, 2)[None].float() / 255)[0].permute(1, 2, 0).numpy()
    layers = [m for m in net.modules() if isinstance(m, ModulatedDeformConvPack)]
    notes = {
        "largestOffset": max(float(m.last_offset.abs().max()) for m in layers),
        "meanOffset": float(np.mean([float(m.last_offset.abs().mean()) for m in layers])),
        "meanMaskFromHalf": float(np.mean([float((m.last_mask - 0.5).abs().mean()) for m in layers])),
    }
    return np.ascontiguousarray(output), notes


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
        print(name, output.shape, notes)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "test/fixtures/parity")
