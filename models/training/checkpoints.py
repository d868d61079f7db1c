"""Writes checkpoints with torch.save in every format that `limpid import` reads, and what PyTorch restores with each.

The networks are small, their weights from the generator of parity.py: nobody else's. test/job/import.test.ts imports each
file and compares.

Run: python checkpoints.py [folder]     (default: test/fixtures/checkpoints)
"""

import json
import re
import sys
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from edvr import EDVR, Options
from parity import SEED, STRIDE, bound, frame, weights

LIGHT = Options(
    numFeat=2, numFrame=3, deformableGroups=1, numExtractBlock=1, numReconstructBlock=2, tail="light", withTsa=False
)
PAPER = replace(LIGHT, tail="paper", withTsa=True)
WIDTH, HEIGHT = 13, 10
# Elements between the windows of tensors that share a storage.
STEP = 7

State = dict[str, Tensor]


def older_name(key: str) -> str:
    """The name that the authors' code of 2019 gave a tensor."""
    # The two embeddings changed numbers: the reference's was the second.
    key = key.replace("fusion.temporal_attn1", "fusion.tAtt_2").replace("fusion.temporal_attn2", "fusion.tAtt_1")
    rules = [
        (r"^fusion\.", "tsa_fusion."),
        (r"spatial_attn_add(\d)", r"sAtt_add_\1"),
        (r"spatial_attn_l(\d)", r"sAtt_L\1"),
        (r"spatial_attn(\d)", r"sAtt_\1"),
        (r"feat_fusion", "fea_fusion"),
        (r"^conv_l(\d)_(\d)", r"fea_L\1_conv\2"),
        (r"offset_conv(\d)\.l(\d)", r"L\2_offset_conv\1"),
        (r"dcn_pack\.l(\d)", r"L\1_dcnpack"),
        (r"conv_offset\.", "conv_offset_mask."),
        (r"feat_conv\.l(\d)", r"L\1_fea_conv"),
        (r"^reconstruction\.", "recon_trunk."),
        (r"^conv_hr\.", "HRconv."),
        (r"resblock_l2_(\d)", r"RB_L2_\1"),
        (r"resblock_l3", "RB_L3_1"),
        (r"stride_conv_l(\d)", r"deblur_L\1_conv"),
        (r"predeblur\.conv_first", "predeblur.conv_first_1"),
        (r"stride_conv_hr1", "conv_first_2"),
        (r"stride_conv_hr2", "conv_first_3"),
        (r"^predeblur\.", "pre_deblur."),
    ]
    for pattern, name in rules:
        key = re.sub(pattern, name, key)
    return re.sub(r"resblock_l1\.(\d)", lambda match: f"RB_L1_{int(match[1]) + 1}", key)


def generator_name(key: str) -> str:
    """The name of a tensor in the other family: a `generator.`, and `.conv` inside convolutions with an activation."""
    key = re.sub(r"^pcd_align\.", "pcd_alignment.", key)
    key = re.sub(r"^conv_l(\d)_(\d)", r"feat_l\1_conv\2", key)
    key = re.sub(r"^upconv(\d)", r"upsample\1.upsample_conv", key)
    activated = (
        r"(feat_l\d_conv\d|pcd_alignment\.(offset_conv\d|feat_conv)\.l\d|pcd_alignment\.cas_offset_conv\d"
        r"|fusion\.(feat_fusion|spatial_attn([1-4]|_l\d|_add1)))\.(weight|bias)"
    )
    if re.fullmatch(activated, key):
        module, _, last = key.rpartition(".")
        key = f"{module}.conv.{last}"
    return f"generator.{key}"


def renamed(state: State, name) -> State:
    return OrderedDict((name(key), tensor) for key, tensor in state.items())


def strided(state: State) -> State:
    """The same values as windows of one storage; weights lie transposed, biases a step apart."""
    need = {key: tensor.numel() * (2 if tensor.dim() == 1 else 1) for key, tensor in state.items()}
    storage = torch.zeros(sum(need.values()))
    out, start = OrderedDict(), 0
    for key, tensor in state.items():
        window = storage[start : start + need[key]]
        view = window[::2] if tensor.dim() == 1 else window.view(tensor.shape[::-1]).permute(*range(tensor.dim())[::-1])
        view.copy_(tensor)
        out[key], start = view, start + need[key]
    return out


def overlapping(state: State) -> State:
    """16-bit weights whose numbers serve several tensors: a storage for each range of values, windows in it a step apart."""
    random = torch.Generator().manual_seed(SEED)
    storages, used, out = {}, {}, OrderedDict()
    group = {key: bound(key, tuple(tensor.shape)) for key, tensor in state.items()}
    for limit in sorted(set(group.values())):
        members = [state[key].numel() for key in state if group[key] == limit]
        storages[limit] = ((torch.rand(max(members) + STEP * len(members), generator=random) * 2 - 1) * limit).half()
        used[limit] = 0
    for key, tensor in state.items():
        start = used[group[key]] = used[group[key]] + STEP
        out[key] = storages[group[key]][start : start + tensor.numel()].view(tensor.shape)
    return out


def state_of(options: Options) -> State:
    net = EDVR(options)
    net.load_state_dict(weights(net.state_dict()))
    # state_dict() carries the versions of its modules as an attribute, which its pickle keeps.
    return net.state_dict()


def converted(state: State, dtype: torch.dtype) -> State:
    return OrderedDict((key, tensor.to(dtype)) for key, tensor in state.items())


META = {"epoch": 3, "iter": 600_000, "mean": [0.5, -0.25], "time": "Sat Jan  1 00:00:00 2022", "classes": None}


# What the files of other families call each tensor; the rest have the released names, but for prefixes.
RENAMED = {"zip-generator": generator_name, "legacy-older-names": older_name, "legacy-older-deblur": older_name}


def fixtures() -> dict[str, tuple[Options, State, object, bool]]:
    """name: (options, the weights under released names, what is saved, whether in the legacy format)"""
    light, tsa = state_of(LIGHT), state_of(replace(LIGHT, withTsa=True))
    halved, brain = converted(light, torch.half), converted(light, torch.bfloat16)
    parameters = OrderedDict((key, nn.Parameter(tensor)) for key, tensor in light.items())
    moved = strided(light)
    deblur = replace(PAPER, withPredeblur=True, hrIn=True)
    older, other = overlapping(state_of(deblur)), overlapping(state_of(PAPER))
    older_light = renamed(tsa, older_name)
    zeros = torch.zeros(max(tensor.numel() for tensor in light.values()))
    untrained = OrderedDict((key, zeros[: tensor.numel()].view(tensor.shape)) for key, tensor in light.items())
    averaged = {"params": untrained, "params_ema": light}
    generator = renamed(other, generator_name) | {"step_counter": torch.zeros(1)}
    return {
        "zip-params": (replace(LIGHT, withTsa=True), tsa, {"params": tsa}, False),
        "zip-params-ema": (LIGHT, light, averaged, False),
        "zip-state-dict-half": (LIGHT, halved, {"meta": META, "state_dict": halved}, False),
        "zip-top-level-bfloat": (LIGHT, brain, brain, False),
        "zip-strided": (LIGHT, light, {"params": moved}, False),
        "zip-module-prefix": (LIGHT, light, renamed(parameters, "module.{}".format), False),
        "zip-generator": (PAPER, other, {"meta": META, "state_dict": generator}, False),
        "legacy-params": (LIGHT, light, {"params": parameters}, True),
        "legacy-top-level-half": (LIGHT, halved, halved, True),
        "legacy-strided": (LIGHT, light, {"params": moved}, True),
        "legacy-older-names": (replace(LIGHT, withTsa=True), tsa, older_light, True),
        "legacy-older-deblur": (deblur, older, renamed(older, older_name), True),
    }


@torch.no_grad()
def golden(options: Options, state: State) -> np.ndarray:
    net = EDVR(options).eval()
    net.load_state_dict({key: tensor.float() for key, tensor in state.items()})
    window = np.stack([frame(t, WIDTH, HEIGHT) for t in range(options.numFrame)])
    return net(torch.from_numpy(window).permute(0, 3, 1, 2)[None].float() / 255)[0].permute(1, 2, 0).numpy()


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    index = {}
    for name, (options, state, saved, legacy) in fixtures().items():
        output = np.ascontiguousarray(golden(options, state))
        torch.save(saved, folder / f"{name}.pth", _use_new_zipfile_serialization=not legacy)
        output.reshape(-1)[::STRIDE].astype("<f4").tofile(folder / f"{name}.bin")
        names = {RENAMED[name](key): key for key in state} if name in RENAMED else {}
        index[name] = {"options": options.manifest(), "output": list(output.shape), "names": names}
        print(name, (folder / f"{name}.pth").stat().st_size, output.shape, float(np.abs(output).mean()))
    document = {"torch": torch.__version__, "seed": SEED, "stride": STRIDE, "width": WIDTH, "height": HEIGHT}
    (folder / "index.json").write_text(json.dumps(document | {"checkpoints": index}, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "test/fixtures/checkpoints")
