"""A real encoder and decoder around a clip, as a live camera has them: x264 or x265, zero latency, yuv420p."""

from fractions import Fraction

import av
import numpy as np


def h264(clip: list[np.ndarray], crf: int, preset: str = "veryfast", gop: int = 50) -> list[np.ndarray]:
    """Encodes and decodes frames (h, w, 3) uint8 RGB of even size; returns as many frames, uint8 RGB."""
    return through("libx264", "h264", clip, gop, {"crf": str(crf), "preset": preset, "tune": "zerolatency"})


def h265(clip: list[np.ndarray], crf: int, preset: str = "veryfast", gop: int = 50) -> list[np.ndarray]:
    """The same by H.265."""
    quiet = "log-level=none:pools=none:frame-threads=1"
    return through(
        "libx265", "hevc", clip, gop, {"crf": str(crf), "preset": preset, "tune": "zerolatency", "x265-params": quiet}
    )


def through(encoder_name: str, decoder_name: str, clip: list[np.ndarray], gop: int, options: dict[str, str]) -> list[np.ndarray]:
    height, width, _ = clip[0].shape
    encoder = av.CodecContext.create(encoder_name, "w")
    encoder.width, encoder.height = width, height
    encoder.pix_fmt = "yuv420p"
    encoder.framerate, encoder.time_base = 25, Fraction(1, 25)
    encoder.gop_size = gop
    encoder.thread_count = 1
    encoder.options = options
    decoder = av.CodecContext.create(decoder_name, "r")
    decoder.thread_count = 1
    decoded = []
    for index, image in enumerate([*clip, None]):
        frame = None
        if image is not None:
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = index
        for packet in encoder.encode(frame):
            decoded += decoder.decode(packet)
    decoded += decoder.decode(None)
    return [frame.to_ndarray(format="rgb24") for frame in decoded]
