"""Decoded frames: their samples as floats, and the silences their time stamps tell of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import av
import numpy as np

from streaming.audio.formats import MAX_CHANNELS
from streaming.media.base import Samples

_MIN_GAP_S: Final = 0.05
_MAX_GAPS_S: Final = 600.0
# How much of each channel goes into one: speech in films is in the centre.
_MIX: Final = {"FC": 1.0, "FL": 0.7, "FR": 0.7, "LFE": 0.0}
_MIX_OTHERS: Final = 0.5


class Gaps:
    """Stretches of time without sound, told by time stamps: before it begins, and in the middle.

    Only jumps from one frame to the next count, since stamps that merely drift are common. The
    bound on what is filled keeps a file with absurd stamps from becoming hours of silence.
    """

    def __init__(self, start_time: int | None) -> None:
        self._end_s = None if start_time is None else start_time / av.time_base
        self.filled_s = 0.0

    def before(self, frame: Any) -> Iterator[int]:
        """Counts of silent samples at the frame's rate that belong before it."""
        if frame.time is None:
            self._end_s = None
            return
        gap_s = 0.0 if self._end_s is None else frame.time - self._end_s
        self._end_s = frame.time + frame.samples / frame.sample_rate
        if not _MIN_GAP_S <= gap_s <= _MAX_GAPS_S - self.filled_s:
            return
        self.filled_s += gap_s
        missing = int(gap_s * frame.sample_rate)
        while missing > 0:
            yield min(missing, frame.sample_rate)
            missing -= frame.sample_rate


_kept_layouts: Final[list[Any]] = []


def keep_layout(layout: Any) -> Any:
    """Return a channel layout that is safe to use; call this on every one, at once.

    PyAV copies a layout of custom order without its map of channels, and each copy frees the map
    (seen up to 18.1): one such file ends the process. A layout never let go of frees nothing.
    """
    if "(" in layout.name:  # a custom order is spelt out: "2 channels (FR+FL)"
        _kept_layouts.append(layout)
    return layout


def frame_samples(frame: Any, channels: int, mix: bool) -> Samples:
    """A frame's samples as float32 of shape (frames, channels), finite and within [-1, 1].

    Raises ValueError for a frame that can't be read.
    """
    layout = frame.layout
    count: int = layout.nb_channels
    if frame.format.is_planar and count > MAX_CHANNELS:
        # PyAV looks for the end of the list of planes, and this many have none.
        raise ValueError(f"{count} planes")
    array = frame.to_ndarray()
    planar = array if frame.format.is_planar else array.reshape(-1, count).T
    if planar.dtype.kind == "f":
        values = np.nan_to_num(planar, nan=0.0).clip(-1, 1).astype(np.float32)
    elif planar.dtype == np.uint8:
        values = (planar.astype(np.float32) - 128) / 128
    else:
        values = (planar / -float(np.iinfo(planar.dtype).min)).astype(np.float32)
    if mix or count != channels:
        gains = [_MIX.get(channel.name, _MIX_OTHERS) for channel in layout.channels]
        if count <= 2 or not sum(gains):
            gains = [1.0] * count
        mono = np.average(values, axis=0, weights=gains).astype(np.float32)
        values = np.broadcast_to(mono, (channels, len(mono)))
    out: Samples = values.T
    return out
