"""The PreDeblur module (Sec. 3.1): a small pyramid that cleans blurred frames before they are aligned."""

from torch import Tensor, nn

from layers import ResidualBlock, blocks, conv, lrelu, up2


class PreDeblur(nn.Module):
    def __init__(self, nf: int, hr_in: bool):
        super().__init__()
        self.hr_in = hr_in
        self.conv_first = conv(3, nf)
        if hr_in:
            self.stride_conv_hr1 = conv(nf, nf, stride=2)
            self.stride_conv_hr2 = conv(nf, nf, stride=2)
        self.stride_conv_l2 = conv(nf, nf, stride=2)
        self.stride_conv_l3 = conv(nf, nf, stride=2)
        self.resblock_l3 = ResidualBlock(nf)
        self.resblock_l2_1 = ResidualBlock(nf)
        self.resblock_l2_2 = ResidualBlock(nf)
        self.resblock_l1 = blocks(5, nf)

    def forward(self, frames: Tensor) -> Tensor:
        """(m, 3, h, w) -> (m, nf, h, w), or a quarter of the size when the input is at output resolution."""
        l1 = lrelu(self.conv_first(frames))
        if self.hr_in:
            l1 = lrelu(self.stride_conv_hr2(lrelu(self.stride_conv_hr1(l1))))
        l2 = lrelu(self.stride_conv_l2(l1))
        l3 = up2(self.resblock_l3(lrelu(self.stride_conv_l3(l2))))
        l2 = up2(self.resblock_l2_2(self.resblock_l2_1(l2) + l3))
        l1 = self.resblock_l1[:2](l1) + l2
        return self.resblock_l1[2:](l1)
