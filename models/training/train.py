"""Trains live-x4 on the rendered sequences; the learning rate follows the clock, so it ends when you say.

    python train.py --data SHARDS --out DIR (--minutes 90 | --until 21:05) [--resume]

Charbonnier loss, then for the last part of the time the metric itself; Adam, warm-up then cosine to zero at the end
time (pauses do not move it), EMA weights, gradient clipping; offsets are watched, since a deformable network that
diverges does it there first.
"""

import argparse
import json
import math
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import torch

from alignment import PCDAlignment
from edvr import EDVR, LIVE_X4
from layers import lrelu
from sequences import Sequences

WARM_UP_STEPS = 300
EMA_DECAY = 0.999
CHECKPOINT_SECONDS = 120
# From this share of the time on, `psnr_loss`.
PSNR_STAGE = 0.5


def charbonnier(output: torch.Tensor, truth: torch.Tensor, epsilon: float = 1e-3) -> torch.Tensor:
    """sqrt(d² + ε²), the mean over all values."""
    return torch.sqrt((output - truth) ** 2 + epsilon**2).mean()


def psnr_loss(output: torch.Tensor, truth: torch.Tensor, floor: float = 1e-3) -> torch.Tensor:
    """log of each window's mean square error, as PSNR has it; the floor keeps flat patches from ruling.

    The factor brings gradients to the size of Charbonnier's, so that Adam's averages stay valid across the change.
    """
    error = ((output - truth) ** 2).mean((1, 2, 3))
    return torch.log(error + floor).mean() / 30


def alignment_loss(model: EDVR, pyramid: list[torch.Tensor]) -> torch.Tensor:
    """How far the aligned neighbours are from the reference, at every level, relative to its features; 0 when equal.

    `pyramid` holds the reference's [L1, L2, L3]. Super-resolution alone hardly teaches a small network where to look.
    """
    loss = torch.zeros(())
    for aligned, level in zip(model.pcd_align.last_aligned, reversed(pyramid), strict=True):
        target = lrelu(level.detach()).repeat(len(aligned) // len(level), 1, 1, 1)
        loss = loss + (aligned - target).abs().mean() / target.abs().mean()
    return loss / len(pyramid)


def end_time(args: argparse.Namespace) -> float:
    if args.minutes:
        return time.time() + 60 * args.minutes
    hour, minute = map(int, args.until.split(":"))
    end = datetime.now(UTC).replace(hour=hour, minute=minute, second=0)
    return (end if end > datetime.now(UTC) else end + timedelta(days=1)).timestamp()


def update_average(average: dict, model: torch.nn.Module, step: int) -> None:
    decay = min(EMA_DECAY, (1 + step) / (10 + step))
    for name, value in model.state_dict().items():
        average[name].lerp_(value, 1 - decay)


def largest_offset(model: EDVR) -> float:
    """The mean absolute offset in pixels, of the layer where it is largest."""
    packs = [*model.pcd_align.dcn_pack.values(), model.pcd_align.cas_dcnpack]
    return max(pack.last_offset.abs().mean().item() for pack in packs)


def save(path: Path, state: dict) -> None:
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.rename(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that prepare.py fills")
    parser.add_argument("--out", type=Path, required=True)
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float)
    length.add_argument("--until", metavar="HH:MM", help="UTC")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--patch", type=int, default=48)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--align-weight", type=float, default=0.03, help="of the alignment loss; fades to zero")
    parser.add_argument("--restart-alignment", action="store_true", help="with --resume: learn the alignment anew")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    checkpoint, log = args.out / "checkpoint.pt", (args.out / "log.jsonl").open("a", buffering=1)
    model = EDVR(LIVE_X4)
    model.pcd_align.begin_as_identity()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr, betas=(0.9, 0.99))
    average = {name: value.clone() for name, value in model.state_dict().items()}
    step, start, end = 0, time.time(), end_time(args)
    if args.resume and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["params"])
        optimizer.load_state_dict(state["optimizer"])
        average, step, start = state["params_ema"], state["step"], state["start"]
        if args.restart_alignment:
            model.load_state_dict(average)
            model.pcd_align = PCDAlignment(LIVE_X4.numFeat, LIVE_X4.deformableGroups)
            model.pcd_align.begin_as_identity()
            optimizer = torch.optim.Adam(model.parameters(), lr=args.lr, betas=(0.9, 0.99))
            average, start = {name: value.clone() for name, value in model.state_dict().items()}, time.time()
    first_step = step if args.restart_alignment else 0
    sequences = Sequences(args.data, LIVE_X4.numFrame, args.patch)
    rng = np.random.default_rng([args.seed, step])

    losses, alignments, norms, saved, marked = [], [], [], time.time(), time.time()
    while time.time() < end:
        progress = (time.time() - start) / (end - start)
        rate = args.lr * min(1, (step - first_step + 1) / WARM_UP_STEPS) * (1 + math.cos(math.pi * progress)) / 2
        for group in optimizer.param_groups:
            group["lr"] = rate
        low, high = sequences.batch(rng, args.batch)
        objective = charbonnier if progress < PSNR_STAGE else psnr_loss
        loss = objective(model(low), high)
        with torch.no_grad():
            reference = model.pyramid(low[:, LIVE_X4.centerFrameIdx])
        alignment = alignment_loss(model, reference)
        optimizer.zero_grad(set_to_none=True)
        (loss + args.align_weight * min(1, 2 - 2 * progress) * alignment).backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        step += 1
        update_average(average, model, step - first_step)
        losses.append(loss.item())
        alignments.append(alignment.item())
        norms.append(norm.item())
        if step % 200 == 0:
            now = time.time()
            line = {
                "time": datetime.now(UTC).isoformat(timespec="seconds"), "step": step, "objective": objective.__name__, "loss": round(float(np.mean(losses)), 5), "alignment": round(float(np.mean(alignments)), 4),
                "lr": round(rate, 7), "gradNorm": round(float(np.mean(norms)), 3), "offset": round(largest_offset(model), 3),
                "stepsPerSecond": round(200 / (now - marked), 2), "sequences": sequences.refresh(),
            }
            log.write(json.dumps(line) + "\n")
            losses, alignments, norms, marked = [], [], [], now
        if time.time() - saved > CHECKPOINT_SECONDS:
            save(checkpoint, {"params": model.state_dict(), "params_ema": average, "optimizer": optimizer.state_dict(), "step": step, "start": start})
            saved = time.time()
    save(checkpoint, {"params": model.state_dict(), "params_ema": average, "optimizer": optimizer.state_dict(), "step": step, "start": start})
    log.write(json.dumps({"finished": step}) + "\n")


if __name__ == "__main__":
    main()
