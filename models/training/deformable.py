"""Modulated deformable convolution (DCNv2, the paper's Eq. 1) in plain PyTorch.

One `grid_sample` call does a whole layer: groups are folded into the batch, the nine taps are stacked in space,
and what remains is a 1x1 convolution. Each of the four corners outside the image counts as zero, which is what
`padding_mode="zeros"` does; half-pixel normalisation (`align_corners=False`) keeps sizes of one pixel valid.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TAPS = 9


def tap_grid(height: int, width: int, like: Tensor) -> Tensor:
    """Undisplaced sampling places p0 + p_k: (9, h, w, 2), last axis (y, x), k row-major over the 3x3 taps."""
    options = {"dtype": like.dtype, "device": like.device}
    y = torch.arange(height, **options)
    x = torch.arange(width, **options)
    k = torch.arange(3, **options) - 1
    rows = (y[None, :] + k[:, None])[:, None, :, None].expand(3, 3, height, width)
    columns = (x[None, :] + k[:, None])[None, :, None, :].expand(3, 3, height, width)
    return torch.stack((rows, columns), -1).reshape(TAPS, height, width, 2)


def deformable_conv(x: Tensor, offset: Tensor, mask: Tensor, weight: Tensor, bias: Tensor, groups: int) -> Tensor:
    """y(p0) = sum_k w_k · x(p0 + p_k + dp_k) · dm_k (Eq. 1), 3x3, pad 1, stride 1.

    x (n, c, h, w); offset (n, 18·groups, h, w), channel 2·(g·9 + k) is dy and the next dx; mask (n, 9·groups, h, w),
    already through the sigmoid; weight (o, c, 3, 3). Returns (n, o, h, w).
    """
    n, c, h, w = x.shape
    offset = offset.reshape(n * groups, TAPS, 2, h, w).permute(0, 1, 3, 4, 2)
    places = tap_grid(h, w, x) + offset
    # Half-pixel normalisation: pixel p lies at (2p + 1) / size - 1; grid_sample wants x before y.
    grid = torch.stack(((2 * places[..., 1] + 1) / w - 1, (2 * places[..., 0] + 1) / h - 1), -1)
    folded = x.reshape(n * groups, c // groups, h, w)
    sampled = F.grid_sample(
        folded, grid.reshape(n * groups, TAPS * h, w, 2), mode="bilinear", padding_mode="zeros", align_corners=False
    )
    sampled = sampled.reshape(n * groups, c // groups, TAPS, h, w) * mask.reshape(n * groups, 1, TAPS, h, w)
    columns = sampled.reshape(n, c * TAPS, h, w)
    return F.conv2d(columns, weight.reshape(weight.shape[0], c * TAPS, 1, 1), bias)


class ModulatedDeformConvPack(nn.Module):
    """A deformable convolution whose offsets and masks come from its own `conv_offset` over a second feature map."""

    def __init__(self, channels: int, groups: int):
        super().__init__()
        self.groups = groups
        self.weight = nn.Parameter(torch.empty(channels, channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.conv_offset = nn.Conv2d(channels, 3 * TAPS * groups, 3, 1, 1)
        bound = 1 / math.sqrt(channels * TAPS)
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.zeros_(self.conv_offset.weight)
        nn.init.zeros_(self.conv_offset.bias)
        # What the last call used, offsets with their graph: train.py watches and teaches them.
        self.last_offset: Tensor | None = None
        self.last_mask: Tensor | None = None

    def forward(self, x: Tensor, feature: Tensor, flow: Tensor | None = None) -> Tensor:
        """x (n, c, h, w) is sampled where `feature` (n, c, h, w) says, from where `flow` (n, 2, h, w) points; returns (n, c, h, w)."""
        out = self.conv_offset(feature)
        offset, mask = out.split((2 * TAPS * self.groups, TAPS * self.groups), 1)
        mask = torch.sigmoid(mask)
        if flow is not None:
            offset = offset + flow.repeat(1, TAPS * self.groups, 1, 1)
        self.last_offset, self.last_mask = offset, mask.detach()
        return deformable_conv(x, offset, mask, self.weight, self.bias, self.groups)
