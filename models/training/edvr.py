"""EDVR (Wang et al., CVPRW 2019) with the released key names, and the additions of the live models.

Pyramid of one frame -> PCD alignment to the reference -> TSA fusion -> reconstruction -> upsampling + skip.
Every tensor is (n, c, h, w), RGB in [0, 1]; T is the window's length, nf the features' channels.
"""

from dataclasses import asdict, dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablation import SingleLevelAlignment
from alignment import PCDAlignment
from fusion import TSAFusion
from guided import FlowAlignment, GuidedAlignment
from layers import blocks, conv, lrelu
from lucas_kanade import luma_pyramid, optical_flow
from predeblur import PreDeblur


@dataclass(frozen=True)
class Options:
    """The network's options; names are those of the manifests (camelCase). Defaults give the paper's EDVR-M."""

    numFeat: int = 64
    numFrame: int = 5
    deformableGroups: int = 8
    numExtractBlock: int = 5
    numReconstructBlock: int = 10
    numReconstructFeat: int | None = None
    withPredeblur: bool = False
    hrIn: bool = False
    withTsa: bool = True
    scale: int = 4
    featureStride: int = 1
    reconstructStride: int | None = None
    tail: str = "paper"
    alignReference: bool = True
    alignment: str = "pcd"

    @property
    def reconstructFeat(self) -> int:
        return self.numReconstructFeat or self.numFeat

    @property
    def finer(self) -> int:
        """Size of reconstruction over the size of L1."""
        return self.featureStride // (self.reconstructStride or self.featureStride)

    @property
    def centerFrameIdx(self) -> int:
        return self.numFrame >> 1

    @property
    def upscale(self) -> int:
        """Size of the output over that of the input: with hrIn the frame has it already, whatever `scale` says."""
        return 1 if self.hrIn else self.scale

    @property
    def stride(self) -> int:
        """Size of the input over that of L1."""
        return 4 if self.hrIn else self.featureStride

    @property
    def aligns(self) -> bool:
        """Whether any frame of the window is aligned."""
        return self.numFrame > 1 or self.alignReference

    @property
    def multiple(self) -> int:
        """Height and width inside the network are multiples of this."""
        return 16 if self.hrIn else 4 * self.featureStride

    def manifest(self) -> dict:
        """All options that differ from the paper's defaults, as the manifest states them."""
        defaults = {f.name: f.default for f in fields(self)}
        return {key: value for key, value in asdict(self).items() if value != defaults[key]}


class EDVR(nn.Module):
    """Restores the middle frame of a window (n, T, 3, h, w); returns (n, 3, scale·h, scale·w), not clamped."""

    def __init__(self, options: Options):
        super().__init__()
        self.options = options
        nf, nr = options.numFeat, options.reconstructFeat
        if options.withPredeblur:
            self.predeblur = PreDeblur(nf, options.hrIn)
            self.conv_1x1 = conv(nf, nf, 1)
        elif options.hrIn:
            self.conv_first_1 = conv(3, nf)
            self.conv_first_2 = conv(nf, nf, stride=2)
            self.conv_first_3 = conv(nf, nf, stride=2)
        else:
            self.conv_first = conv(3 * options.featureStride**2, nf)
        self.feature_extraction = blocks(options.numExtractBlock, nf)
        if not options.aligns:
            pass  # One frame, by itself.
        elif options.alignment == "pcd":
            self.conv_l2_1 = conv(nf, nf, stride=2)
            self.conv_l2_2 = conv(nf, nf)
            self.conv_l3_1 = conv(nf, nf, stride=2)
            self.conv_l3_2 = conv(nf, nf)
            self.pcd_align = PCDAlignment(nf, options.deformableGroups)
        elif options.alignment == "guided":
            self.align = GuidedAlignment(nf, options.deformableGroups)
        elif options.alignment == "flow":
            self.align = FlowAlignment(nf, options.featureStride)
        else:
            self.align = SingleLevelAlignment(nf, options.deformableGroups, options.alignment == "stacked")
        if options.withTsa:
            self.fusion = TSAFusion(nf, options.numFrame)
        else:
            self.fusion = conv(options.numFrame * nf, nf, 1)
        if options.reconstructStride:
            self.conv_reconstruct = conv(nf // options.finer**2 + 3 * options.reconstructStride**2, nr)
        elif nr != nf:
            self.conv_reconstruct = conv(nf, nr)
        self.reconstruction = blocks(options.numReconstructBlock, nr)
        if options.tail == "light":
            self.conv_last = conv(nr, 3 * (options.scale * options.featureStride // options.finer) ** 2)
        else:
            self.upconv1 = conv(nr, 4 * nf)
            self.upconv2 = conv(nf, 4 * 64)
            self.conv_hr = conv(64, 64)
            self.conv_last = conv(64, 3)

    def begin(self) -> None:
        """Starts the alignment and the fusion where they learn best; see there."""
        if self.options.aligns and self.options.alignment == "guided":
            self.align.begin_between_pixels()
        elif self.options.aligns and self.options.alignment == "pcd":
            self.pcd_align.begin_as_identity()
        if self.options.withTsa:
            self.fusion.begin_open()

    def forward(self, window: Tensor) -> Tensor:
        n, t, _, h, w = window.shape
        m = self.options.multiple
        frames = window.flatten(0, 1)
        pad = (0, -w % m, 0, -h % m)
        if any(pad):
            # A mirror shows at most size - 1 pixels; smaller pictures repeat their last row or column.
            frames = F.pad(frames, pad, mode="reflect" if pad[1] < w and pad[3] < h else "replicate")
        pyramid = [level.unflatten(0, (n, t)) for level in self.pyramid(frames)]
        reference = frames.unflatten(0, (n, t))[:, self.options.centerFrameIdx]
        out = self.restore(pyramid, reference) + self.skip(reference)
        up = self.options.upscale
        return out[..., : h * up, : w * up]

    def pyramid(self, frames: Tensor) -> list[Tensor]:
        """Feature pyramid [L1, L2, L3] of frames (m, 3, h, w), each frame by itself; [L1] without PCD.

        What optical flow aligns has its luma behind L1, at three sizes, and behind them the frame where pixels are aligned.
        """
        l1 = self.extract(frames)
        if not self.options.aligns:
            return [l1]
        if self.options.alignment == "guided":
            return [l1, *luma_pyramid(frames)]
        if self.options.alignment == "flow":
            return [l1, *luma_pyramid(frames, self.options.featureStride), frames]
        if self.options.alignment != "pcd":
            return [l1]
        l2 = lrelu(self.conv_l2_2(lrelu(self.conv_l2_1(l1))))
        l3 = lrelu(self.conv_l3_2(lrelu(self.conv_l3_1(l2))))
        return [l1, l2, l3]

    def extract(self, frames: Tensor) -> Tensor:
        """L1 features of frames (m, 3, h, w)."""
        if self.options.withPredeblur:
            l1 = self.conv_1x1(self.predeblur(frames))
        elif self.options.hrIn:
            l1 = lrelu(self.conv_first_3(lrelu(self.conv_first_2(lrelu(self.conv_first_1(frames))))))
        else:
            l1 = lrelu(self.conv_first(F.pixel_unshuffle(frames, self.options.featureStride)))
        return self.feature_extraction(l1)

    def restore(self, pyramid: list[Tensor], frame: Tensor) -> Tensor:
        """The residual (n, 3, H, W) from the window's pyramids, each level (n, T, nf, h, w), and the reference frame."""
        center = self.options.centerFrameIdx
        t = pyramid[0].shape[1]
        reference = [level[:, center] for level in pyramid]
        moving = [i for i in range(t) if self.options.alignReference or i != center]
        if not moving:
            return self.fuse_and_reconstruct([reference[0]], frame)
        # All neighbours go through the alignment as one batch, frame-major.
        neighbour = [torch.cat([level[:, i] for i in moving]) for level in pyramid]
        repeated = [torch.cat([level] * len(moving)) for level in reference]
        aligned = dict(zip(moving, self.aligned(neighbour, repeated).chunk(len(moving)), strict=True))
        return self.fuse_and_reconstruct([aligned.get(i, reference[0]) for i in range(t)], frame)

    def aligned(self, neighbour: list[Tensor], reference: list[Tensor]) -> Tensor:
        """Features (m, nf, h, w) of neighbours, given as pyramids, aligned to those of the reference."""
        if self.options.alignment == "guided":
            return self.align(neighbour[0], reference[0], optical_flow(reference[1:], neighbour[1:]))
        if self.options.alignment == "flow":
            return self.align(neighbour[4], optical_flow(reference[1:4], neighbour[1:4], self.options.featureStride))
        return (self.pcd_align if self.options.alignment == "pcd" else self.align)(neighbour, reference)

    def fuse_and_reconstruct(self, aligned: list[Tensor], frame: Tensor) -> Tensor:
        """The residual (n, 3, H, W) from the window's aligned L1 features, each (n, nf, h, w), and the reference frame."""
        feature = self.fusion(aligned, self.options.centerFrameIdx) if self.options.withTsa else self.fusion(torch.cat(aligned, 1))
        if self.options.reconstructStride:
            # The reference frame's own pixels enter here: what L1 cannot hold of them need not come through it.
            own = F.pixel_unshuffle(frame, self.options.reconstructStride)
            feature = torch.cat((F.pixel_shuffle(feature, self.options.finer), own), 1)
        if hasattr(self, "conv_reconstruct"):
            feature = lrelu(self.conv_reconstruct(feature))
        return self.tail(self.reconstruction(feature))

    def tail(self, feature: Tensor) -> Tensor:
        if self.options.tail == "light":
            return F.pixel_shuffle(self.conv_last(feature), self.options.scale * self.options.featureStride // self.options.finer)
        out = lrelu(F.pixel_shuffle(self.upconv1(feature), 2))
        out = lrelu(F.pixel_shuffle(self.upconv2(out), 2))
        return self.conv_last(lrelu(self.conv_hr(out)))

    def skip(self, reference: Tensor) -> Tensor:
        """The reference frame at output size: bilinear, half-pixel centres, clamped at the edges."""
        if self.options.upscale == 1:
            return reference
        return F.interpolate(reference, scale_factor=self.options.scale, mode="bilinear", align_corners=False)
