"""Trains one of the live models on the rendered sequences; the learning rate follows the clock, so it ends when you say.

With --iterations it follows the count instead: the same weights again, whatever else the machine does.

    python train.py --data SHARDS --out DIR (--minutes 90 | --until 21:05 | --iterations 9000) [--track live-x4] [--resume]
    python train.py … --init WEIGHTS
    python train.py --data SHARDS --out DIR --minutes 30 --track live-x1 --init WEIGHTS --part motion
    python train.py --data SHARDS --photographs DIR… --out DIR --minutes 90 --track clean-x4

All of the network at once, or one part of weights that exist: `motion`, what finds the neighbours, or `reference`, what
restores from the middle frame. Charbonnier loss, then for the last part of the time the metric itself; Muon for the
kernels and Adam for the rest (`--optimizer adam`: the paper's, for all), warm-up then cosine to zero at the end time (pauses
do not move it), EMA weights, gradient clipping. With --device cuda the convolutions are in bfloat16, the weights, the optical
flow and what is asked for in float32.
"""

import argparse
import json
import math
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from accelerator import Graphed, Resident, sequences_held
from edvr import EDVR
from moves import Moves
from muon import Muon, is_kernel
from objectives import charbonnier, decibels_of_neighbours, find_neighbours, offset_loss, psnr_loss, restore_alone
from sequences import Sequences
from tracks import TRACKS

WARM_UP_STEPS = 300
EMA_DECAY = 0.999
CHECKPOINT_SECONDS = 120
# Steps between which an accelerator may fall behind the clock that the learning rate goes by.
SYNCHRONIZED = 20
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
    # A captured step reads the rate from memory.
    captured = next(model.parameters()).is_cuda
    lr = (lambda: torch.tensor(rate, device="cuda")) if captured else lambda: rate
    groups = [
        [{"params": those, "share": share, "lr": lr()} for share, those in kind_of.items() if those] for kind_of in (kernels, others)
    ]
    makers = (Muon, lambda groups: torch.optim.Adam(groups, betas=(0.9, 0.99), capturable=captured))
    return [make(params) for make, params in zip(makers, groups, strict=True) if params]


def set_rate(optimizers: list[torch.optim.Optimizer], rate: float) -> None:
    """In place, where the optimizer reads it from memory; every group its own."""
    for group in (group for optimizer in optimizers for group in optimizer.param_groups):
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate * group["share"])
        else:
            group["lr"] = rate * group["share"]


class Steps:
    """One step of training a part of the network: lr and hr in, the weights changed; returns loss, offset error, gradient norm.

    The offsets are taught where `taught`; `fading` is that loss's share.
    """

    def __init__(self, model: EDVR, optimizers: list[torch.optim.Optimizer], part: str, taught: bool):
        self.model, self.optimizers, self.part, self.taught = model, optimizers, part, taught
        self.objective = charbonnier

    def __call__(self, low: Tensor, high: Tensor, motion: Tensor, fading: Tensor) -> Tensor:
        model, loss, error = self.model, low.new_zeros(()), low.new_zeros(())
        model.zero_grad(set_to_none=True)
        # Without the cache, which would outlive a captured step.
        with torch.autocast("cuda", torch.bfloat16, enabled=low.is_cuda, cache_enabled=False):
            if self.part == "motion":
                find_neighbours(model, low)
            else:
                restored = model(low) if self.part == "all" else restore_alone(model, low)
        if self.part != "motion":
            loss = self.objective(restored, high)
        if self.taught:
            taught, error = offset_loss(model, motion)
            loss = taught if self.part == "motion" else loss + fading * taught
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        for optimizer in self.optimizers:
            optimizer.step()
        return torch.stack((loss.detach(), error, norm))


def batch_of(rng: np.random.Generator, size: int, sequences: Sequences, moves: Moves | None) -> tuple[Tensor, ...]:
    """As many windows: lr (n, T, 3, patch, patch), hr (n, 3, scale·patch, scale·patch), both in [0, 1], and the motion."""
    samples = [(moves if moves and rng.random() < MOVED else sequences).sample(rng) for _ in range(size)]
    low, high, motion = (torch.from_numpy(np.stack(parts)).float() for parts in zip(*samples, strict=True))
    return low.div_(255), high.div_(255), motion


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
    state = model.state_dict()
    torch._foreach_lerp_([average[name] for name in state], list(state.values()), 1 - decay)


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
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="cuda: the sequences lie in the card's memory")
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
    if args.device == "cuda" and (track.taught or args.photographs):
        parser.error("Expected --device cpu where the motion teaches the offsets or windows are made of --photographs")
    batch = args.batch or track.batch
    rate_at_first = track.rate if args.lr is None else args.lr
    psnr_from = track.psnr_from if args.psnr_from is None else args.psnr_from

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = False  # What is not in bfloat16 wants the whole of float32.
    args.out.mkdir(parents=True, exist_ok=True)
    checkpoint, log = args.out / "checkpoint.pt", (args.out / "log.jsonl").open("a", buffering=1)
    model = EDVR(track.options)
    model.begin()
    model.to(args.device, memory_format=torch.channels_last)  # A third faster on a processor.
    optimizers = optimizers_for(model, args.part, args.optimizer, rate_at_first)
    average = {name: value.clone() for name, value in model.state_dict().items()}
    step, start, end = 0, time.time(), end_time(args)
    if args.resume and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location=args.device)
        model.load_state_dict(state["params"])
        for optimizer, saved_state in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved_state)
        average, step, start = state["params_ema"], state["step"], state["start"]
    elif args.init:
        begin_from(model, torch.load(args.init, weights_only=True, map_location=args.device)["params_ema"])
        average = {name: value.clone() for name, value in model.state_dict().items()}
    sequences = Sequences(args.data, track)
    resident = Resident(sequences, args.device, sequences_held(track)) if args.device == "cuda" else None
    moves = Moves(args.photographs, track) if args.photographs else None
    steps = Steps(model, optimizers, args.part, taught=track.taught and args.part != "reference")
    take = Graphed(steps) if resident else steps
    staged = args.part == "all" and args.init is None and model.options.withTsa
    rng = np.random.default_rng([args.seed, step])

    seen, saved, marked, phase = [], time.time(), time.time(), None
    while (progress := step / args.iterations if args.iterations else (time.time() - start) / (end - start)) < 1:
        rate = rate_at_first * min(1, (step + 1) / WARM_UP_STEPS) * (1 + math.cos(math.pi * progress)) / 2
        set_rate(optimizers, rate)
        before, phase = phase, (args.init is None and progress < psnr_from, staged and progress < ATTENTION_STAGE)
        if phase != before:
            steps.objective = charbonnier if phase[0] else psnr_loss
            for parameter in model.fusion.attention() if staged else ():
                parameter.requires_grad_(not phase[1])
            if resident:
                take.renew()
        low, high, motion = resident.batch(rng, batch) if resident else batch_of(rng, batch, sequences, moves)
        fading = args.offset_weight * max(0, 1 - progress / OFFSET_STAGE)
        # A copy: a captured step writes to the same place again.
        seen.append(take(low, high, motion, torch.tensor(fading, device=args.device)).clone())
        step += 1
        update_average(average, model, step)
        if resident and step % SYNCHRONIZED == 0:
            torch.cuda.synchronize()
        if step % 200 == 0:
            now = time.time()
            loss, error, norm = torch.stack(seen).mean(0).tolist()
            line = {
                "time": datetime.now(UTC).isoformat(timespec="seconds"), "step": step,
                "objective": "offset_loss" if args.part == "motion" else steps.objective.__name__, "loss": round(loss, 5),
                "offsetError": round(error, 3), "neighbours": round(decibels_of_neighbours(model, low, high), 3),
                "lr": round(rate, 7), "gradNorm": round(norm, 3), "stepsPerSecond": round(200 / (now - marked), 2),
                "sequences": (resident or sequences).refresh(),
            }
            log.write(json.dumps(line) + "\n")
            seen, marked = [], now
        if time.time() - saved > CHECKPOINT_SECONDS:
            save(checkpoint, state_of(model, average, optimizers, step, start))
            saved = time.time()
    save(checkpoint, state_of(model, average, optimizers, step, start))
    log.write(json.dumps({"finished": step}) + "\n")


if __name__ == "__main__":
    main()
