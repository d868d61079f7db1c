"""Renders training sequences to disk: photographs -> moving scenes -> low resolution as cameras and encoders make it.

    python prepare.py --data PHOTOGRAPHS… --out DIR [--track live-x4] [--count 2000] [--seed 1] [--workers 1]

Each shard is a folder with lr.npy (n, 14, low, low, 3), hr.npy (n, 7, side, side, 3), both uint8 RGB, and meta.json; sizes
are the track's. Sequence i depends on the seed and i only, so rendering can stop and go on. HR exists for the frames of KEPT.
"""

import argparse
import json
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np

import photographs
from motion import Layer, blob, random_path, render
from resample import to_uint8
from tracks import TRACKS, Track

FRAMES, SHARD = 14, 20
KEPT = (0, 3, 5, 7, 9, 11, 13)
pictures: list[np.ndarray] = []


def background(rng: np.random.Generator) -> np.ndarray:
    """A photograph at a working size: large ones are shrunk further now and then, so that detail of all scales is seen."""
    image = pictures[rng.integers(len(pictures))]
    smallest = min(image.shape[:2])
    shrink = 2 ** rng.uniform(0, np.log2(max(smallest / 480, 1)))
    if shrink > 1.05:
        size = (round(image.shape[1] / shrink), round(image.shape[0] / shrink))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return image


def scene(rng: np.random.Generator, size: int) -> list[Layer]:
    """One photograph under a moving camera, with up to three layers that move by themselves and occlude; for a square of `size`."""
    still = rng.random() < 0.06
    speed = 0.0 if still else 10 ** rng.uniform(-0.7, 1.15)
    image = background(rng)
    height, width = image.shape[:2]
    origin = np.array([rng.uniform(0.3, 0.7) * width, rng.uniform(0.3, 0.7) * height])
    layers = [Layer(image, None, random_path(rng, origin, speed, rng.uniform(0.8, 1.1), 0.0 if still else 1.0))]
    for _ in range(rng.choice([0, 1, 2, 3], p=[0.4, 0.3, 0.2, 0.1])):
        side = int(rng.integers(90, 300))
        texture = background(rng)
        top = rng.integers(0, max(texture.shape[0] - side, 1))
        left = rng.integers(0, max(texture.shape[1] - side, 1))
        texture = np.ascontiguousarray(texture[top : top + side, left : left + side])
        alpha = blob(rng, side)[: texture.shape[0], : texture.shape[1]]
        # A place in source pixels: the layer's centre, less where it stands on the canvas at mid-clip.
        path = random_path(rng, np.zeros(2), 0.0 if still else 10 ** rng.uniform(-0.5, 1.1), rng.uniform(0.8, 1.1), 1.0)
        stand = rng.uniform(-0.4, 0.4, 2) * size
        path.origin = np.array([side / 2, side / 2]) - stand - path.velocity * FRAMES / 2
        layers.append(Layer(texture, np.ascontiguousarray(alpha), path))
    return layers


def camera(rng: np.random.Generator, clip: list[np.ndarray]) -> list[np.ndarray]:
    """Exposure of the whole clip: gain and gamma, the same for all frames."""
    if rng.random() < 0.5:
        return clip
    gain, gamma = rng.uniform(0.55, 1.1), rng.uniform(0.8, 1.25)
    table = to_uint8(255 * gain * (np.arange(256) / 255) ** gamma)
    return [table[frame] for frame in clip]


def sequence(track: Track, seed: int, index: int) -> tuple[np.ndarray, np.ndarray, dict]:
    rng = np.random.default_rng([seed, index])
    shutter = rng.uniform(0.2, 0.5) if rng.random() < 0.12 else 0.0
    clip = camera(rng, render(scene(rng, track.side), FRAMES, (track.side, track.side), shutter))
    low, done = track.degrade(rng, clip, track.options.upscale)
    return np.stack(low), np.stack([clip[t] for t in KEPT]), done


def shard(task: tuple[str, int, int, Path]) -> str:
    track, seed, number, out = task
    folder = out / f"shard-{number:04d}"
    if not folder.exists():
        low, high, meta = zip(*(sequence(TRACKS[track], seed, number * SHARD + i) for i in range(SHARD)), strict=True)
        partial = out / f".partial-{number:04d}"
        partial.mkdir(exist_ok=True)
        np.save(partial / "lr.npy", np.stack(low))
        np.save(partial / "hr.npy", np.stack(high))
        (partial / "meta.json").write_text(json.dumps({"track": track, "seed": seed, "sequences": meta}))
        partial.rename(folder)
    return folder.name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of photographs")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--track", choices=TRACKS, default="live-x4")
    parser.add_argument("--count", type=int, default=2000, help="sequences")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    pictures.extend(photographs.load(file) for file in photographs.find(args.data))
    print(f"{len(pictures)} photographs", flush=True)
    tasks = [(args.track, args.seed, number, args.out) for number in range(-(-args.count // SHARD))]
    with Pool(args.workers) as pool:
        for done, name in enumerate(pool.imap_unordered(shard, tasks), 1):
            print(f"{name} {done * SHARD}/{len(tasks) * SHARD}", flush=True)


if __name__ == "__main__":
    main()
