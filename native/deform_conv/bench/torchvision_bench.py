"""Times torchvision's deform_conv2d at the sizes of bench.cu, runs that bench in the same run, and prints the ratios.

    python torchvision_bench.py build/native/deform_conv_bench [repeats]

Needs a GPU, torch and torchvision. Both halves time alike: 512 MB are written before every run, so that L2 is cold and the
host has launched before the timed work begins; the median of `repeats` runs, after three that are not counted. The floor is
the larger of bytes (x, offsets, mask, y once) over a copy's measured rate and operations over a product's measured rate.
"""
import json
import statistics
import subprocess
import sys

SAMPLES = 72  # 8 deformable groups of 9 taps
FLUSH_BYTES = 512 << 20


def median_us(torch, run, repeats, before=lambda: None):
    """Median of `repeats` runs in microseconds, by CUDA events; `before` is not timed."""
    times = []
    for i in range(repeats + 3):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        before()
        begin.record()
        run()
        end.record()
        end.synchronize()
        if i >= 3:
            times.append(begin.elapsed_time(end) * 1000)
    return statistics.median(times)


def torchvision_us(torch, torchvision, channels, height, width, dtype, repeats):
    """One size, L2 cold, in microseconds."""
    generator = torch.Generator("cuda").manual_seed(1)
    draw = lambda *shape: torch.rand(shape, generator=generator, device="cuda", dtype=torch.float32)
    x = (draw(1, channels, height, width) * 2 - 1).to(dtype)
    offset = (draw(1, 2 * SAMPLES, height, width) * 6 - 3).to(dtype)
    mask = draw(1, SAMPLES, height, width).to(dtype)
    weight = (draw(channels, channels, 3, 3) * 0.1 - 0.05).to(dtype)
    bias = draw(channels).to(dtype)
    flushed = torch.empty(FLUSH_BYTES, dtype=torch.uint8, device="cuda")
    run = lambda: torchvision.ops.deform_conv2d(x, offset, weight, bias, padding=1, mask=mask)
    return median_us(torch, run, repeats, before=flushed.zero_)


def rates(torch):
    """What this GPU reaches: bytes a microsecond of a copy, operations a microsecond of a product, by type."""
    data = torch.empty(1 << 30, dtype=torch.uint8, device="cuda")
    copied = torch.empty_like(data)
    bytes_a_us = 2 * data.numel() / median_us(torch, lambda: copied.copy_(data), 10)
    product = {}
    for name, dtype in (("fp16", torch.float16), ("fp32", torch.float32)):
        a = torch.randn(8192, 8192, device="cuda", dtype=dtype)
        product[name] = 2 * 8192**3 / median_us(torch, lambda: a @ a, 5)
    return bytes_a_us, product


def floor_us(channels, pixels, kind, bytes_a_us, product):
    """The larger of the two floors, and which of them it is."""
    moved = pixels * (2 * channels + 3 * SAMPLES) * (2 if kind == "fp16" else 4)
    operations = 2 * pixels * channels * channels * 9
    return max((moved / bytes_a_us, "bytes"), (operations / product[kind], "operations"))


def main(bench, repeats=50):
    running = subprocess.Popen([bench, str(repeats)], stdout=subprocess.PIPE, text=True)
    import torch  # seconds of reading, while the bench has the GPU for itself
    import torchvision

    lines = running.communicate()[0].splitlines()
    print(*lines, sep="\n", flush=True)
    print(f"# {torch.cuda.get_device_name()}, torch {torch.__version__}, torchvision {torchvision.__version__}")
    bytes_a_us, product = rates(torch)
    print(f"# measured: copy {bytes_a_us / 1e6:.2f} TB/s, product fp16 {product['fp16'] / 1e6:.0f}, "
          f"fp32 {product['fp32'] / 1e6:.1f} TFLOP/s", flush=True)
    theirs = {}
    for row in (json.loads(line) for line in lines if line.startswith("{")):
        width, height = map(int, row["size"].split("x"))
        key = (row["channels"], height, width, row["type"])
        if key not in theirs:
            dtype = torch.float16 if row["type"] == "fp16" else torch.float32
            theirs[key] = torchvision_us(torch, torchvision, *key[:3], dtype, repeats)
        floor, which = floor_us(row["channels"], height * width, row["type"], bytes_a_us, product)
        print(f"{row['form']:14} {row['type']} {row['layout']} {row['channels']:4} ch {row['size']:>9} "
              f"{row['us']:9.1f} us (p95 {row['p95']:.1f}, warm {row['warm']:.1f})   torchvision {theirs[key]:9.1f} us "
              f"{theirs[key] / row['us']:6.2f}x   floor {floor:7.1f} us ({which}) reached {100 * floor / row['us']:5.1f} %   "
              f"error {row['error']:.1e}", flush=True)
    if running.returncode != 0:
        sys.exit(f"torchvision_bench: {bench} ended with {running.returncode}")


main(sys.argv[1], *map(int, sys.argv[2:3]))
