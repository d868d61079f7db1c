"""Motion of the neighbours seen from each kept frame, as a teacher of the offsets (DIS optical flow, Kroeger et al. 2016).

    python flow.py --data SHARDS [--track x4-pcd]

Writes `flow.npy` into each shard: (sequence, kept frame, neighbour, 3, h, h) of float16, at the size of the track's
features, h = low over the stride of L1. Neighbours are the frame before and the frame after; channels are dy and dx in
low-resolution pixels, from the kept frame to the neighbour, and 1 where going there and back ends within half a pixel, else 0.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from prepare import FRAMES, KEPT
from tracks import TRACKS

# Flow is searched at this size at least: a small frame has too few pixels for its patches.
SEARCHED = 192


def luma(frame: np.ndarray, finer: int) -> np.ndarray:
    size = (finer * frame.shape[1], finer * frame.shape[0])
    return cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_CUBIC)


def search_flow(search: cv2.DISOpticalFlow, here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """(h, w, 2) of x and y, in pixels of the frames given."""
    return search.calc(here, there, None)


def consistent(forth: np.ndarray, back: np.ndarray, tolerance: float) -> np.ndarray:
    """Where `forth`, then `back` from there, comes home within `tolerance` pixels."""
    h, w, _ = forth.shape
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    x, y = x + forth[..., 0], y + forth[..., 1]
    home = cv2.remap(back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = (x >= 0) & (y >= 0) & (x <= w - 1) & (y <= h - 1)
    return inside & (np.linalg.norm(forth + home, axis=-1) < tolerance)


def shrunk(plane: np.ndarray, side: int) -> np.ndarray:
    """To side x side by averaging, as float32."""
    return cv2.resize(plane.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)


def flows_of(clip: np.ndarray, stride: int) -> np.ndarray:
    """LR clip (FRAMES, low, low, 3) -> (kept, 2, 3, low/stride, low/stride)."""
    low = clip.shape[1]
    side, finer = low // stride, -(-SEARCHED // low)
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [luma(frame, finer) for frame in clip]
    out = np.zeros((len(KEPT), 2, 3, side, side), np.float16)
    for k, t in enumerate(KEPT):
        for n, u in enumerate((t - 1, t + 1)):
            if not 0 <= u < FRAMES:
                out[k, n, 2] = 1  # The clip's end: the neighbour is the frame itself.
                continue
            forth, back = search_flow(search, grey[t], grey[u]), search_flow(search, grey[u], grey[t])
            out[k, n, 0] = shrunk(forth[..., 1], side) / finer
            out[k, n, 1] = shrunk(forth[..., 0], side) / finer
            out[k, n, 2] = shrunk(consistent(forth, back, 0.5 * finer), side) > 0.9
    return out


def label(shard: Path, name: str | None) -> str:
    """Labels one shard for the track of that name, by default for that which it was rendered for."""
    cv2.setNumThreads(1)
    low = np.load(shard / "lr.npy", mmap_mode="r")
    track = TRACKS[name or json.loads((shard / "meta.json").read_text()).get("track", "live-x4")]
    partial = shard / "flow.partial.npy"
    np.save(partial, np.stack([flows_of(clip, track.options.stride) for clip in low]))
    partial.rename(shard / "flow.npy")
    return shard.name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that prepare.py fills")
    parser.add_argument("--track", choices=TRACKS, help="for which the flow is, where it is not that of the shards")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    todo = [shard for shard in sorted(args.data.glob("shard-*")) if not (shard / "flow.npy").exists()]
    with ProcessPoolExecutor(args.workers) as pool:
        for name in pool.map(label, todo, [args.track] * len(todo)):
            print(name, flush=True)


if __name__ == "__main__":
    main()
