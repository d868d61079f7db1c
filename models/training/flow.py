"""Motion of the neighbours seen from each kept frame, as a teacher of the offsets (DIS optical flow, Kroeger et al. 2016).

    python flow.py --data SHARDS

Writes `flow.npy` into each shard: (sequence, kept frame, neighbour, 3, LR/2, LR/2) of float16. Neighbours are the
frame before and the frame after; channels are dy and dx in low-resolution pixels, from the kept frame to the
neighbour, and 1 where going there and back ends within half a pixel, else 0.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from prepare import FRAMES, KEPT, LR

# Flow is searched at twice the size: a small frame has too few pixels for its patches.
FINER = 2


def luma(frame: np.ndarray) -> np.ndarray:
    size = (FINER * LR, FINER * LR)
    return cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_CUBIC)


def search_flow(search: cv2.DISOpticalFlow, here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """(h, w, 2) of x and y, in pixels of the frames given."""
    return search.calc(here, there, None)


def consistent(forth: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Where `forth`, then `back` from there, comes home within half a low-resolution pixel."""
    h, w, _ = forth.shape
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    x, y = x + forth[..., 0], y + forth[..., 1]
    home = cv2.remap(back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = (x >= 0) & (y >= 0) & (x <= w - 1) & (y <= h - 1)
    return inside & (np.linalg.norm(forth + home, axis=-1) < 0.5 * FINER)


def halved(plane: np.ndarray) -> np.ndarray:
    """To half of the low resolution by averaging, as float32."""
    return cv2.resize(plane.astype(np.float32), (LR // 2, LR // 2), interpolation=cv2.INTER_AREA)


def flows_of(clip: np.ndarray) -> np.ndarray:
    """LR clip (FRAMES, LR, LR, 3) -> (kept, 2, 3, LR/2, LR/2)."""
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [luma(frame) for frame in clip]
    out = np.zeros((len(KEPT), 2, 3, LR // 2, LR // 2), np.float16)
    for k, t in enumerate(KEPT):
        for n, u in enumerate((t - 1, t + 1)):
            if not 0 <= u < FRAMES:
                out[k, n, 2] = 1  # The clip's end: the neighbour is the frame itself.
                continue
            forth, back = search_flow(search, grey[t], grey[u]), search_flow(search, grey[u], grey[t])
            out[k, n, 0] = halved(forth[..., 1]) / FINER
            out[k, n, 1] = halved(forth[..., 0]) / FINER
            out[k, n, 2] = halved(consistent(forth, back)) > 0.9
    return out


def label(shard: Path) -> str:
    cv2.setNumThreads(1)
    low = np.load(shard / "lr.npy", mmap_mode="r")
    partial = shard / "flow.partial.npy"
    np.save(partial, np.stack([flows_of(clip) for clip in low]))
    partial.rename(shard / "flow.npy")
    return shard.name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that prepare.py fills")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    todo = [shard for shard in sorted(args.data.glob("shard-*")) if not (shard / "flow.npy").exists()]
    with ProcessPoolExecutor(args.workers) as pool:
        for name in pool.map(label, todo):
            print(name, flush=True)


if __name__ == "__main__":
    main()
