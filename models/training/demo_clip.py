"""Renders the clip of `limpid demo`: three scenes from photographs, low resolution and H.264 as a cheap camera has them.

    python demo_clip.py --photos DIR --out FILE [--seed 1]

DIR holds the photographs of SOURCES, unpacked from Debian's lomiri-wallpapers-16.04; none is training material
(excluded.txt). Frames are drawn at 1280x720 and shrunk x4 by area, as a sensor's cells gather light; then noise is added.
"""

import argparse
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

import motion
from resample import to_uint8

SIZE, SCALE, RATE, SCENE = (1280, 720), 4, 25, 100
CRF, GOP = 25, 50
SOURCES = {
    "mountain": "picosdeeuropa_by_Aitzol_Berasategi.jpg",
    "dogs": "friends_by_Aitzol_Berasategi.jpg",
    "creek": "life_by_Aitzol_Berasategi.jpg",
}
# The wooden post in the foreground of "dogs", in pixels of that photograph; its foot is the picture's bottom.
POST = np.array([[1856, 1880], [2036, 1880], [2003, 3087], [1803, 3087]])
POST_MARGIN, POST_SOFTNESS = 60, 5.0


def photograph(folder: Path, scene: str, width: int) -> np.ndarray:
    """A scene's photograph as RGB, shrunk to `width` so that sampling it at zoom 1 does not alias."""
    image = cv2.imread(str(folder / SOURCES[scene]), cv2.IMREAD_COLOR)
    if image is None:
        raise FileNotFoundError(f"Expected a photograph at {folder / SOURCES[scene]} but could not read one")
    height = round(image.shape[0] * width / image.shape[1])
    return cv2.cvtColor(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)


def hand(rng: np.random.Generator, amplitude: float) -> np.ndarray:
    """Hand shake for a motion.Path: slow waves of some `amplitude` (pixels) with random phases."""
    shape = (2, 3)
    return np.stack((rng.normal(0, amplitude, shape), rng.uniform(0.08, 0.35, shape), rng.uniform(0, 2 * np.pi, shape)))


def path(start: tuple, end: tuple, zoom: tuple, shake: np.ndarray, spin: float = 0.0) -> motion.Path:
    """From `start` to `end` (source pixels at the view's centre) in one scene, zooming from zoom[0] to zoom[1]."""
    start, end = np.array(start, float), np.array(end, float)
    return motion.Path(
        origin=start,
        velocity=(end - start) / SCENE,
        acceleration=np.zeros(2),
        shake=shake,
        zoom=zoom[0],
        zoom_rate=np.log(zoom[1] / zoom[0]) / SCENE,
        angle=-spin * SCENE / 2,
        spin=spin,
        tilt=np.zeros(2),
    )


def post(picture: np.ndarray, shake: np.ndarray) -> motion.Layer:
    """The post cut out of the picture of the dogs; it passes from left to right, nearer than all else."""
    corners = POST * picture.shape[0] / 3088
    left, top = np.floor(corners.min(0)).astype(int) - POST_MARGIN
    texture = picture[top:, left:]
    alpha = np.zeros(texture.shape[:2], np.float32)
    cv2.fillPoly(alpha, [np.rint(corners - (left, top)).astype(np.int32)], 1.0, cv2.LINE_8)
    alpha = cv2.GaussianBlur(alpha, (0, 0), POST_SOFTNESS, borderType=cv2.BORDER_REPLICATE)
    center = corners[:, 0].mean() - left
    places = [(center - x + SIZE[0] / 2, SIZE[1] / 2 - 60) for x in (-160, SIZE[0] + 160)]
    return motion.Layer(texture, alpha, path(*places, (1.0, 1.0), shake))


def scenes(folder: Path, rng: np.random.Generator):
    """The layers of each scene, back to front: a pan, a sideways move behind a post, a zoom."""
    picture = photograph(folder, "mountain", 2200)
    yield [motion.Layer(picture, None, path((720, 640), (1440, 620), (1.0, 0.85), hand(rng, 1.0)))]
    picture, shake = photograph(folder, "dogs", 1350), hand(rng, 1.6)
    back = motion.Layer(picture, None, path((695, 850), (600, 830), (1.0, 0.9), shake))
    yield [back, post(picture, shake)]
    picture = photograph(folder, "creek", 1500)
    yield [motion.Layer(picture, None, path((750, 560), (800, 480), (1.0, 0.62), hand(rng, 1.0), spin=0.0003))]


def sensor(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Low resolution with read and shot noise: uint8."""
    low = cv2.resize(image, (SIZE[0] // SCALE, SIZE[1] // SCALE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return to_uint8(low + rng.normal(0, 1, low.shape) * np.sqrt(0.8 + 0.02 * low))


def clip(folder: Path, rng: np.random.Generator):
    """All frames in order, (180, 320, 3) uint8 RGB."""
    for layers in scenes(folder, rng):
        for time in range(SCENE):
            yield sensor(motion.draw(layers, time, SIZE), rng)


def write(frames, file: Path) -> int:
    """Encodes as a live camera does (see codec.py), into an mp4 whose index comes first; returns how many frames."""
    count = 0
    with av.open(str(file), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        options = {"crf": str(CRF), "preset": "veryfast", "tune": "zerolatency"}
        stream = container.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height = SIZE[0] // SCALE, SIZE[1] // SCALE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, RATE)
        stream.codec_context.gop_size = GOP
        stream.codec_context.max_b_frames = 0
        stream.codec_context.thread_count = 1
        for image in frames:
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = count, Fraction(1, RATE)
            container.mux(stream.encode(frame))
            count += 1
        container.mux(stream.encode(None))
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder of the photographs")
    parser.add_argument("--out", type=Path, required=True, help="the mp4 file")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    frames = write(clip(args.photos, np.random.default_rng(args.seed)), args.out)
    print(f"{args.out}: {frames} frames, {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
