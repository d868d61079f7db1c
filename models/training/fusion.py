"""TSA fusion (the paper's Sec. 3.3, Eq. 5-7): temporal and spatial attention over the aligned frames."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from layers import conv, lrelu, up2


def pooled(x: Tensor) -> Tensor:
    """cat[max, average] of 3x3 windows at stride 2: (n, c, h, w) -> (n, 2c, h/2, w/2); the average divides by nine."""
    return torch.cat((F.max_pool2d(x, 3, 2, 1), F.avg_pool2d(x, 3, 2, 1)), 1)


class TSAFusion(nn.Module):
    def __init__(self, nf: int, frames: int):
        super().__init__()
        self.temporal_attn1 = conv(nf, nf)
        self.temporal_attn2 = conv(nf, nf)
        self.feat_fusion = conv(frames * nf, nf, 1)
        self.spatial_attn1 = conv(frames * nf, nf, 1)
        self.spatial_attn2 = conv(2 * nf, nf, 1)
        self.spatial_attn3 = conv(nf, nf)
        self.spatial_attn4 = conv(nf, nf, 1)
        self.spatial_attn5 = conv(nf, nf)
        self.spatial_attn_l1 = conv(nf, nf, 1)
        self.spatial_attn_l2 = conv(2 * nf, nf)
        self.spatial_attn_l3 = conv(nf, nf)
        self.spatial_attn_add1 = conv(nf, nf, 1)
        self.spatial_attn_add2 = conv(nf, nf, 1)

    @torch.no_grad()
    def begin_open(self) -> None:
        """Starts with all attention neutral: every frame counts the same, whatever it shows.

        Attention that is learnt while the alignment still fails closes on the neighbours, and then the alignment gets
        no gradient to learn from. Temporal weights start near one half, hence the two.
        """
        self.temporal_attn2.weight.mul_(0.1)
        self.feat_fusion.weight.mul_(2)
        for layer in (self.spatial_attn5, self.spatial_attn_add2):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def attention(self) -> list[nn.Parameter]:
        """All parameters but those of the fusion convolution itself."""
        return [value for name, value in self.named_parameters() if not name.startswith("feat_fusion.")]

    def forward(self, frames: list[Tensor], center: int) -> Tensor:
        """frames: T aligned features (n, nf, h, w); returns (n, nf, h, w)."""
        # Eq. 5: h_i = sigmoid(theta(F_i) . phi(F_ref)), per pixel, not divided by nf.
        reference = self.temporal_attn1(frames[center])
        embedded = self.temporal_attn2(torch.cat(frames)).chunk(len(frames))
        weighted = [
            frame * torch.sigmoid((embedding * reference).sum(1, keepdim=True))
            for frame, embedding in zip(frames, embedded, strict=True)
        ]
        # Eq. 6-7: modulated features, concatenated frame-major, then fused.
        modulated = torch.cat(weighted, 1)
        feature = lrelu(self.feat_fusion(modulated))

        attention = lrelu(self.spatial_attn2(pooled(lrelu(self.spatial_attn1(modulated)))))
        level = lrelu(self.spatial_attn_l1(attention))
        level = lrelu(self.spatial_attn_l2(pooled(level)))
        level = up2(lrelu(self.spatial_attn_l3(level)))
        attention = lrelu(self.spatial_attn3(attention)) + level
        attention = self.spatial_attn5(up2(lrelu(self.spatial_attn4(attention))))
        add = self.spatial_attn_add2(lrelu(self.spatial_attn_add1(attention)))
        # sigmoid · 2, so that attention near zero leaves the features as they are.
        return feature * torch.sigmoid(attention) * 2 + add
