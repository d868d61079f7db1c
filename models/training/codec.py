"""A real H.264 encoder and decoder around a clip, as a live camera has them: x264, zero latency, yuv420p."""

from fractions import Fraction

import av
import numpy as np


def h264(clip: list[np.ndarray], crf: int, preset: str = "veryfast", gop: int = 50) -> list[np.ndarray]:
    """Encodes and decodes frames (h, w, 3) uint8 RGB of even size; returns as many frames, uint8 RGB."""
    height, width, _ = clip[0].shape
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = width, height
    encoder.pix_fmt = "yuv420p"
    encoder.framerate, encoder.time_base = 25, Fraction(1, 25)
    encoder.gop_size = gop
    encoder.thread_count = 1
    encoder.options = {"crf": str(crf), "preset": preset, "tune": "zerolatency"}
    decoder = av.CodecContext.create("h264", "r")
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
