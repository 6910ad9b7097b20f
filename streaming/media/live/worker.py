"""The decoding process of one live stream: ``python -m streaming.media.live.worker``.

Standard input is what :mod:`streaming.media.live.wire` calls questions, standard output the
answers. It may be started long before there is a stream, and ends with the server or before.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any

import numpy as np

from streaming.audio import SAMPLE_RATE
from streaming.audio.resample import Resampler
from streaming.media.base import MediaError, Samples
from streaming.media.confine import confine
from streaming.media.frames import frame_samples
from streaming.media.live import wire
from streaming.media.live.base import Coding, undecodable
from streaming.media.live.feed import Feed, ServerGone
from streaming.media.live.frames import DAMAGE, frames
from streaming.media.live.wire import Tell

_RATES = range(1_000, 768_001)
_BLOCK_SAMPLES = SAMPLE_RATE
_GAPS_S = (0.05, 60.0)  # coders send nothing while nobody speaks; longer jumps are damaged stamps
_STEP_SAMPLES = 48_000


class Sink:
    """Decoded frames to blocks of one format."""

    def __init__(self, feed: Feed, coding: Coding) -> None:
        self._feed = feed
        self._channels = coding.channels
        self._rate = 0
        self._resampler: Resampler | None = None
        self._end_s: float | None = None
        self._lost = 0
        self._samples = 0
        feed.flush = self.flush

    def take(self, frame: Any) -> None:
        """Take a frame, or None for one that is lost: it was as long as its neighbour."""
        if frame is None:
            self._lost += 1
            return
        if frame.sample_rate not in _RATES:
            raise undecodable(f"has a sample rate that can't be: {frame.sample_rate}")
        if frame.sample_rate != self._rate:
            self.flush()
            self._rate = frame.sample_rate
            self._resampler = Resampler(self._rate, self._channels)
            self._end_s = None
        count = frame.layout.nb_channels
        if self._channels not in (1, count):
            raise undecodable(
                f"{self._channels} are asked for, the stream has {count}", field="channels"
            )
        silent = self._missing(frame)
        for at in range(0, silent, _STEP_SAMPLES):
            size = min(_STEP_SAMPLES, silent - at)
            self._push(np.zeros((size, self._channels), np.float32))
        try:
            samples = frame_samples(frame, self._channels, mix=self._channels == 1)
        except DAMAGE:
            self._lost += 1
            return
        for at in range(0, len(samples), _STEP_SAMPLES):
            self._push(samples[at : at + _STEP_SAMPLES])

    def _missing(self, frame: Any) -> int:
        """How many samples before this frame are missing: what was lost, or never sent."""
        lost, self._lost = self._lost * frame.samples, 0
        if frame.time is None:
            return int(lost)
        before, self._end_s = self._end_s, frame.time + frame.samples / self._rate
        if before is None:
            return 0
        gap_s = frame.time - before
        return int(gap_s * self._rate) if _GAPS_S[0] <= gap_s <= _GAPS_S[1] else 0

    def flush(self) -> None:
        """Send what the resampler holds back."""
        if self._resampler is not None:
            self._send(self._resampler.flush())

    def _push(self, samples: Samples) -> None:
        if self._resampler is not None:
            self._send(self._resampler.push(samples))

    def _send(self, samples: Samples) -> None:
        # The resampler overshoots a little at full scale.
        kept = np.clip(samples, -1, 1)
        for at in range(0, len(kept), _BLOCK_SAMPLES):
            block = np.ascontiguousarray(kept[at : at + _BLOCK_SAMPLES], "<f4")
            self._samples += len(block)
            self._feed.tell(Tell.BLOCK, block.tobytes())

    @property
    def silent(self) -> bool:
        """Whether nothing at all came of the stream."""
        return not self._samples


def decode(feed: Feed) -> None:
    """Decode one stream to its end."""
    _, payload = feed.ask()
    coding = wire.unpack_coding(payload)
    sink = Sink(feed, coding)
    for frame in frames(feed, coding):
        sink.take(frame)
    sink.flush()
    if sink.silent:
        raise undecodable("has no sound in it that could be decoded")


def main() -> None:
    """Decode what standard input says."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server's to answer
    confine(with_parent=True)
    # Libraries that print must not print between the messages.
    out = os.fdopen(os.dup(1), "wb")
    source = os.fdopen(os.dup(0), "rb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    feed = Feed(source, out)
    with contextlib.suppress(ServerGone, BrokenPipeError):
        try:
            decode(feed)
            while True:  # what comes behind the end of a stream is none of it
                feed.ask()
        except MediaError as error:
            told = f"{error.field}\n{error.message}"
            feed.tell(Tell.FAILED, told.encode())
        except MemoryError:
            feed.tell(Tell.FAILED, b"audio\naudio: needs more memory than it may have")
    # No tidying up: freeing what a hostile stream left behind is how decoders crash.
    os._exit(0)


if __name__ == "__main__":
    main()
