"""Windows made while training: a photograph, and views of it a random motion away; rendered sequences are few beside them.

The motion is a shift, at times with a little rotation, zoom and shear: from parts of a pixel, where what is between the
pixels must be learnt, to ten. Nothing occludes; the rendered sequences teach that.
"""

from pathlib import Path

import cv2
import numpy as np

import photographs
from tracks import Track

LONGEST = 1200
# Of a shift, in pixels of the truth; how often each.
REACHES, REACH_SHARES = (3.0, 12.0, 40.0), (0.4, 0.4, 0.2)
UNEVEN, BENT, BEND = 0.15, 0.4, 0.012
# Input pixels around the patch, so that its borders are not the picture's.
MARGIN = 4


class Moves:
    """Random windows as sequences.py gives them; the motion is left out, no loss asks for it."""

    def __init__(self, folders: list[Path], track: Track):
        self.track = track
        self.side = track.options.upscale * (track.patch + 2 * MARGIN)
        shrunk = (self.shrink(photographs.load(file)) for file in photographs.find(folders))
        self.pictures = [picture for picture in shrunk if min(picture.shape[:2]) >= self.side]

    @staticmethod
    def shrink(picture: np.ndarray) -> np.ndarray:
        factor = LONGEST / max(picture.shape[:2])
        return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else picture

    def sample(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        picture = self.pictures[rng.integers(len(self.pictures))]
        y, x = (int(rng.integers(0, size - self.side + 1)) for size in picture.shape[:2])
        truth = picture[y : y + self.side, x : x + self.side]
        views = self.neighbours(rng, picture, np.array([x, y]))
        half = len(views) // 2
        clip = [*views[:half], truth, *views[half:]]
        low, _ = self.track.degrade(rng, clip, self.track.options.upscale)
        cut = MARGIN * self.track.options.upscale
        window, truth = np.stack(low)[:, MARGIN:-MARGIN, MARGIN:-MARGIN], truth[cut:-cut, cut:-cut]
        turns, flip = rng.integers(4), rng.random() < 0.5
        window, truth = np.rot90(window, turns, (1, 2)), np.rot90(truth, turns)
        if flip:
            window, truth = window[:, :, ::-1], truth[:, ::-1]
        return window.transpose(0, 3, 1, 2), truth.transpose(2, 0, 1), np.zeros((2, 3, 1, 1), np.float32)

    def neighbours(self, rng: np.random.Generator, picture: np.ndarray, corner: np.ndarray) -> list[np.ndarray]:
        """What is seen some moments before and after at the truth's place: a motion that hardly changes; Lanczos, once."""
        reach = rng.choice(REACHES, p=REACH_SHARES)
        velocity = rng.uniform(-reach, reach, 2)
        bend = BEND if rng.random() < BENT else 0.0
        middle = np.full(2, (self.side - 1) / 2)
        views, half = [], self.track.options.numFrame >> 1
        for moment in (*range(-half, 0), *range(1, half + 1)):
            matrix = np.eye(2) + rng.normal(0, bend, (2, 2))
            shift = moment * velocity + rng.normal(0, UNEVEN * reach, 2)
            place = np.column_stack((matrix, middle - matrix @ middle + shift + corner))
            flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
            views.append(cv2.warpAffine(picture, place, (self.side, self.side), flags=flags, borderMode=cv2.BORDER_REFLECT_101))
        return views
