"""Where the neighbours' pixels are: pyramidal Lucas-Kanade (Bouguet 2001) after a search of whole pixels at the coarsest level.

Nothing here is learnt. All planes are (n, 1, h, w) of luma in [0, 1], h and w multiples of four; flow is (n, 2, h, w), dy and
dx in pixels of its level, from the reference to the neighbour.
"""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
# Of the levels, coarsest last: pixels of the frame between the places where the flow is asked for (it is smooth), places that
# are taken to move alike, and over which the flow is averaged after each iteration.
GRIDS, ITERATIONS, WINDOWS, SMOOTHINGS = (2, 4, 4), (2, 2, 3), (3, 3, 9), (3, 3, 5)
# Whole pixels searched each way at the coarsest level, and how many are compared.
REACH, COMPARED = 3, 5
# Added to the diagonal: what has no texture stays where the coarser level saw it.
DAMPING = 1e-4
LONGEST_STEP = 1.0
# A hundredth of a pixel is more than bfloat16 holds, in which an accelerator trains the rest.
FLOAT32 = torch.autocast("cuda", enabled=False)
# Of two places that look the same, the nearer one.
DISTANCE_COST = 1e-6


def shrink_of(stride: int) -> int:
    """How much smaller than the frame the finest luma is, so that the flow's finest grid is that of features at 1/stride."""
    return max(stride // GRIDS[0], 1)


@cache
def luma_kernels(dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Of the three colours' weights and of the softening; kept, since a captured step cannot bring them from the host."""
    row = torch.tensor((0.25, 0.5, 0.25), dtype=dtype, device=device)
    return torch.tensor(LUMA, dtype=dtype, device=device).view(1, 3, 1, 1), (row[:, None] * row)[None, None]


@FLOAT32
def luma_pyramid(frames: Tensor, stride: int = 1) -> list[Tensor]:
    """Frames (n, 3, h, w) -> luma, a little softened, at the finest size and at 1/2 and 1/4 of it."""
    shrink = shrink_of(stride)
    frames = F.avg_pool2d(frames, shrink) if shrink > 1 else frames
    weights, softening = luma_kernels(frames.dtype, frames.device)
    finest = F.conv2d(padded(F.conv2d(frames, weights), 1), softening)
    half = F.avg_pool2d(finest, 2)
    return [finest, half, F.avg_pool2d(half, 2)]


def padded(plane: Tensor, by: int) -> Tensor:
    return F.pad(plane, (by, by, by, by), mode="replicate")


def averaged(plane: Tensor, window: int) -> Tensor:
    """The mean of a square window, of what of it lies in the picture."""
    reach = window // 2
    rows = F.avg_pool2d(plane, (window, 1), 1, (reach, 0), count_include_pad=False)
    return F.avg_pool2d(rows, (1, window), 1, (0, reach), count_include_pad=False)


def sampled(plane: Tensor, flow: Tensor, beyond: str = "border") -> Tensor:
    """`plane` (n, c, h, w) where `flow` points, bilinear; beyond the edge, the edge, or "zeros"."""
    h, w = flow.shape[-2:]
    y = torch.arange(h, dtype=flow.dtype, device=flow.device)[:, None] + flow[:, 0]
    x = torch.arange(w, dtype=flow.dtype, device=flow.device) + flow[:, 1]
    grid = torch.stack(((2 * x + 1) / w - 1, (2 * y + 1) / h - 1), -1)
    return F.grid_sample(plane, grid, mode="bilinear", padding_mode=beyond, align_corners=False)


def searched(reference: Tensor, neighbour: Tensor) -> Tensor:
    """The whole-pixel displacement within REACH whose window differs least."""
    side = 2 * REACH + 1
    shifts = torch.eye(side * side, dtype=reference.dtype, device=reference.device).view(side * side, 1, side, side)
    places = torch.arange(side * side, device=reference.device)
    dy, dx = places // side - REACH, places % side - REACH
    distance = (DISTANCE_COST * (dy**2 + dx**2)).to(reference.dtype).view(1, -1, 1, 1)
    cost = averaged((F.conv2d(padded(neighbour, REACH), shifts) - reference) ** 2, COMPARED) + distance
    best = cost.argmin(1, keepdim=True)
    return torch.cat((best // side - REACH, best % side - REACH), 1).to(reference.dtype)


def refined(reference: Tensor, neighbour: Tensor, flow: Tensor, level: int) -> Tensor:
    """Lucas-Kanade at one level: the step that brings the windows together to first order, again and again.

    The planes are of the level's size, `flow` in its pixels and on its grid.
    """
    spacing = GRIDS[level] >> level

    def windowed(plane: Tensor) -> Tensor:
        return averaged(F.avg_pool2d(plane, spacing), WINDOWS[level])

    around = padded(reference, 1)
    gy, gx = (around[:, :, 2:, 1:-1] - around[:, :, :-2, 1:-1]) / 2, (around[:, :, 1:-1, 2:] - around[:, :, 1:-1, :-2]) / 2
    yy, xx = windowed(gy * gy) + DAMPING, windowed(gx * gx) + DAMPING
    xy = windowed(gy * gx)
    determinant = yy * xx - xy * xy
    for _ in range(ITERATIONS[level]):
        difference = sampled(neighbour, enlarged(flow, spacing)) - reference
        along_y, along_x = windowed(gy * difference), windowed(gx * difference)
        dy, dx = (xy * along_x - xx * along_y) / determinant, (xy * along_y - yy * along_x) / determinant
        flow = averaged(flow + torch.cat((dy, dx), 1).clamp(-LONGEST_STEP, LONGEST_STEP), SMOOTHINGS[level])
    return flow


def enlarged(flow: Tensor, factor: int) -> Tensor:
    """The same flow on a finer grid."""
    return F.interpolate(flow, scale_factor=factor, mode="bilinear", align_corners=False) if factor > 1 else flow


@torch.no_grad()
@FLOAT32
def optical_flow(reference: list[Tensor], neighbour: list[Tensor], stride: int = 1) -> Tensor:
    """Flow (n, 2, h, w) of two luma pyramids, at 1/stride of the frame's size and in its pixels."""
    flow = averaged(searched(reference[-1], neighbour[-1]), SMOOTHINGS[-1])
    flow = refined(reference[2], neighbour[2], flow, 2)
    flow = refined(reference[1], neighbour[1], 2 * flow, 1)
    flow = refined(reference[0], neighbour[0], 2 * enlarged(flow, GRIDS[1] // GRIDS[0]), 0)
    return enlarged(flow, GRIDS[0]) if stride == 1 else shrink_of(stride) * flow
