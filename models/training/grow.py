"""A deeper network with a longer window, begun from the weights of a smaller one (the paper's Sec. 4.1: deeper from shallower).

    python grow.py WEIGHTS --track edvr-s-x4 --out INIT.pt        # then train.py --init INIT.pt

New residual blocks begin as identity. Frames at the window's ends begin with a tenth of the weight of those beside them, and
attention begins open, so that the network restores from its first step on.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from edvr import EDVR
from export import load_weights
from tracks import TRACKS

OUTER_SHARE = 0.1
# A frame's temporal attention begins near one half (fusion.py).
OPEN = 2


def grown(model: EDVR, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state of `model`, as it begins, with all of `weights` that has a place in it."""
    state = model.state_dict()
    for name, value in state.items():
        if name in weights and weights[name].shape == value.shape:
            state[name] = weights[name].clone()
        elif name.startswith("reconstruction.") and ".conv2." in name:
            state[name] = torch.zeros_like(value)
    own, theirs = state.get("conv_reconstruct.weight"), weights.get("conv_reconstruct.weight")
    if own is not None and theirs is not None and own.shape != theirs.shape:
        # Other features come in, the reference's own pixels behind them stay.
        pixels = 3 * model.options.reconstructStride**2
        own[:, -pixels:] = theirs[:, -pixels:]
    fusion = "fusion.feat_fusion" if model.options.withTsa else "fusion"
    if "fusion.weight" in weights and weights["fusion.weight"].shape[0] == model.options.numFeat:
        nf = model.options.numFeat
        frames, share = weights["fusion.weight"].split(nf, dim=1), OPEN if model.options.withTsa else 1
        ends = (model.options.numFrame - len(frames)) // 2
        wider = [OUTER_SHARE * frames[0]] * ends + list(frames) + [OUTER_SHARE * frames[-1]] * ends
        state[f"{fusion}.weight"] = share * torch.cat(wider, 1)
        state[f"{fusion}.bias"] = weights["fusion.bias"].clone()
    return state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path, help="a checkpoint of train.py, or .safetensors")
    parser.add_argument("--track", choices=TRACKS, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.manual_seed(1)
    model = EDVR(TRACKS[args.track].options)
    model.begin()
    torch.save({"params_ema": grown(model, load_weights(args.weights).tensors)}, args.out)


if __name__ == "__main__":
    main()
