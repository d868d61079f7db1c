"""What each model is trained for: its network, what the video it gets has been through, and how it is described."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import degradations
from edvr import Options


@dataclass(frozen=True)
class Track:
    """A model to be. `side` is the truth's height and width in a rendered sequence, `patch` the input's in training."""

    task: str
    options: Options
    degrade: Callable
    degradations: str
    side: int
    patch: int
    # Weights of a clean sequence, a typical, an extreme one (see sequences.py).
    shares: tuple[float, float, float] = (1.0, 1.0, 1.0)
    # Windows a step, learning rate, and the share of the time from which the loss is psnr_loss (train.py).
    batch: int = 5
    rate: float = 1e-3
    psnr_from: float = 0.4

    @property
    def taught(self) -> bool:
        """Whether the neighbours' motion, of which flow.py tells, teaches the offsets."""
        return self.options.alignment == "pcd" and self.options.numFrame > 1

    @property
    def low(self) -> int:
        """Height and width of the low resolution in a rendered sequence."""
        return self.side // self.options.upscale


# The first live-x4: all of it on features at half the frame's size.
LIVE_HALF = Options(
    numFeat=16, numFrame=3, deformableGroups=1, numExtractBlock=3, numReconstructBlock=6, numReconstructFeat=32,
    scale=4, featureStride=2, tail="light", alignReference=False,
)
# Alignment at a quarter of the frame's size; reconstruction sees the reference's own pixels as well, on more channels.
LIVE = replace(LIVE_HALF, featureStride=4, reconstructStride=4, numReconstructBlock=5, numReconstructFeat=48)
LIVE_X4 = replace(LIVE, reconstructStride=2)
# The neighbours' pixels where optical flow points: cheap enough for features and reconstruction at the size of the input.
FLOW = replace(
    LIVE_HALF, numFeat=32, featureStride=1, reconstructStride=1, numExtractBlock=0, numReconstructBlock=3, withTsa=False,
    alignment="flow",
)
# The same with features at a quarter of the frame's size, for pictures that keep theirs.
FLOW_X1 = replace(FLOW, scale=1, featureStride=4, reconstructStride=4, numReconstructBlock=7, numReconstructFeat=48)
# For recordings and accelerators: five frames, attention, a reconstruction more than three times as deep.
DEEP = replace(FLOW, numFrame=5, numReconstructBlock=10, withTsa=True)
# What the paper does where frames keep their size and are blurred: PreDeblur, features at a quarter of it, PCD, TSA; at a live size.
DEBLUR = Options(
    numFeat=32, numFrame=3, deformableGroups=4, numExtractBlock=2, numReconstructBlock=8, withPredeblur=True, hrIn=True,
    alignReference=False,
)
# As many operations as GUIDED, all of them for the one frame: what the window brings is the difference.
GUIDED = replace(
    LIVE_HALF, featureStride=1, reconstructStride=1, numExtractBlock=1, numReconstructBlock=4, alignment="guided",
)
# What an accelerator trains: five frames, guided features of 48 channels, a reconstruction as wide and deep as EDVR-M's.
LARGE = replace(
    GUIDED, numFeat=48, numFrame=5, deformableGroups=4, numExtractBlock=2, numReconstructBlock=16, numReconstructFeat=64,
)
ALONE = replace(GUIDED, numFrame=1, withTsa=False, numReconstructBlock=6)
# What the window, PCD and TSA bring at live size: networks of about the operations of FLOW that differ in these (README.md).
ABLATION = {
    "x4-alone": replace(FLOW, numFrame=1),
    "x4-flow-tsa": replace(FLOW, numFeat=16, withTsa=True),
    "x4-pcd": replace(FLOW, numFeat=16, featureStride=2, numExtractBlock=1, numReconstructBlock=2, alignment="pcd"),
    "x4-pcd-tsa": replace(FLOW, numFeat=16, featureStride=2, numExtractBlock=1, numReconstructBlock=2, alignment="pcd", withTsa=True),
}
ENCODED = "35 % MATLAB bicubic alone; 65 % bicubic, area or Gaussian kernel, noise up to 3.5, H.264 (x264, zerolatency, GOP 50, CRF 18-32)"
CAMERA = (
    "35 % the encoder alone; 65 % lens (none, Gaussian, anisotropic, defocus, motion), bicubic or area sampling, Poisson-Gaussian"
    " noise (read up to 4, shot up to 0.25 a level; 40 % correlated), 30 % Bayer mosaic, half sharpened; H.264 (75 %) or H.265"
    " (zerolatency, GOP 50, CRF 20-32)"
)
BLURRED = (
    "lens or shutter (Gaussian, anisotropic, defocus, motion; 8 % none), white noise up to 2; half of it H.264 (x264, zerolatency,"
    " GOP 50, CRF 14-24)"
)
SHARES = (1.0, 3.0, 0.3)
# What optical flow aligns learns from the first step on.
BY_FLOW = {"batch": 6, "rate": 1.5e-3, "psnr_from": 0.0}
ON_CARD = BY_FLOW | {"batch": 16}
# Nearly the clean sequences only, should encoded ones lie beside them.
CLEAN = (1.0, 1e-9, 1e-9)

TRACKS = {
    "live-x4": Track("super-resolution", FLOW, degradations.encoded, ENCODED, side=384, patch=48, shares=SHARES, **BY_FLOW),
    "live-x2": Track("super-resolution", replace(FLOW, scale=2), degradations.encoded, ENCODED, side=384, patch=80, shares=SHARES, **BY_FLOW),
    "live-x1": Track("deblurring-compression", FLOW_X1, degradations.camera, CAMERA, side=224, patch=128, **BY_FLOW),
    "edvr-s-deblur": Track("deblurring", DEBLUR, degradations.blurred, BLURRED, side=224, patch=128, batch=4, rate=1.5e-3, psnr_from=0.0),
    "edvr-s-x4": Track("super-resolution", DEEP, degradations.encoded, ENCODED, side=384, patch=48, shares=SHARES, **BY_FLOW),
    "edvr-s-camera-x4": Track("super-resolution", LARGE, degradations.encoded, ENCODED, side=384, patch=64, shares=SHARES, **ON_CARD),
    "edvr-s-clean-x4": Track("super-resolution", LARGE, degradations.clean, "MATLAB bicubic", side=384, patch=64, shares=CLEAN, **ON_CARD),
    "clean-x4": Track("super-resolution", GUIDED, degradations.clean, "MATLAB bicubic", side=384, patch=40, shares=CLEAN, **BY_FLOW),
    "clean-x4-alone": Track("super-resolution", ALONE, degradations.clean, "MATLAB bicubic", side=384, patch=40, shares=CLEAN, **BY_FLOW),
}
TRACKS |= {name: replace(TRACKS["live-x4"], options=options) for name, options in ABLATION.items()}
