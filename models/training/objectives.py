"""What training asks for: the restored frame near the truth, the offsets near the motion; and how much the neighbours bring."""

import torch
import torch.nn.functional as F

from edvr import EDVR


def charbonnier(output: torch.Tensor, truth: torch.Tensor, epsilon: float = 1e-3) -> torch.Tensor:
    """sqrt(d² + ε²), the mean over all values."""
    return torch.sqrt((output - truth) ** 2 + epsilon**2).mean()


def psnr_loss(output: torch.Tensor, truth: torch.Tensor, floor: float = 2e-4) -> torch.Tensor:
    """log of each window's mean square error, as PSNR has it; the floor keeps flat patches from ruling.

    The factor brings gradients to the size of Charbonnier's, so that Adam's averages stay valid across the change.
    """
    error = ((output - truth) ** 2).mean((1, 2, 3))
    return torch.log(error + floor).mean() / 30


def offset_loss(model: EDVR, motion: torch.Tensor, tolerance: float = 0.1) -> tuple[torch.Tensor, torch.Tensor]:
    """How far the offsets are from the motion, beyond `tolerance` pixels of their level, where the motion is known.

    The offset-fidelity loss of Chan et al. 2021 (Understanding Deformable Alignment, Eq. 6) at every level; the cascade
    is held to zero. Super-resolution alone hardly teaches a small network where to look. Also returns the mean error
    of L1's mean displacement, in pixels of L1. `motion` is that of sequences.py.
    """
    align = model.pcd_align
    motion = motion.transpose(0, 1).flatten(0, 1)
    known, flow = motion[:, 2:], motion[:, :2] / model.options.stride
    loss, error = motion.new_zeros(()), motion.new_zeros(())
    targets = {"l1": (flow, known)}
    for level, finer in (("l2", "l1"), ("l3", "l2")):
        flow, known = targets[finer]
        targets[level] = (F.avg_pool2d(flow, 2) / 2, (F.avg_pool2d(known, 2) == 1).float())
    flow, known = targets["l1"]
    for pack, (flow, known) in (
        *((align.dcn_pack[level], target) for level, target in targets.items()),
        (align.cas_dcnpack, (torch.zeros_like(flow), known)),
    ):
        offset = pack.last_offset.unflatten(1, (-1, 2))
        beyond = F.relu((offset - flow[:, None]).abs() - tolerance).mean((1, 2))
        loss = loss + (beyond * known[:, 0]).sum() / known.sum().clamp(min=1)
        if pack is align.dcn_pack["l1"]:
            distance = (offset.detach().mean(1) - flow).norm(dim=1)
            error = (distance * known[:, 0]).sum() / known.sum().clamp(min=1)
    return loss, error


def restore_alone(model: EDVR, low: torch.Tensor) -> torch.Tensor:
    """The middle frame restored as if every aligned neighbour were its copy: the same path at a third of the work."""
    reference = low[:, model.options.centerFrameIdx].contiguous(memory_format=torch.channels_last)
    features = [model.extract(reference)] * model.options.numFrame
    return model.fuse_and_reconstruct(features, reference) + model.skip(reference)


def find_neighbours(model: EDVR, low: torch.Tensor) -> None:
    """Runs pyramid and alignment alone; what they found is in the deformable layers."""
    n, t = low.shape[:2]
    pyramid = [level.unflatten(0, (n, t)) for level in model.pyramid(low.flatten(0, 1))]
    center = model.options.centerFrameIdx
    beside = (center - 1, center + 1)
    neighbour = [torch.cat([level[:, i] for i in beside]) for level in pyramid]
    model.pcd_align(neighbour, [torch.cat([level[:, center]] * len(beside)) for level in pyramid])


def decibels_of_neighbours(model: EDVR, low: torch.Tensor, high: torch.Tensor) -> float:
    """What the neighbours bring: PSNR with them over PSNR with copies of the middle frame, the mean over windows."""
    center = model.options.centerFrameIdx
    with torch.no_grad():
        alone = low[:, [center] * low.shape[1]]
        errors = [((model(window) - high) ** 2).mean((1, 2, 3)) for window in (low, alone)]
    return (10 * torch.log10(errors[1] / errors[0])).mean().item()
