"""Times torchvision's deform_conv2d at the sizes of bench.cu, runs that bench in the same run, and prints the ratios.

    python torchvision_bench.py build/native/deform_conv_bench [repeats]

Needs a GPU, torch and torchvision.
"""
import json
import statistics
import subprocess
import sys

import torch
import torchvision


def torchvision_us(channels, height, width, dtype, repeats):
    """Median of `repeats` runs in microseconds, by CUDA events."""
    generator = torch.Generator("cuda").manual_seed(1)
    draw = lambda *shape: torch.rand(shape, generator=generator, device="cuda", dtype=torch.float32)
    x = (draw(1, channels, height, width) * 2 - 1).to(dtype)
    offset = (draw(1, 144, height, width) * 6 - 3).to(dtype)
    mask = draw(1, 72, height, width).to(dtype)
    weight = (draw(channels, channels, 3, 3) * 0.1 - 0.05).to(dtype)
    bias = draw(channels).to(dtype)
    times = []
    for i in range(repeats + 3):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        torchvision.ops.deform_conv2d(x, offset, weight, bias, padding=1, mask=mask)
        end.record()
        end.synchronize()
        if i >= 3:
            times.append(begin.elapsed_time(end) * 1000)
    return statistics.median(times)


def main(bench, repeats=50):
    print(f"# {torch.cuda.get_device_name()}, torch {torch.__version__}, torchvision {torchvision.__version__}")
    lines = subprocess.run([bench, str(repeats)], check=True, capture_output=True, text=True).stdout.splitlines()
    theirs = {}
    for row in map(json.loads, lines):
        width, height = map(int, row["size"].split("x"))
        key = (row["channels"], height, width, row["type"])
        if key not in theirs:
            dtype = torch.float16 if row["type"] == "fp16" else torch.float32
            theirs[key] = torchvision_us(*key[:3], dtype, repeats)
        print(f"{row['form']:14} {row['type']} {row['layout']} {row['channels']:4} ch {row['size']:>9} "
              f"{row['us']:9.1f} us   torchvision {theirs[key]:9.1f} us   {theirs[key] / row['us']:5.2f}x")


main(sys.argv[1], *map(int, sys.argv[2:3]))
