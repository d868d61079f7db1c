"""Synthetic video from photographs: a smooth camera path over one picture, soft-edged layers of others in front.

Places are homographies from output pixels to source pixels, so every frame is sampled once, directly from the
photograph (Lanczos, 1/32 pixel), and nothing is resampled twice.
"""

from dataclasses import dataclass

import cv2
import numpy as np

SUBFRAMES = 5
LANCZOS = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
CUBIC = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP


@dataclass
class Path:
    """A smooth motion: pan with acceleration, hand shake, zoom, rotation, perspective; times count in frames."""

    origin: np.ndarray
    velocity: np.ndarray
    acceleration: np.ndarray
    shake: np.ndarray
    zoom: float
    zoom_rate: float
    angle: float
    spin: float
    tilt: np.ndarray

    def place(self, time: float, size: tuple[int, int]) -> np.ndarray:
        """The homography (3, 3), output pixel -> source pixel, at `time`; size is the output's (w, h)."""
        amplitude, frequency, phase = self.shake
        wobble = (amplitude * np.sin(frequency * time + phase)).sum(-1)
        x, y = self.origin + self.velocity * time + self.acceleration * time**2 / 2 + wobble
        scale = self.zoom * np.exp(self.zoom_rate * time)
        turn = self.angle + self.spin * time
        c, s = scale * np.cos(turn), scale * np.sin(turn)
        half_w, half_h = (size[0] - 1) / 2, (size[1] - 1) / 2
        center = np.array([[1, 0, -half_w], [0, 1, -half_h], [0, 0, 1.0]])
        tilt = np.eye(3)
        tilt[2, :2] = self.tilt * time
        move = np.array([[c, -s, x], [s, c, y], [0, 0, 1.0]])
        return move @ tilt @ center


def random_path(rng: np.random.Generator, origin: np.ndarray, speed: float, zoom: float, wild: float = 1.0) -> Path:
    """A path from `origin` (source pixels) at `speed` pixels a frame; `wild` scales zoom, spin, tilt and shake."""
    direction = rng.uniform(0, 2 * np.pi)
    velocity = speed * np.array([np.cos(direction), np.sin(direction)])
    some = lambda chance, value: value * wild if rng.random() < chance else 0.0  # noqa: E731
    waves = (2, 3)
    shaking = some(0.5, 10 ** rng.uniform(-0.8, 0.5))
    shake = np.stack((rng.normal(0, shaking, waves), rng.uniform(0.2, 1.8, waves), rng.uniform(0, 6.3, waves)))
    return Path(
        origin=origin,
        velocity=velocity,
        acceleration=rng.normal(0, 0.04, 2) * speed,
        shake=shake,
        zoom=zoom,
        zoom_rate=some(0.4, rng.normal(0, 0.006)),
        angle=rng.choice([0.0, rng.normal(0, 0.1)]),
        spin=some(0.35, rng.normal(0, 0.006)),
        tilt=np.array([some(0.3, rng.normal(0, 4e-6)), some(0.3, rng.normal(0, 4e-6))]),
    )


def blob(rng: np.random.Generator, size: int) -> np.ndarray:
    """A soft-edged random shape, (size, size) float32 in [0, 1], zero at its border."""
    noise = cv2.resize(rng.normal(0, 1, (5, 5)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    radius = np.hypot(axis[:, None], axis[None, :] * rng.uniform(0.7, 1.4))
    field = 0.75 - radius + 0.22 * noise
    softness = size * 10 ** rng.uniform(-2.6, -1.4)
    mask = np.clip(0.5 + field * size / 2 / softness, 0, 1)
    border = np.clip((1 - np.maximum(*np.meshgrid(np.abs(axis), np.abs(axis)))) * size / 4, 0, 1)
    return mask * border


@dataclass
class Layer:
    """One moving picture; `alpha` is None for the background. `texture` is (h, w, 3) uint8."""

    texture: np.ndarray
    alpha: np.ndarray | None
    path: Path


def draw(layers: list[Layer], time: float, size: tuple[int, int]) -> np.ndarray:
    """All layers at one instant: (h, w, 3) uint8."""
    back = layers[0]
    canvas = cv2.warpPerspective(back.texture, back.path.place(time, size), size, flags=LANCZOS, borderMode=cv2.BORDER_REFLECT_101)
    for layer in layers[1:]:
        place = layer.path.place(time, size)
        alpha = cv2.warpPerspective(layer.alpha, place, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        ys, xs = np.nonzero(alpha.max(1))[0], np.nonzero(alpha.max(0))[0]
        if not len(ys):
            continue
        top, bottom, left, right = ys[0], ys[-1] + 1, xs[0], xs[-1] + 1
        shift = np.array([[1, 0, left], [0, 1, top], [0, 0, 1.0]])
        color = cv2.warpPerspective(
            layer.texture, place @ shift, (int(right - left), int(bottom - top)), flags=CUBIC, borderMode=cv2.BORDER_REFLECT_101
        )
        part, a = canvas[top:bottom, left:right], alpha[top:bottom, left:right, None]
        canvas[top:bottom, left:right] = np.rint(part + (color.astype(np.float32) - part) * a).astype(np.uint8)
    return canvas


def render(layers: list[Layer], frames: int, size: tuple[int, int], shutter: float = 0.0) -> list[np.ndarray]:
    """A clip; with a shutter (fraction of the frame time) the light of several instants is averaged, linearly."""
    if not shutter:
        return [draw(layers, t, size) for t in range(frames)]
    to_light = (np.arange(256) / 255.0) ** 2.2
    clip = []
    for t in range(frames):
        instants = t + shutter * (np.arange(SUBFRAMES) / (SUBFRAMES - 1) - 0.5)
        light = np.mean([to_light[draw(layers, instant, size)] for instant in instants], 0)
        clip.append(np.rint(255 * light ** (1 / 2.2)).astype(np.uint8))
    return clip
