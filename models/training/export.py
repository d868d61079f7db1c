"""Writes a checkpoint's averaged weights as models/NAME.safetensors, and the manifest beside them.

    python export.py CHECKPOINT [--track live-x4] [--out ../] [--dtype fp16] [--photographs 333] [--sequences 2540] [--history TEXT]

The manifest's figures of quality belong to the weights: evaluate.py writes them, and they are dropped when the weights change.
"""

import argparse
import hashlib
import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from edvr import EDVR
from tracks import TRACKS, Track

# safetensors' name, numpy type
TYPES = {"fp16": ("F16", np.float16), "fp32": ("F32", np.float32)}
SIDES = {"min": [16, 16], "max": [1920, 1080]}
DATA = "{} freely licensed photographs in synthetic motion (camera path, up to three occluding layers), {} rendered sequences"
TRAINING = {
    "optimizer": "Muon for the kernels, Adam 0.9/0.99 for the rest, cosine to zero, EMA 0.999",
    "seed": 1,
    "script": "models/training/train.py",
}


@dataclass(frozen=True)
class Weights:
    """Averaged weights by their released names, and the iterations behind them (0 when unknown)."""

    tensors: dict[str, Tensor]
    iterations: int = 0


def load_checkpoint(path: Path) -> Weights:
    state = torch.load(path, weights_only=True, map_location="cpu")
    return Weights(state["params_ema"], state["step"])


def load_weights(path: Path) -> Weights:
    """Of a checkpoint of train.py, or of a safetensors file."""
    return (load_safetensors if path.suffix == ".safetensors" else load_checkpoint)(path)


def load_safetensors(path: Path) -> Weights:
    """F16 and F32 tensors of a safetensors file, as float32."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    types = dict(TYPES.values())
    tensors = {}
    for key, entry in header.items():
        if key != "__metadata__":
            first, last = (8 + length + place for place in entry["data_offsets"])
            values = np.frombuffer(data[first:last], types[entry["dtype"]]).reshape(entry["shape"])
            tensors[key] = torch.from_numpy(values.astype(np.float32))
    return Weights(tensors)


def safetensors(tensors: dict[str, Tensor], dtype: str) -> bytes:
    """The file's bytes: header length, JSON header padded to eight bytes, tensors in the order of their names."""
    label, numpy_type = TYPES[dtype]
    header, parts, offset = {}, [], 0
    for key in sorted(tensors):
        part = tensors[key].numpy().astype(numpy_type).tobytes()
        header[key] = {"dtype": label, "shape": list(tensors[key].shape), "data_offsets": [offset, offset + len(part)]}
        parts.append(part)
        offset += len(part)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(parts)


def loss_of(track: Track) -> str:
    """Of a network trained from nothing; weights that are given begin with the second (train.py)."""
    first = "Charbonnier, epsilon 1e-3, then " if track.psnr_from else ""
    return f"{first}the log of the mean square error; {'offsets taught by optical flow' if track.taught else 'nothing teaches the offsets'}"


def manifest(name: str, digest: str, dtype: str, training: dict) -> dict:
    track = TRACKS[name]
    return {
        "formatVersion": 1,
        "name": name,
        "task": track.task,
        "architecture": "edvr",
        "options": track.options.manifest(),
        "scale": track.options.upscale,
        "window": track.options.numFrame,
        "padding": "replicate",
        "colour": {"space": "rgb", "range": "full", "layout": "hwc-uint8"},
        "size": SIDES,
        "license": "Apache-2.0",
        "training": training,
        "weights": {"file": f"{name}.safetensors", "sha256": digest, "dtype": dtype},
    }


def write_manifest(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--track", choices=TRACKS, default="live-x4")
    parser.add_argument("--dtype", choices=sorted(TYPES), default="fp16")
    parser.add_argument("--photographs", type=int, help="how many there were")
    parser.add_argument("--sequences", type=int, help="how many the weights have seen")
    parser.add_argument("--history", help="how the weights came about, if in more than one run")
    args = parser.parse_args()
    weights = load_checkpoint(args.checkpoint)
    EDVR(TRACKS[args.track].options).load_state_dict(weights.tensors)
    data = safetensors(weights.tensors, args.dtype)
    file, path = f"{args.track}.safetensors", args.out / f"{args.track}.json"
    track = TRACKS[args.track]
    of_track = {"degradations": track.degradations, "loss": loss_of(track)}
    training = {"data": DATA.format(args.photographs or "the", args.sequences or "the")} | of_track | TRAINING
    if args.history:
        training["history"] = args.history
    content = manifest(args.track, hashlib.sha256(data).hexdigest(), args.dtype, training | {"iterations": weights.iterations})
    if path.exists():
        before = json.loads(path.read_text())
        if before["weights"]["sha256"] == content["weights"]["sha256"] and "quality" in before:
            content["quality"] = before["quality"]
    (args.out / file).write_bytes(data)
    write_manifest(path, content)
    print(f"{file}: {len(data)} bytes, {weights.iterations} iterations")


if __name__ == "__main__":
    main()
