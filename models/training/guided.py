"""Alignment guided by optical flow: one deformable convolution whose offsets are the flow and what is learnt beyond it.

PCD learns to find the neighbours, for which a small network has too few channels; here Lucas-Kanade finds them and the network
learns what to take from there (as Chan et al. 2022, BasicVSR++, Eq. 4-6, guide theirs by a flow network).
"""

import torch
from torch import Tensor, nn

from deformable import TAPS, ModulatedDeformConvPack
from layers import conv, lrelu
from lucas_kanade import sampled


class GuidedAlignment(nn.Module):
    def __init__(self, nf: int, groups: int):
        super().__init__()
        self.offset_conv1 = conv(2 * nf, nf)
        self.offset_conv2 = conv(nf, nf)
        self.dcn_pack = ModulatedDeformConvPack(nf, groups)

    @torch.no_grad()
    def begin_between_pixels(self) -> None:
        """The nine taps start half a pixel apart: what aliasing hides between the pixels is between them in the neighbour."""
        taps = torch.arange(3.0) - 1
        places = torch.stack(torch.meshgrid(taps, taps, indexing="ij"), -1).reshape(TAPS, 2)
        self.dcn_pack.conv_offset.bias[: 2 * TAPS * self.dcn_pack.groups] = (-places / 2).flatten().repeat(self.dcn_pack.groups)

    def forward(self, neighbour: Tensor, reference: Tensor, flow: Tensor) -> Tensor:
        """Features (n, nf, h, w) of both and flow (n, 2, h, w), dy and dx; returns the aligned features (n, nf, h, w)."""
        offset = lrelu(self.offset_conv1(torch.cat((sampled(neighbour, flow), reference), 1)))
        return lrelu(self.dcn_pack(neighbour, lrelu(self.offset_conv2(offset)), flow))
