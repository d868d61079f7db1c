"""The photographs: found under --data, non-photographs and held-out pictures left out by name, JPEG traces shrunk away."""

import fnmatch
from pathlib import Path

import cv2
import numpy as np

LONGEST = 2048
EXCLUDED = Path(__file__).with_name("excluded.txt")


def excluded_patterns() -> list[str]:
    lines = EXCLUDED.read_text().splitlines()
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]


def find(folders: list[Path]) -> list[Path]:
    """Every usable photograph under the folders, sorted by name so that a seed means the same everywhere."""
    patterns = excluded_patterns()
    files = [f for folder in folders for f in folder.rglob("*") if f.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"}]
    usable = [f for f in files if not any(fnmatch.fnmatch(f"{f.parent.name}/{f.name}", p) for p in patterns)]
    return sorted(usable, key=lambda f: f.name)


def load(file: Path) -> np.ndarray:
    """(h, w, 3) uint8 RGB, at most 2048 pixels long; a JPEG or WebP is shrunk by 1.5 at least."""
    image = cv2.cvtColor(cv2.imread(str(file), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    height, width = image.shape[:2]
    shrink = max(max(height, width) / LONGEST, 1.0 if file.suffix == ".png" else 1.5)
    if shrink == 1:
        return image
    return cv2.resize(image, (round(width / shrink), round(height / shrink)), interpolation=cv2.INTER_AREA)
