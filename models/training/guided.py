"""Alignment by optical flow: one deformable convolution whose offsets are the flow and what is learnt beyond it.

PCD learns to find the neighbours, for which a small network has too few channels; here Lucas-Kanade finds them and the network
learns what to take from there (as Chan et al. 2022, BasicVSR++, Eq. 4-6, guide theirs by a flow network).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from deformable import TAPS, ModulatedDeformConvPack, deformable_conv
from layers import conv, lrelu
from lucas_kanade import sampled


def half_pixel_places() -> Tensor:
    """Where nine taps must move, (18,) of dy and dx, to stand half a pixel apart instead of one.

    What aliasing hides between the pixels is between them in the neighbour.
    """
    taps = torch.arange(3.0) - 1
    return -torch.stack(torch.meshgrid(taps, taps, indexing="ij"), -1).flatten() / 2


class GuidedAlignment(nn.Module):
    """Of features: places and masks are learnt from what the flow brings together."""

    def __init__(self, nf: int, groups: int):
        super().__init__()
        self.offset_conv1 = conv(2 * nf, nf)
        self.offset_conv2 = conv(nf, nf)
        self.dcn_pack = ModulatedDeformConvPack(nf, groups)

    @torch.no_grad()
    def begin_between_pixels(self) -> None:
        self.dcn_pack.conv_offset.bias[: 2 * TAPS * self.dcn_pack.groups] = half_pixel_places().repeat(self.dcn_pack.groups)

    def forward(self, neighbour: Tensor, reference: Tensor, flow: Tensor) -> Tensor:
        """Features (n, nf, h, w) of both and flow (n, 2, h, w), dy and dx; returns the aligned features (n, nf, h, w)."""
        offset = lrelu(self.offset_conv1(torch.cat((sampled(neighbour, flow), reference), 1)))
        return lrelu(self.dcn_pack(neighbour, lrelu(self.offset_conv2(offset)), flow))


class FlowAlignment(nn.Module):
    """Of pixels: a few places around where the flow points, the same everywhere, no masks; a tenth of the samples.

    Nine places half a pixel apart for features at the size of the frame; for features at 1/s of it each pixel of their block.
    """

    def __init__(self, nf: int, stride: int = 1):
        super().__init__()
        self.stride, side = stride, 3 if stride == 1 else stride
        self.offset = nn.Parameter(half_pixel_places() if stride == 1 else torch.zeros(2 * side**2))
        self.weight = nn.Parameter(torch.empty(nf, 3, side, side))
        self.bias = nn.Parameter(torch.zeros(nf))
        nn.init.kaiming_normal_(self.weight)
        self.last_offset: Tensor | None = None

    def forward(self, neighbour: Tensor, flow: Tensor) -> Tensor:
        """Frames (n, 3, s·h, s·w) and flow (n, 2, h, w), dy and dx in their pixels; features in the reference's places (n, nf, h, w)."""
        offset = flow.repeat(1, len(self.offset) // 2, 1, 1) + self.offset.view(1, -1, 1, 1)
        self.last_offset = offset
        if self.stride == 1:
            return lrelu(deformable_conv(neighbour, offset, torch.ones_like(offset[:, :TAPS]), self.weight, self.bias, 1))
        return lrelu(self.of_blocks(neighbour, offset))

    def of_blocks(self, neighbour: Tensor, offset: Tensor) -> Tensor:
        """A deformable convolution of s x s taps at stride s, without padding: each pixel is asked for once."""
        dy, dx = (F.pixel_shuffle(part, self.stride) for part in (offset[:, ::2], offset[:, 1::2]))
        pixels = sampled(neighbour, torch.cat((dy, dx), 1), beyond="zeros")
        return F.conv2d(F.pixel_unshuffle(pixels, self.stride), self.weight.flatten(1)[:, :, None, None], self.bias)
