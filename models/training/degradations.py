"""What stands between a scene and the video that arrives: lens, sensor, image processor, encoder.

Every degradation takes a clip of (h, w, 3) uint8 RGB frames and returns as many, at 1/scale of the size, with a record of
what was done: numbers for `meta.json`, by which sequences.py weighs.
"""

import cv2
import numpy as np

from codec import h264, h265
from resample import resize, to_uint8

Clip = list[np.ndarray]
CLEAN = 0.35
# Of `camera`: a sharp and quiet picture of which only the encoder took something, as from a film or a good camera by day.
ENCODER_ALONE = 0.35
# Of a blur's kernel, from its centre.
REACH = 7
PRESETS, PRESET_SHARES = ("veryfast", "superfast", "ultrafast"), (0.5, 0.25, 0.25)


def clean(rng: np.random.Generator, clip: Clip, scale: int) -> tuple[Clip, dict]:
    """The papers' degradation: MATLAB-like bicubic, nothing else."""
    height, width, _ = clip[0].shape
    return [to_uint8(resize(frame, height // scale, width // scale)) for frame in clip], {"kernel": "bicubic"}


def encoded(rng: np.random.Generator, clip: Clip, scale: int) -> tuple[Clip, dict]:
    """Bicubic, area or Gaussian kernel, white noise, H.264; a CLEAN share is `clean`."""
    if rng.random() < CLEAN:
        return clean(rng, clip, scale)
    height, width, _ = clip[0].shape
    kernel = str(rng.choice(["bicubic", "area", "gaussian"], p=[0.65, 0.2, 0.15]))
    sigma = round(float(rng.uniform(1.1, 2.2)), 1)
    low = [resize(frame, height // scale, width // scale, kernel, sigma) for frame in clip]
    low, warm_up = run_up(rng, low)
    noise = float(rng.choice([0.0, rng.uniform(0.3, 3.5)], p=[0.6, 0.4]))
    if noise:
        low = [frame + rng.normal(0, noise, frame.shape).astype(np.float32) for frame in low]
    crf = int(rng.integers(18, 33))
    preset = str(rng.choice(PRESETS, p=PRESET_SHARES))
    decoded = h264([to_uint8(frame) for frame in low], crf, preset)[-len(clip) :]
    return decoded, {"kernel": kernel, "sigma": sigma, "noise": round(noise, 2), "crf": crf, "preset": preset, "warmUp": warm_up}


def camera(rng: np.random.Generator, clip: Clip, scale: int) -> tuple[Clip, dict]:
    """A whole camera: lens blur, area or bicubic sampling, mosaic, noise, sharpening, H.264 or H.265; or the encoder alone."""
    height, width, _ = clip[0].shape
    alone = bool(rng.random() < ENCODER_ALONE)
    lens, blur = ("none", np.ones((1, 1), np.float32)) if alone else random_blur(rng)
    kernel = str(rng.choice(["bicubic", "area"]))
    low = [cv2.filter2D(frame.astype(np.float32), -1, blur, borderType=cv2.BORDER_REFLECT_101) for frame in clip]
    if scale > 1:
        low = [resize(frame, height // scale, width // scale, kernel) for frame in low]
    low, warm_up = run_up(rng, low)
    shot, read = float(rng.uniform(0, 0.25)), float(rng.uniform(0, 4.0))
    mosaic, correlated = bool(rng.random() < 0.3), bool(rng.random() < 0.4)
    sharpening = round(float(rng.choice([0.0, rng.uniform(0.2, 1.0)])), 2)
    if alone:
        shot, read, mosaic, sharpening = 0.0, 0.0, False, 0.0
    taken = [sharpen(sensor(rng, frame, shot, read, mosaic, correlated), sharpening) for frame in low]
    crf = int(rng.integers(20, 33))
    codec = str(rng.choice(["h264", "h265"], p=[0.75, 0.25]))
    preset = str(rng.choice(PRESETS, p=PRESET_SHARES))
    decoded = (h264 if codec == "h264" else h265)([to_uint8(frame) for frame in taken], crf, preset)[-len(clip) :]
    return decoded, {
        "lens": lens, "kernel": kernel, "shot": round(shot, 3), "noise": round(read, 2), "mosaic": mosaic, "correlated": correlated,
        "sharpening": sharpening, "codec": codec, "crf": crf, "preset": preset, "warmUp": warm_up,
    }


def blurred(rng: np.random.Generator, clip: Clip, scale: int) -> tuple[Clip, dict]:
    """A lens out of focus or a moving camera, a quiet sensor; half of it through H.264 that takes little."""
    lens, blur = random_blur(rng, stronger=True)
    low = [cv2.filter2D(frame.astype(np.float32), -1, blur, borderType=cv2.BORDER_REFLECT_101) for frame in clip]
    low, warm_up = run_up(rng, low)
    noise = round(float(rng.uniform(0, 2)), 2)
    taken = [to_uint8(frame + rng.normal(0, noise, frame.shape).astype(np.float32)) for frame in low]
    done = {"lens": lens, "kernel": "none", "noise": noise}
    if rng.random() < 0.5:
        return taken[-len(clip) :], done
    crf, preset = int(rng.integers(14, 25)), str(rng.choice(PRESETS, p=PRESET_SHARES))
    return h264(taken, crf, preset)[-len(clip) :], done | {"crf": crf, "preset": preset, "warmUp": warm_up}


def run_up(rng: np.random.Generator, clip: Clip) -> tuple[Clip, int]:
    """The encoder sees some of the clip backwards first: P frames far from the I frame too, at no cost in rendering."""
    frames = int(rng.integers(0, len(clip)))
    return clip[frames:0:-1] + clip, frames


def random_blur(rng: np.random.Generator, stronger: bool = False) -> tuple[str, np.ndarray]:
    """A lens or the shutter: isotropic or anisotropic Gaussian, defocus disc, straight motion; the kernel sums to one."""
    shares = [0.08, 0.25, 0.17, 0.2, 0.3] if stronger else [0.2, 0.3, 0.2, 0.15, 0.15]
    kind = str(rng.choice(["none", "isotropic", "anisotropic", "defocus", "motion"], p=shares))
    turn = rng.uniform(0, np.pi)
    x, y, along, across = turned(turn)
    wide, narrow, radius, length = rng.uniform(0.4, 1.8), rng.uniform(0.3, 1.0), rng.uniform(0.8, 2.5), rng.uniform(1.5, 6)
    if stronger:
        wide, radius, length = wide + 0.4, radius + 0.2, 1.8 * length
    kernel = {
        "none": lambda: (np.hypot(x, y) < 0.5).astype(np.float64),
        "isotropic": lambda: np.exp(-(x**2 + y**2) / (2 * wide**2)),
        "anisotropic": lambda: np.exp(-(along**2) / (2 * wide**2) - across**2 / (2 * (wide * narrow) ** 2)),
        # Edges one pixel soft: the disc and the line are drawn without stairs.
        "defocus": lambda: np.clip(radius + 0.5 - np.hypot(x, y), 0, 1),
        "motion": lambda: line(length, turn),
    }[kind]()
    return kind, (kernel / kernel.sum()).astype(np.float32)


def turned(angle: float) -> tuple[np.ndarray, ...]:
    """x and y of a kernel's places around its centre, and the same along and across a direction."""
    y, x = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1].astype(np.float64)
    return x, y, np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x


def line(length: float, angle: float) -> np.ndarray:
    """A straight motion of `length` pixels while the shutter is open; float32, sums to one."""
    *_, along, across = turned(angle)
    kernel = np.clip((length + 1) / 2 - np.abs(along), 0, 1) * np.clip(1 - np.abs(across), 0, 1)
    return (kernel / kernel.sum()).astype(np.float32)


def sensor(
    rng: np.random.Generator, frame: np.ndarray, shot: float, read: float, mosaic: bool, correlated: bool
) -> np.ndarray:
    """Poisson-Gaussian noise of variance shot · value + read², white or spread over neighbours, behind a Bayer mosaic or not."""
    noise = rng.standard_normal(frame.shape).astype(np.float32)
    if correlated:
        # As an image processor leaves it: blurred, at the same strength.
        noise = cv2.GaussianBlur(noise, (0, 0), 0.7)
        noise /= noise.std()
    noisy = frame + noise * np.sqrt(np.maximum(shot * frame, 0) + read**2)
    return demosaiced(noisy) if mosaic else noisy


def demosaiced(frame: np.ndarray) -> np.ndarray:
    """One colour a pixel (RGGB), the others from the pixels around it, bilinear."""
    raw = to_uint8(frame)
    mosaic = raw[..., 1].copy()
    mosaic[::2, ::2], mosaic[1::2, 1::2] = raw[::2, ::2, 0], raw[1::2, 1::2, 2]
    return cv2.cvtColor(mosaic, cv2.COLOR_BAYER_RGGB2RGB).astype(np.float32)


def sharpen(frame: np.ndarray, amount: float) -> np.ndarray:
    """Unsharp mask of σ 1, with its halos."""
    return frame + amount * (frame - cv2.GaussianBlur(frame, (0, 0), 1.0)) if amount else frame
