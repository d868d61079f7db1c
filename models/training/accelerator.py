"""Training on an accelerator: sequences that lie in its memory, and steps replayed as one graph of its kernels.

A live network's kernels are so short that starting them one by one takes longer than running them.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from prepare import FRAMES, KEPT
from sequences import CENTER_WEIGHTS, SKIPPING, Sequences
from tracks import Track

Step = Callable[..., Tensor]
# Of what is free when training begins.
MEMORY_SHARE = 0.6
WARM_UP = 3


def turned(side: int) -> Tensor:
    """Rows and columns (2, 8, side, side) that a square of `side` is read by: four turns, each also mirrored."""
    places = torch.stack(torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij"))
    turns = [places.rot90(k, (1, 2)) for k in range(4)]
    return torch.stack([*turns, *(turn.flip(2) for turn in turns)], 1)


def shapes_of(track: Track) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Of a sequence's lr and hr."""
    return (FRAMES, track.low, track.low, 3), (len(KEPT), track.side, track.side, 3)


def sequences_held(track: Track) -> int:
    """How many sequences the card's memory has room for."""
    free, _ = torch.cuda.mem_get_info()
    return int(MEMORY_SHARE * free / sum(np.prod(shape) for shape in shapes_of(track)))


class Resident:
    """The windows of sequences.py, cut out where the sequences lie. The motion is left out: nothing may ask for it."""

    def __init__(self, sequences: Sequences, device: str, capacity: int):
        self.sequences, self.device, self.capacity = sequences, device, capacity
        track = sequences.track
        self.low, self.high = (
            torch.empty((capacity, *shape), dtype=torch.uint8, device=device) for shape in shapes_of(track)
        )
        self.loaded: set[str] = set()
        self.weights = np.zeros(0)
        self.turns = [turned(side).to(device) for side in (track.patch, track.patch * track.options.upscale)]
        self.refresh()

    def refresh(self) -> int:
        """Takes in the shards that have come since, as far as the memory holds them; returns how many sequences there are."""
        self.sequences.refresh()
        for name in self.sequences.names:
            low, high, _, weights = self.sequences.shards[name]
            first, last = len(self.weights), len(self.weights) + len(low)
            if name not in self.loaded and last <= self.capacity:
                self.low[first:last] = torch.from_numpy(np.array(low))
                self.high[first:last] = torch.from_numpy(np.array(high))
                self.weights = np.concatenate((self.weights, weights))
                self.loaded.add(name)
        return len(self.weights)

    def batch(self, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """As `batch_of` of train.py: lr (n, T, 3, patch, patch) and hr (n, 3, scale·patch, scale·patch) in [0, 1], no motion."""
        track = self.sequences.track
        half, scale = track.options.numFrame >> 1, track.options.upscale
        index = rng.choice(len(self.weights), size, p=self.weights / self.weights.sum())
        kept = rng.choice(len(KEPT), size, p=CENTER_WEIGHTS)
        center = np.array(KEPT)[kept]
        skips = (rng.random(size) < SKIPPING) & (half * 2 <= center) & (center < FRAMES - half * 2)
        times = np.clip(center[:, None] + (1 + skips[:, None]) * np.arange(-half, half + 1), 0, FRAMES - 1)
        stride = track.options.stride
        corner = stride * rng.integers(0, (track.low - track.patch) // stride + 1, (2, size))
        turn = rng.integers(8, size=size)
        chosen = torch.from_numpy(np.stack((index, kept, *corner, turn, *times.T))).to(self.device)
        index, kept, y, x, turn, *times = chosen[..., None, None].unbind()
        flat = turn.flatten()
        rows, columns = (self.turns[0][axis, flat] + place for axis, place in enumerate((y, x)))
        low = torch.stack([self.low[index, time, rows, columns] for time in times], 1)
        rows, columns = (self.turns[1][axis, flat] + scale * place for axis, place in enumerate((y, x)))
        high = self.high[index, kept, rows, columns]
        return low.movedim(-1, 2).float().div_(255), high.movedim(-1, 1).float().div_(255), high.new_zeros((size, 2, 3, 1, 1)).float()


class Graphed:
    """A step whose kernels are captured once and replayed with other inputs of the same shapes; `renew` when it changes.

    The first inputs are stepped WARM_UP times before they are captured: libraries choose their kernels meanwhile.
    """

    def __init__(self, step: Step):
        self.step, self.graph = step, None

    def renew(self) -> None:
        self.graph = None

    def __call__(self, *inputs: Tensor) -> Tensor:
        if self.graph is None:
            self.capture([value.clone() for value in inputs])
        for own, given in zip(self.inputs, inputs, strict=True):
            own.copy_(given)
        self.graph.replay()
        return self.output

    def capture(self, inputs: list[Tensor]) -> None:
        self.inputs = inputs
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP):
                self.step(*inputs)
        torch.cuda.current_stream().wait_stream(aside)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.output = self.step(*inputs)
