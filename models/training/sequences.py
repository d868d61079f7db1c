"""Training windows from the rendered shards, which may still be growing while they are read."""

import json
from pathlib import Path

import numpy as np

from prepare import FRAMES, KEPT
from tracks import Track

# Frames at the clip's ends see a replicated neighbour, as the first and last frame of a stream do: 4 % each.
CENTER_WEIGHTS = np.array([0.04] + [0.92 / (len(KEPT) - 2)] * (len(KEPT) - 2) + [0.04])
SKIPPING = 0.08


def weight(done: dict, track: Track) -> float:
    """How often a sequence is seen: what cameras mostly send, without strong blur, noise or quantisation, more than the extremes."""
    clean, typical, extreme = track.shares
    if "crf" not in done:
        return clean
    return typical if done["kernel"] != "gaussian" and done["noise"] <= 1.5 and 22 <= done["crf"] <= 30 else extreme


class Sequences:
    """Random windows: lr (T, 3, patch, patch) and the middle frame's hr (3, scale·patch, scale·patch), uint8.

    And the two next neighbours' motion (2, 3, patch/stride, patch/stride) as flow.py describes it; zeros where nothing asks for it.
    """

    def __init__(self, folder: Path, track: Track):
        self.folder, self.track = folder, track
        self.shards: dict[str, tuple[np.ndarray, ...]] = {}
        self.refresh()

    def refresh(self) -> int:
        for shard in sorted(self.folder.glob("shard-*")):
            if shard.name not in self.shards:
                arrays = [np.load(shard / f"{part}.npy", mmap_mode="r") for part in ("lr", "hr")]
                arrays.append(np.load(shard / "flow.npy", mmap_mode="r") if self.track.taught else None)
                weights = np.array([weight(done, self.track) for done in json.loads((shard / "meta.json").read_text())["sequences"]])
                self.shards[shard.name] = (*arrays, weights / weights.sum())
        self.names = sorted(self.shards)
        return sum(len(low) for low, *_ in self.shards.values())

    def sample(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        low, high, flows, weights = self.shards[self.names[rng.integers(len(self.names))]]
        index, kept = rng.choice(len(low), p=weights), rng.choice(len(KEPT), p=CENTER_WEIGHTS)
        center, half = KEPT[kept], self.track.options.numFrame >> 1
        # A decimated stream has every second frame only.
        step = 2 if rng.random() < SKIPPING and half * 2 <= center < FRAMES - half * 2 else 1
        times = [min(max(center + step * d, 0), FRAMES - 1) for d in range(-half, half + 1)]
        patch, scale, stride = self.track.patch, self.track.options.upscale, self.track.options.stride
        # Places on the grid of the features, where the flow is.
        y, x = stride * rng.integers(0, (self.track.low - patch) // stride + 1, 2)
        window = low[index, times, y : y + patch, x : x + patch]
        ys, xs, p = y * scale, x * scale, patch * scale
        truth = high[index, kept, ys : ys + p, xs : xs + p]
        yf, xf, p = y // stride, x // stride, patch // stride
        # What optical flow aligns needs no teacher: its sequences may lack the flow.
        motion = flows[index, kept, :, :, yf : yf + p, xf : xf + p].copy() if self.track.taught else np.zeros((2, 3, 1, 1), np.float32)
        if step > 1:
            motion[:, 2] = 0
        turns, flip = rng.integers(4), rng.random() < 0.5
        window, truth, motion = (
            np.rot90(part, turns, axes) for part, axes in ((window, (1, 2)), (truth, (0, 1)), (motion, (2, 3)))
        )
        for _ in range(turns):
            motion = np.stack((-motion[:, 1], motion[:, 0], motion[:, 2]), 1)
        if flip:
            window, truth, motion = window[:, :, ::-1], truth[:, ::-1], motion[..., ::-1]
            motion = np.stack((motion[:, 0], -motion[:, 1], motion[:, 2]), 1)
        return window.transpose(0, 3, 1, 2), truth.transpose(2, 0, 1), motion
