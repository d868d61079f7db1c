"""Held-out clips from sources that no training set has: Kodak's photographs in synthetic motion, films with real motion.

    python heldout.py --kodak DIR --films DIR --out DIR

Writes folders of PNGs, one per clip, for `limpid evaluate --gt OUT/gt-real --lq OUT/lq-crf25-real`: ground truth
(gt-synthetic, gt-real), and what each track is measured on. Deterministic.

- ×4: MATLAB-like bicubic ×1/4 without anything else (lq-clean-…), and the same after H.264 (x264, zerolatency, GOP 50,
  veryfast, CRF 23, 25, 28, 30; lq-crf23-… and so on)
- ×4 as a camera's second stream has it (lq-x4-camera-…): a Gaussian lens of σ 1.2 of the truth's pixels, area sampling, shot
  and read noise, H.264 at CRF 26
- ×2: bicubic ×1/2 alone and at CRF 25 and 28 (lq-x2-clean-…, lq-x2-crf25-…)
- ×1: what a camera does (lq-camera-…): a Gaussian lens of σ 1.2, shot and read noise, H.264 at CRF 26; and H.264 at CRF 28
  alone (lq-x1-crf28-…)
- deblurring: a Gaussian lens of σ 1.6 (lq-soft-…), a straight shake of six pixels and H.264 at CRF 18 (lq-shaken-…), each with
  noise of σ 1
"""

import argparse
from pathlib import Path

import av
import cv2
import numpy as np

from codec import h264
from degradations import line, sensor
from motion import Layer, blob, random_path, render
from resample import resize, to_uint8

FRAMES = 12
# Scale over one, name's prefix, what the encoder does.
ENCODED = ((4, "", (23, 25, 28, 30)), (2, "x2-", (25, 28)))
LENS, SHOT, READ, CAMERA_CRF, WATCHED_CRF = 1.2, 0.1, 3.0, 26, 28
# At a quarter of the size four by four pixels share their noise.
SUBSTREAM_SHOT, SUBSTREAM_READ = 0.05, 2.0
SOFT, SHAKE, SHAKE_DEGREES, QUIET, SHAKEN_CRF = 1.6, 6.0, 30.0, 1.0, 18
SYNTHETIC_SIZE = (512, 320)
# Kodak's number of the background, of the picture the moving layer is cut from, speed in pixels a frame, shutter.
SYNTHETIC = [(1, 23, 3.0, 0), (5, 15, 1.2, 0), (8, 4, 6.0, 0), (13, 7, 2.0, 0), (19, 20, 4.0, 0.3), (24, 3, 0.5, 0)]
# File, first frame, how much it is shrunk so that its own compression disappears.
REAL = [
    ("flower.mp4", 30, 2.0),
    ("tears.webm", 400, 2.0),
    ("tears.webm", 1100, 2.0),
    ("big_buck_bunny_0_30.webm", 300, 2.5),
    ("doc_medias_example2.mp4", 10, 2.0),
]


def synthetic(folder: Path, number: int, front: int, speed: float, shutter: float) -> list[np.ndarray]:
    """A Kodak photograph under a moving camera, a piece of another moving in front of it."""
    rng = np.random.default_rng([7, number])
    back, texture = (cv2.imread(str(folder / f"{n}.png"))[:, :, ::-1] for n in (number, front))
    if back.shape[0] > back.shape[1]:
        back = np.rot90(back)
    origin = np.array([back.shape[1] / 2, back.shape[0] / 2])
    side = 150
    path = random_path(rng, np.zeros(2), 1.5 * speed, 1.0)
    path.origin = np.array([side / 2, side / 2]) - rng.uniform(-80, 80, 2) - path.velocity * FRAMES / 2
    cut = np.ascontiguousarray(texture[150 : 150 + side, 200 : 200 + side])
    layers = [Layer(np.ascontiguousarray(back), None, random_path(rng, origin, speed, 0.95)), Layer(cut, blob(rng, side), path)]
    return render(layers, FRAMES, SYNTHETIC_SIZE, shutter)


def real(file: Path, first: int, shrink: float) -> list[np.ndarray]:
    """Frames of a film, shrunk by averaging, cut to multiples of 32."""
    clip: list[np.ndarray] = []
    with av.open(str(file)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index >= first + FRAMES:
                break
            if index >= first:
                image = frame.to_ndarray(format="rgb24")
                size = (round(image.shape[1] / shrink), round(image.shape[0] / shrink))
                image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
                clip.append(image[: size[1] // 32 * 32, : size[0] // 32 * 32])
    if len(clip) < FRAMES:
        raise SystemExit(f"Expected {FRAMES} frames from {first} of {file.name} but it has {len(clip)}")
    return clip


def write(folder: Path, clip: list[np.ndarray]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index, image in enumerate(clip):
        cv2.imwrite(str(folder / f"{index:03d}.png"), np.ascontiguousarray(image[:, :, ::-1]))


def noisy(clip: list[np.ndarray], shot: float, read: float) -> list[np.ndarray]:
    """Onto a sensor, the same noise for every clip of a size."""
    rng = np.random.default_rng(26)
    return [to_uint8(sensor(rng, image, shot, read, mosaic=False, correlated=False)) for image in clip]


def through_lens(clip: list[np.ndarray], sigma: float) -> list[np.ndarray]:
    return [cv2.GaussianBlur(image.astype(np.float32), (0, 0), sigma) for image in clip]


def shaken(clip: list[np.ndarray]) -> list[np.ndarray]:
    """Every frame exposed while the camera moves straight on."""
    kernel = line(SHAKE, np.radians(SHAKE_DEGREES))
    return [cv2.filter2D(image.astype(np.float32), -1, kernel, borderType=cv2.BORDER_REFLECT_101) for image in clip]


def write_all(out: Path, kind: str, name: str, clip: list[np.ndarray]) -> None:
    """Ground truth and every low-quality version of one clip."""
    height, width, _ = clip[0].shape
    write(out / f"gt-{kind}" / name, clip)
    for scale, prefix, crfs in ENCODED:
        low = [to_uint8(resize(image, height // scale, width // scale)) for image in clip]
        write(out / f"lq-{prefix}clean-{kind}" / name, low)
        for crf in crfs:
            write(out / f"lq-{prefix}crf{crf}-{kind}" / name, h264(low, crf))
    soft = through_lens(clip, LENS)
    substream = [resize(image, height // 4, width // 4, "area") for image in soft]
    write(out / f"lq-x4-camera-{kind}" / name, h264(noisy(substream, SUBSTREAM_SHOT, SUBSTREAM_READ), CAMERA_CRF))
    write(out / f"lq-camera-{kind}" / name, h264(noisy(soft, SHOT, READ), CAMERA_CRF))
    write(out / f"lq-x1-crf{WATCHED_CRF}-{kind}" / name, h264(clip, WATCHED_CRF))
    write(out / f"lq-soft-{kind}" / name, noisy(through_lens(clip, SOFT), 0, QUIET))
    write(out / f"lq-shaken-{kind}" / name, h264(noisy(shaken(clip), 0, QUIET), SHAKEN_CRF))
    print(f"{kind} {name} {width}x{height}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kodak", type=Path, required=True, help="folder of Kodak's 1.png to 24.png")
    parser.add_argument("--films", type=Path, required=True, help="folder of the films in REAL")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    for number, front, speed, shutter in SYNTHETIC:
        write_all(args.out, "synthetic", f"kodak{number:02d}", synthetic(args.kodak, number, front, speed, shutter))
    for file, first, shrink in REAL:
        write_all(args.out, "real", f"{Path(file).stem}-{first}", real(args.films / file, first, shrink))


if __name__ == "__main__":
    main()
