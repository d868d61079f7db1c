"""How far a restored clip is from its truth: PSNR, SSIM, and how much it flickers. Clips are lists of (h, w, 3) uint8 RGB."""

import cv2
import numpy as np

Clip = list[np.ndarray]


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """dB, peak 255, one mean square over all pixels and channels."""
    error = np.mean((a.astype(np.float64) - b) ** 2)
    return float(10 * np.log10(255**2 / error))


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Wang et al. 2004: Gaussian window of 11 and σ 1.5, only where it fits; the mean over pixels and channels."""
    blur = lambda image: cv2.GaussianBlur(image, (11, 11), 1.5)[5:-5, 5:-5]  # noqa: E731
    x, y = a.astype(np.float64), b.astype(np.float64)
    mean_x, mean_y = blur(x), blur(y)
    var_x, var_y, cov = blur(x * x) - mean_x**2, blur(y * y) - mean_y**2, blur(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(np.mean((2 * mean_x * mean_y + c1) * (2 * cov + c2) / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))))


def flicker(clip: Clip, truth: Clip) -> float:
    """RMS, in levels of 255, of what changes from frame to frame in the error: a steady error does not flicker."""
    error = np.stack(clip).astype(np.float64) - np.stack(truth)
    return float(np.sqrt(np.mean((error[1:] - error[:-1]) ** 2)))


def measure(clip: Clip, truth: Clip) -> dict[str, float]:
    """The mean of PSNR and SSIM over the frames, and the flicker between them."""
    pairs = list(zip(clip, truth, strict=True))
    return {
        "psnr": float(np.mean([psnr(*pair) for pair in pairs])),
        "ssim": float(np.mean([ssim(*pair) for pair in pairs])),
        "flicker": flicker(clip, truth),
    }
