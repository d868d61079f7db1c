"""The few building blocks that every section of EDVR shares."""

import torch.nn.functional as F
from torch import Tensor, nn


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    """A convolution with bias and zero padding that keeps the size (or halves it at stride 2)."""
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)


def lrelu(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.1)


def up2(x: Tensor) -> Tensor:
    """Bilinear x2 with half-pixel centres, clamped at the edges."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class ResidualBlock(nn.Module):
    """conv 3x3 -> ReLU -> conv 3x3, plus identity; no normalisation."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1 = conv(channels, channels)
        self.conv2 = conv(channels, channels)
        for layer in (self.conv1, self.conv2):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            layer.weight.data.mul_(0.1)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.relu(self.conv1(x)))


def blocks(count: int, channels: int) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(channels) for _ in range(count)))
