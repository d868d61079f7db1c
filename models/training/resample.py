"""Separable resampling by explicit matrices: MATLAB's imresize and the other kernels a camera may have."""

from functools import lru_cache

import numpy as np


def cubic(x: np.ndarray) -> np.ndarray:
    """Keys' cubic with a = -0.5, as MATLAB uses."""
    x = np.abs(x)
    inner = 1.5 * x**3 - 2.5 * x**2 + 1
    outer = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, inner, np.where(x <= 2, outer, 0.0))


def kernel_weights(kernel: str, distance: np.ndarray, scale: float, sigma: float) -> np.ndarray:
    """Weights by distance in input pixels; `scale` is input over output, widened only when shrinking (antialias)."""
    widen = max(scale, 1.0)
    if kernel == "bicubic":
        return cubic(distance / widen)
    if kernel == "lanczos":
        return np.sinc(distance / widen) * np.sinc(distance / widen / 3) * (np.abs(distance) < 3 * widen)
    if kernel == "area":
        return np.clip(0.5 + widen / 2 - np.abs(distance), 0.0, 1.0)
    if kernel == "gaussian":
        return np.exp(-(distance**2) / (2 * sigma**2))
    raise ValueError(f"Expected bicubic, lanczos, area or gaussian for kernel but received {kernel}")


@lru_cache(maxsize=256)
def matrix(size_in: int, size_out: int, kernel: str = "bicubic", sigma: float = 1.6) -> np.ndarray:
    """(size_out, size_in) float32, rows sum to one; half-pixel centres; edges mirrored, as imresize."""
    scale = size_in / size_out
    reach = int(np.ceil(4 * sigma if kernel == "gaussian" else 3 * max(scale, 1.0))) + 1
    result = np.zeros((size_out, size_in))
    for row in range(size_out):
        center = (row + 0.5) * scale - 0.5
        places = np.arange(int(np.floor(center)) - reach, int(np.ceil(center)) + reach + 1)
        weights = kernel_weights(kernel, places - center, scale, sigma)
        mirrored = np.mod(places, 2 * size_in)
        mirrored = np.where(mirrored >= size_in, 2 * size_in - 1 - mirrored, mirrored)
        np.add.at(result[row], mirrored, weights / weights.sum())
    return result.astype(np.float32)


def resize(image: np.ndarray, height: int, width: int, kernel: str = "bicubic", sigma: float = 1.6) -> np.ndarray:
    """(h, w, c) of any type -> (height, width, c) float32, not rounded, not clamped."""
    rows = matrix(image.shape[0], height, kernel, sigma)
    columns = matrix(image.shape[1], width, kernel, sigma)
    vertical = np.tensordot(rows, image.astype(np.float32), (1, 0))
    return np.ascontiguousarray(np.tensordot(vertical, columns, (1, 1)).transpose(0, 2, 1))


def to_uint8(image: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)
