"""Checks of the PyTorch network: parameter counts of the released models, Eq. 1 against a naive loop, the guide's flow.

Run: python test_edvr.py
"""

import json
import math
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from accelerator import Resident
from deformable import deformable_conv
from degradations import clean
from edvr import EDVR, Options
from grow import grown
from guided import FlowAlignment
from lucas_kanade import luma_pyramid, optical_flow
from prepare import FRAMES, KEPT
from sequences import Sequences
from tracks import TRACKS

RELEASED = {
    "M, SR, REDS": (Options(), 3_300_131, 144),
    "M without TSA": (Options(withTsa=False), 2_996_259, 120),
    "L, SR, REDS": (Options(numFeat=128, numReconstructBlock=40), 20_633_827, 264),
    "L, SR, Vimeo-90K": (Options(numFeat=128, numFrame=7, numReconstructBlock=40), 20_699_363, 264),
    "L, SR blur": (Options(numFeat=128, numReconstructBlock=40, withPredeblur=True), 23_306_851, 302),
    "L, deblur": (Options(numFeat=128, numReconstructBlock=40, withPredeblur=True, hrIn=True), 23_602_019, 306),
}


def naive(x, offset, mask, weight, bias, groups):
    """Eq. 1 as five nested loops; a corner outside the image counts as zero."""
    n, c, h, w = x.shape
    columns = torch.zeros(n, c, 9, h, w, dtype=x.dtype)
    for b, ch, k, y, xx in torch.cartesian_prod(*(torch.arange(s) for s in columns.shape)).tolist():
        g = ch // (c // groups)
        py = y + k // 3 - 1 + offset[b, 2 * (g * 9 + k), y, xx].item()
        px = xx + k % 3 - 1 + offset[b, 2 * (g * 9 + k) + 1, y, xx].item()
        y0, x0 = math.floor(py), math.floor(px)
        for cy, wy in ((y0, 1 - (py - y0)), (y0 + 1, py - y0)):
            for cx, wx in ((x0, 1 - (px - x0)), (x0 + 1, px - x0)):
                if 0 <= cy < h and 0 <= cx < w:
                    columns[b, ch, k, y, xx] += wy * wx * x[b, ch, cy, cx]
        columns[b, ch, k, y, xx] *= mask[b, g * 9 + k, y, xx]
    return torch.einsum("nckhw,ock->nohw", columns, weight.flatten(2)) + bias[:, None, None]


def test_parameter_counts_of_the_released_models():
    for name, (options, parameters, tensors) in RELEASED.items():
        with torch.device("meta"):
            state = EDVR(options).state_dict()
        assert sum(t.numel() for t in state.values()) == parameters, name
        assert len(state) == tensors, name


def test_a_deeper_network_begins_as_the_smaller_one():
    torch.manual_seed(1)
    options = Options(
        numFeat=8, numFrame=3, numExtractBlock=0, numReconstructBlock=2, withTsa=False, featureStride=1, reconstructStride=1,
        tail="light", alignReference=False, alignment="flow",
    )
    small, deep = EDVR(options), EDVR(replace(options, numReconstructBlock=5))
    deep.load_state_dict(grown(deep, small.state_dict()))
    window = torch.rand(1, 3, 3, 16, 24)
    torch.testing.assert_close(deep(window), small(window))
    longer = EDVR(replace(options, numFrame=5))
    longer.load_state_dict(grown(longer, small.state_dict()))
    frames = torch.rand(5, 1, 8, 4, 4)
    with torch.no_grad():
        # Black frames at the ends: what is left is the smaller network's fusion.
        frames[0] = frames[4] = 0
        torch.testing.assert_close(longer.fusion(torch.cat(list(frames), 1)), small.fusion(torch.cat(list(frames[1:4]), 1)))


def test_windows_cut_on_the_device_show_their_truth():
    track = TRACKS["edvr-s-clean-x4"]
    rng = np.random.default_rng(1)
    high = rng.integers(0, 256, (2, FRAMES, track.side, track.side, 3), dtype=np.uint8)
    low = np.stack([np.stack(clean(rng, list(clip), 4)[0]) for clip in high])
    with tempfile.TemporaryDirectory() as folder:
        shard = Path(folder, "shard-0000")
        shard.mkdir()
        np.save(shard / "lr.npy", low)
        np.save(shard / "hr.npy", high[:, list(KEPT)])
        (shard / "meta.json").write_text(json.dumps({"sequences": [{"kernel": "bicubic"}] * 2}))
        resident = Resident(Sequences(Path(folder), track), "cpu", capacity=3)
        window, truth, _ = resident.batch(rng, 16)
    assert window.shape == (16, 5, 3, track.patch, track.patch)
    for middle, whole in zip(window[:, 2], truth, strict=True):
        shrunk = clean(rng, [(255 * whole).round().byte().permute(1, 2, 0).numpy()], 4)[0][0]
        # The patch's borders saw what lies beyond it.
        inner = slice(2, -2)
        np.testing.assert_allclose(255 * middle.permute(1, 2, 0)[inner, inner], shrunk[inner, inner], atol=1.01)


def test_pixels_of_blocks_come_from_where_the_flow_points():
    torch.manual_seed(1)
    stride, h, w = 4, 3, 4
    align = FlowAlignment(5, stride)
    frame, flow = torch.rand(1, 3, stride * h, stride * w), 3 * torch.randn(1, 2, h, w)
    with torch.no_grad():
        align.offset.normal_()
        out = align(frame, flow)[0]
    row, column = 1, 2
    offset = align.offset.detach().view(stride, stride, 2) + flow[0, :, row, column]
    expected = align.bias.detach().clone()
    for ky in range(stride):
        for kx in range(stride):
            y = stride * row + ky + offset[ky, kx, 0].item()
            x = stride * column + kx + offset[ky, kx, 1].item()
            for iy in (math.floor(y), math.floor(y) + 1):
                for ix in (math.floor(x), math.floor(x) + 1):
                    if 0 <= iy < stride * h and 0 <= ix < stride * w:
                        share = (1 - abs(y - iy)) * (1 - abs(x - ix))
                        expected += share * (align.weight.detach()[:, :, ky, kx] @ frame[0, :, iy, ix])
    torch.testing.assert_close(out[:, row, column], torch.where(expected > 0, expected, 0.1 * expected))


def test_deformable_convolution_equals_the_naive_loop():
    torch.manual_seed(1)
    n, c, o, h, w, groups = 2, 4, 3, 5, 7, 2
    x = torch.randn(n, c, h, w, dtype=torch.float64)
    # Offsets of several pixels on a 5x7 image: many samples fall outside or on the border.
    offset = torch.randn(n, 18 * groups, h, w, dtype=torch.float64) * 3
    mask = torch.rand(n, 9 * groups, h, w, dtype=torch.float64)
    weight = torch.randn(o, c, 3, 3, dtype=torch.float64)
    bias = torch.randn(o, dtype=torch.float64)
    got = deformable_conv(x, offset, mask, weight, bias, groups)
    torch.testing.assert_close(got, naive(x, offset, mask, weight, bias, groups), rtol=0, atol=1e-12)


def test_sizes_that_are_no_multiple_are_padded_and_cropped():
    live = EDVR(Options(8, 3, 2, 1, 1, 12, featureStride=2, tail="light", alignReference=False))
    assert live(torch.rand(1, 3, 3, 18, 21)).shape == (1, 3, 72, 84)
    assert EDVR(Options(8, 3, 2, 1, 1, hrIn=True, withPredeblur=True))(torch.rand(1, 3, 3, 36, 52)).shape == (1, 3, 36, 52)


def test_the_flow_of_a_known_motion():
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(96.0), indexing="ij")

    def frame(dy, dx, shrink):
        waves = zip((5.3, 7.9, 13.1, 22.7, 41.0), torch.arange(5) * 1.1, strict=True)
        light = sum(torch.sin(2 * math.pi * (torch.cos(a) * (x - dx) + torch.sin(a) * (y - dy)) / (p * shrink) + a) for p, a in waves)
        return (0.5 + 0.07 * light).expand(1, 3, -1, -1)

    # Features at a quarter of the size look for the motion at half of it: the same picture twice as large.
    for stride, shrink, grid in ((1, 1, 1), (2, 1, 2), (4, 2, 4)):
        for dy, dx in ((0.5, -0.25), (-2.3, 1.6), (3.4, -4.7)):
            still, moved = (luma_pyramid(frame(*motion, shrink), stride) for motion in ((0, 0), (dy, dx)))
            flow = optical_flow(still, moved, stride)
            assert flow.shape[-2:] == (64 // grid, 96 // grid)
            edge = 14 // grid
            error = (flow - torch.tensor([dy, dx]).view(1, 2, 1, 1)).norm(dim=1)[:, edge:-edge, edge:-edge]
            assert error.quantile(0.9) < 0.1 * shrink


if __name__ == "__main__":
    for test in [value for key, value in list(globals().items()) if key.startswith("test_")]:
        test()
        print("passed", test.__name__.removeprefix("test_").replace("_", " "))
