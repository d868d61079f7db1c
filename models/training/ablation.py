"""What Table 4 compares PCD with: alignment at the finest level alone, by one deformable convolution or by four."""

import torch
from torch import Tensor, nn

from deformable import ModulatedDeformConvPack
from layers import conv, lrelu


class SingleLevelAlignment(nn.Module):
    """Model 1 (one deformable convolution) or, `stacked`, Model 2 (four, as TDAN has)."""

    def __init__(self, nf: int, groups: int, stacked: bool):
        super().__init__()
        self.offset_conv1 = conv(2 * nf, nf)
        self.offset_conv2 = conv(nf, nf)
        self.offset_conv3 = conv(nf, nf)
        self.dcn_pack = nn.ModuleList(ModulatedDeformConvPack(nf, groups) for _ in range(4 if stacked else 1))

    def forward(self, neighbour: list[Tensor], reference: list[Tensor]) -> Tensor:
        """Both are lists [L1] of (n, nf, h, w); returns the aligned features (n, nf, h, w)."""
        # Eq. 2: dP_{t+i} = f([F_{t+i}, F_t])
        offset = lrelu(self.offset_conv1(torch.cat((neighbour[0], reference[0]), 1)))
        offset = lrelu(self.offset_conv3(lrelu(self.offset_conv2(offset))))
        if len(self.dcn_pack) == 1:
            return lrelu(self.dcn_pack[0](neighbour[0], offset))
        # Two work on the joint features that the offsets come from; the third samples the neighbour, the fourth its result.
        for layer in self.dcn_pack[:2]:
            offset = lrelu(layer(offset, offset))
        sampled = lrelu(self.dcn_pack[2](neighbour[0], offset))
        return lrelu(self.dcn_pack[3](sampled, sampled))
