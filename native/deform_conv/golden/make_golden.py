"""Makes golden.bin: 50 random problems as onnxruntime's DeformConv (CPU, opset 19) answers them.

Inputs are not stored: the test draws them again from each problem's seed (the generator is `Draw` in test/draw.h).
Needs numpy, onnx and onnxruntime >= 1.25.1:  python make_golden.py golden.bin
"""
import random
import struct
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

PROBLEMS = 50
NAMES = ("batch", "channels", "height", "width", "out", "kh", "kw", "sh", "sw", "ph", "pw", "dh", "dw", "groups", "dg")


class Draw:
    """Numbers k / 32768 in [-1, 1): exact in fp32, the same in C++."""

    def __init__(self, seed):
        self.state = seed & 0xFFFFFFFF

    def array(self, shape, scale=1.0, shift=0.0):
        count = int(np.prod(shape))
        values = np.empty(count, np.float32)
        for i in range(count):
            self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
            values[i] = ((self.state >> 16) - 32768) / 32768
        return (values * np.float32(scale) + np.float32(shift)).reshape(shape)


def problem(rng):
    """Odd sizes, any groups; the output stays small so that the file does."""
    while True:
        groups = rng.choice([1, 1, 2, 3, 4])
        dg = rng.choice([1, 2, 4, 8])
        channels = groups * dg * rng.choice([1, 1, 2])
        p = dict(
            batch=rng.choice([1, 2]), channels=channels, height=rng.randint(3, 11), width=rng.randint(3, 13),
            out=groups * rng.choice([1, 2, 3]), kh=rng.choice([1, 2, 3]), kw=rng.choice([1, 3, 5]),
            sh=rng.choice([1, 1, 2]), sw=rng.choice([1, 1, 2]), ph=rng.choice([0, 1, 2]), pw=rng.choice([0, 1, 2]),
            dh=rng.choice([1, 1, 2]), dw=rng.choice([1, 1, 2]), groups=groups, dg=dg,
        )
        oh = (p["height"] + 2 * p["ph"] - p["dh"] * (p["kh"] - 1) - 1) // p["sh"] + 1
        ow = (p["width"] + 2 * p["pw"] - p["dw"] * (p["kw"] - 1) - 1) // p["sw"] + 1
        if oh > 0 and ow > 0 and p["batch"] * p["out"] * oh * ow <= 1200:
            return p, oh, ow


def answer(p, oh, ow, seed, reach):
    """(batch, out, oh, ow) fp32. Offsets reach `reach` pixels, beyond every border when that is large."""
    draw = Draw(seed)
    taps = p["kh"] * p["kw"]
    feeds = {
        "x": draw.array((p["batch"], p["channels"], p["height"], p["width"])),
        "w": draw.array((p["out"], p["channels"] // p["groups"], p["kh"], p["kw"])),
        "offset": draw.array((p["batch"], 2 * taps * p["dg"], oh, ow), reach),
        "b": draw.array((p["out"],)),
        "mask": draw.array((p["batch"], taps * p["dg"], oh, ow), 0.5, 0.5),
    }
    node = helper.make_node(
        "DeformConv", list(feeds), ["y"], kernel_shape=[p["kh"], p["kw"]], strides=[p["sh"], p["sw"]],
        pads=[p["ph"], p["pw"]] * 2, dilations=[p["dh"], p["dw"]], group=p["groups"], offset_group=p["dg"],
    )
    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph([node], "golden", [value(k, v.shape) for k, v in feeds.items()], [value("y", None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)[0]


def main(path):
    rng = random.Random(7)
    with open(path, "wb") as file:
        file.write(struct.pack("<4sI", b"DCN2", PROBLEMS))
        for index in range(PROBLEMS):
            p, oh, ow = problem(rng)
            seed, reach = rng.getrandbits(32), rng.choice([0.0, 1.0, 4.0, 40.0])
            y = answer(p, oh, ow, seed, reach).astype("<f4")
            file.write(struct.pack("<15iIfI", *(p[name] for name in NAMES), seed, reach, y.size))
            file.write(y.tobytes())


main(sys.argv[1])
