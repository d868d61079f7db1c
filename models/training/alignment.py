"""PCD alignment (the paper's Sec. 3.2, Eq. 2-4): pyramid, cascading, deformable."""

import torch
from torch import Tensor, nn

from deformable import ModulatedDeformConvPack
from layers import conv, lrelu, up2

LEVELS = ("l3", "l2", "l1")


class PCDAlignment(nn.Module):
    """Aligns a neighbour's features to the reference's, from the coarsest level up, then once more (the cascade)."""

    def __init__(self, nf: int, groups: int):
        super().__init__()
        upper = LEVELS[1:]
        self.offset_conv1 = nn.ModuleDict({level: conv(2 * nf, nf) for level in LEVELS})
        self.offset_conv2 = nn.ModuleDict({level: conv(nf if level == "l3" else 2 * nf, nf) for level in LEVELS})
        self.offset_conv3 = nn.ModuleDict({level: conv(nf, nf) for level in upper})
        self.dcn_pack = nn.ModuleDict({level: ModulatedDeformConvPack(nf, groups) for level in LEVELS})
        self.feat_conv = nn.ModuleDict({level: conv(2 * nf, nf) for level in upper})
        self.cas_offset_conv1 = conv(2 * nf, nf)
        self.cas_offset_conv2 = conv(nf, nf)
        self.cas_dcnpack = ModulatedDeformConvPack(nf, groups)

    @torch.no_grad()
    def begin_as_identity(self) -> None:
        """Starts by passing the neighbour through: what moves it is learnt as a displacement from there.

        A small network that starts from random deformable weights never finds its offsets: it learns to ignore the
        neighbours instead. Masks start at one half, hence the two.
        """
        for pack in (*self.dcn_pack.values(), self.cas_dcnpack):
            pack.weight.mul_(0.1)
            pack.weight[:, :, 1, 1] += 2 * torch.eye(len(pack.weight))
        for layer in self.feat_conv.values():
            channels = len(layer.weight)
            layer.weight.mul_(0.1)
            layer.weight[:, :channels, 1, 1] += torch.eye(channels)

    def forward(self, neighbour: list[Tensor], reference: list[Tensor]) -> Tensor:
        """Both are pyramids [L1, L2, L3] of (n, nf, h, w); returns the aligned L1 features (n, nf, h, w)."""
        offset_up = feature_up = None
        feature = neighbour[0]
        for level, near, ref in zip(LEVELS, neighbour[::-1], reference[::-1], strict=True):
            # Eq. 3: dP^l = f([F_{t+i}, F_t], (dP^{l+1}) up2)
            offset = lrelu(self.offset_conv1[level](torch.cat((near, ref), 1)))
            if offset_up is None:
                offset = lrelu(self.offset_conv2[level](offset))
            else:
                offset = lrelu(self.offset_conv2[level](torch.cat((offset, offset_up), 1)))
                offset = lrelu(self.offset_conv3[level](offset))
            # Eq. 4: F^a = g(DConv(F_{t+i}, dP^l), ((F^a)^{l+1}) up2)
            feature = self.dcn_pack[level](near, offset)
            if feature_up is not None:
                feature = self.feat_conv[level](torch.cat((feature, feature_up), 1))
            if level != "l1":
                feature = lrelu(feature)
                # Displacements double with the resolution.
                offset_up, feature_up = 2 * up2(offset), up2(feature)
        offset = lrelu(self.cas_offset_conv1(torch.cat((feature, reference[0]), 1)))
        offset = lrelu(self.cas_offset_conv2(offset))
        return lrelu(self.cas_dcnpack(feature, offset))
