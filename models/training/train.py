"""Trains one of the live models on the rendered sequences; the learning rate follows the clock, so it ends when you say.

With --iterations it follows the count instead: the same weights again, whatever else the machine does.

    python train.py --data SHARDS --out DIR (--minutes 90 | --until 21:05 | --iterations 9000) [--track live-x4] [--resume]
    python train.py … --init WEIGHTS
    python train.py --data SHARDS --out DIR --minutes 30 --track live-x1 --init WEIGHTS --part motion
    python train.py --data SHARDS --photographs DIR… --out DIR --minutes 90 --track clean-x4

All of the network at once, or one part of weights that exist: `motion`, what finds the neighbours, or `reference`, what
restores from the middle frame. Charbonnier loss, then for the last part of the time the metric itself; Muon for the
kernels and Adam for the rest (`--optimizer adam`: the paper's, for all), warm-up then cosine to zero at the end time (pauses
do not move it), EMA weights, gradient clipping.
"""

import argparse
import json
import math
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from edvr import EDVR
from moves import Moves
from muon import Muon, is_kernel
from sequences import Sequences
from tracks import TRACKS

WARM_UP_STEPS = 300
EMA_DECAY = 0.999
CHECKPOINT_SECONDS = 120
ALIGNMENT_RATE = 0.4
# Shares of the time: up to OFFSET_STAGE the motion teaches the offsets, less and less; from ATTENTION_STAGE on the attention
# learns. Weights that are given have passed the latter.
ATTENTION_STAGE, OFFSET_STAGE = 0.25, 0.6
# Of the windows, where there are photographs too.
MOVED = 0.5
MOTION = ("conv_l2", "conv_l3", "pcd_align")
PARTS = {
    "all": lambda name: True,
    "motion": lambda name: name.startswith(MOTION),
    "reference": lambda name: not name.startswith(MOTION),
}


def charbonnier(output: torch.Tensor, truth: torch.Tensor, epsilon: float = 1e-3) -> torch.Tensor:
    """sqrt(d² + ε²), the mean over all values."""
    return torch.sqrt((output - truth) ** 2 + epsilon**2).mean()


def psnr_loss(output: torch.Tensor, truth: torch.Tensor, floor: float = 2e-4) -> torch.Tensor:
    """log of each window's mean square error, as PSNR has it; the floor keeps flat patches from ruling.

    The factor brings gradients to the size of Charbonnier's, so that Adam's averages stay valid across the change.
    """
    error = ((output - truth) ** 2).mean((1, 2, 3))
    return torch.log(error + floor).mean() / 30


def offset_loss(model: EDVR, motion: torch.Tensor, tolerance: float = 0.1) -> tuple[torch.Tensor, float]:
    """How far the offsets are from the motion, beyond `tolerance` pixels of their level, where the motion is known.

    The offset-fidelity loss of Chan et al. 2021 (Understanding Deformable Alignment, Eq. 6) at every level; the cascade
    is held to zero. Super-resolution alone hardly teaches a small network where to look. Also returns the mean error
    of L1's mean displacement, in pixels of L1. `motion` is that of sequences.py.
    """
    align = model.pcd_align
    motion = motion.transpose(0, 1).flatten(0, 1)
    known, flow = motion[:, 2:], motion[:, :2] / model.options.stride
    loss, error = torch.zeros(()), 0.0
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
            distance = (offset.mean(1) - flow).norm(dim=1)
            error = ((distance * known[:, 0]).sum() / known.sum().clamp(min=1)).item()
    return loss, error


def decibels_of_neighbours(model: EDVR, low: torch.Tensor, high: torch.Tensor) -> float:
    """What the neighbours bring: PSNR with them over PSNR with copies of the middle frame, the mean over windows."""
    center = model.options.centerFrameIdx
    with torch.no_grad():
        alone = low[:, [center] * low.shape[1]]
        errors = [((model(window) - high) ** 2).mean((1, 2, 3)) for window in (low, alone)]
    return (10 * torch.log10(errors[1] / errors[0])).mean().item()


def optimizers_for(model: EDVR, part: str, kind: str, rate: float) -> list[torch.optim.Optimizer]:
    """Optimizers of the parameters that `part` trains; every group has its `share` of the learning rate.

    Alignment and what it reads learn slower: at 1e-3 the offsets of a small network stay at zero for good.
    """
    kernels, others = {ALIGNMENT_RATE: [], 1.0: []}, {ALIGNMENT_RATE: [], 1.0: []}
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(PARTS[part](name))
        if parameter.requires_grad:
            early = model.options.alignment == "pcd" and name.startswith((*MOTION, "conv_first", "feature_extraction"))
            kind_of = kernels if kind == "muon" and is_kernel(parameter) else others
            kind_of[ALIGNMENT_RATE if early else 1.0].append(parameter)
    groups = [[{"params": those, "share": share} for share, those in kind_of.items() if those] for kind_of in (kernels, others)]
    makers = (lambda params: Muon(params, lr=rate), lambda params: torch.optim.Adam(params, lr=rate, betas=(0.9, 0.99)))
    return [make(params) for make, params in zip(makers, groups, strict=True) if params]


def restore_alone(model: EDVR, low: torch.Tensor) -> torch.Tensor:
    """The middle frame restored as if every aligned neighbour were its copy: the same path at a third of the work."""
    reference = low[:, model.options.centerFrameIdx].contiguous(memory_format=torch.channels_last)
    features = [model.extract(reference)] * model.options.numFrame
    return model.fuse_and_reconstruct(features, reference) + model.skip(reference)


def batch_of(rng: np.random.Generator, size: int, sequences: Sequences, moves: Moves | None) -> tuple[torch.Tensor, ...]:
    """As many windows: lr (n, T, 3, patch, patch), hr (n, 3, scale·patch, scale·patch), both in [0, 1], and the motion."""
    samples = [(moves if moves and rng.random() < MOVED else sequences).sample(rng) for _ in range(size)]
    low, high, motion = (torch.from_numpy(np.stack(parts)).float() for parts in zip(*samples, strict=True))
    return low.div_(255), high.div_(255), motion


def find_neighbours(model: EDVR, low: torch.Tensor) -> None:
    """Runs pyramid and alignment alone; what they found is in the deformable layers."""
    n, t = low.shape[:2]
    pyramid = [level.unflatten(0, (n, t)) for level in model.pyramid(low.flatten(0, 1))]
    center = model.options.centerFrameIdx
    beside = (center - 1, center + 1)
    neighbour = [torch.cat([level[:, i] for i in beside]) for level in pyramid]
    model.pcd_align(neighbour, [torch.cat([level[:, center]] * len(beside)) for level in pyramid])


def begin_from(model: EDVR, weights: dict) -> None:
    """Takes over every tensor whose name and shape agree: another track's network differs in its first and last layers."""
    own = model.state_dict()
    model.load_state_dict(own | {name: value for name, value in weights.items() if name in own and own[name].shape == value.shape})


def end_time(args: argparse.Namespace) -> float:
    if args.iterations:
        return math.inf
    if args.minutes:
        return time.time() + 60 * args.minutes
    hour, minute = map(int, args.until.split(":"))
    end = datetime.now(UTC).replace(hour=hour, minute=minute, second=0)
    return (end if end > datetime.now(UTC) else end + timedelta(days=1)).timestamp()


def update_average(average: dict, model: torch.nn.Module, step: int) -> None:
    decay = min(EMA_DECAY, (1 + step) / (10 + step))
    for name, value in model.state_dict().items():
        average[name].lerp_(value, 1 - decay)


def state_of(model: EDVR, average: dict, optimizers: list[torch.optim.Optimizer], step: int, start: float) -> dict:
    states = [optimizer.state_dict() for optimizer in optimizers]
    return {"params": model.state_dict(), "params_ema": average, "optimizers": states, "step": step, "start": start}


def save(path: Path, state: dict) -> None:
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.rename(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that prepare.py fills")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--track", choices=TRACKS, default="live-x4")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float)
    length.add_argument("--until", metavar="HH:MM", help="UTC")
    length.add_argument("--iterations", type=int)
    parser.add_argument("--batch", type=int, help="windows a step; by default the track's, as the next two")
    parser.add_argument("--lr", type=float)
    parser.add_argument("--optimizer", choices=("muon", "adam"), default="muon")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--init", type=Path, help="checkpoint to start from, its averaged weights")
    parser.add_argument("--part", choices=PARTS, default="all")
    parser.add_argument("--offset-weight", type=float, default=0.1, help="of the offset loss; fades to zero")
    parser.add_argument("--photographs", type=Path, nargs="+", help="half of the windows are made of these, while training")
    parser.add_argument("--psnr-from", type=float, help="share of the time from which the loss is psnr_loss")
    args = parser.parse_args()
    track = TRACKS[args.track]
    if args.part != "all" and not track.taught:
        parser.error(f"Expected --part all for {args.track}, which is not made of parts, but received {args.part}")
    batch = args.batch or track.batch
    rate_at_first = track.rate if args.lr is None else args.lr
    psnr_from = track.psnr_from if args.psnr_from is None else args.psnr_from

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    checkpoint, log = args.out / "checkpoint.pt", (args.out / "log.jsonl").open("a", buffering=1)
    model = EDVR(track.options).to(memory_format=torch.channels_last)  # A third faster on a processor.
    model.begin()
    optimizers = optimizers_for(model, args.part, args.optimizer, rate_at_first)
    average = {name: value.clone() for name, value in model.state_dict().items()}
    step, start, end = 0, time.time(), end_time(args)
    if args.resume and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["params"])
        for optimizer, saved_state in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved_state)
        average, step, start = state["params_ema"], state["step"], state["start"]
    elif args.init:
        begin_from(model, torch.load(args.init, weights_only=True)["params_ema"])
        average = {name: value.clone() for name, value in model.state_dict().items()}
    sequences = Sequences(args.data, track)
    moves = Moves(args.photographs, track) if args.photographs else None
    taught_motion = track.taught and args.part != "reference"
    rng = np.random.default_rng([args.seed, step])

    losses, errors, norms, saved, marked = [], [], [], time.time(), time.time()
    while (progress := step / args.iterations if args.iterations else (time.time() - start) / (end - start)) < 1:
        rate = rate_at_first * min(1, (step + 1) / WARM_UP_STEPS) * (1 + math.cos(math.pi * progress)) / 2
        for group in (group for optimizer in optimizers for group in optimizer.param_groups):
            group["lr"] = rate * group["share"]
        if args.part == "all" and args.init is None and model.options.withTsa:
            for parameter in model.fusion.attention():
                parameter.requires_grad_(progress >= ATTENTION_STAGE)
        objective = charbonnier if args.init is None and progress < psnr_from else psnr_loss
        low, high, motion = batch_of(rng, batch, sequences, moves)
        loss, error = torch.zeros(()), 0.0
        if args.part == "motion":
            find_neighbours(model, low)
        else:
            loss = objective(model(low) if args.part == "all" else restore_alone(model, low), high)
        if taught_motion:
            taught, error = offset_loss(model, motion)
            fading = args.offset_weight * max(0, 1 - progress / OFFSET_STAGE)
            loss = taught if args.part == "motion" else loss + fading * taught
        model.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        for optimizer in optimizers:
            optimizer.step()
        step += 1
        update_average(average, model, step)
        losses.append(loss.item())
        errors.append(error)
        norms.append(norm.item())
        if step % 200 == 0:
            now = time.time()
            line = {
                "time": datetime.now(UTC).isoformat(timespec="seconds"), "step": step,
                "objective": "offset_loss" if args.part == "motion" else objective.__name__, "loss": round(float(np.mean(losses)), 5),
                "offsetError": round(float(np.mean(errors)), 3),
                "neighbours": round(decibels_of_neighbours(model, low, high), 3),
                "lr": round(rate, 7), "gradNorm": round(float(np.mean(norms)), 3),
                "stepsPerSecond": round(200 / (now - marked), 2), "sequences": sequences.refresh(),
            }
            log.write(json.dumps(line) + "\n")
            losses, errors, norms, marked = [], [], [], now
        if time.time() - saved > CHECKPOINT_SECONDS:
            save(checkpoint, state_of(model, average, optimizers, step, start))
            saved = time.time()
    save(checkpoint, state_of(model, average, optimizers, step, start))
    log.write(json.dumps({"finished": step}) + "\n")


if __name__ == "__main__":
    main()
