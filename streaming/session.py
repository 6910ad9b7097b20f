"""A session: one client's audio in, events out. Pure: no clock, no sockets, no model.

Whoever drives it pushes bytes with :meth:`Session.receive_audio`, asks with :meth:`Session.work`
what could be decoded, tells with :meth:`Session.begin` what is being decoded, and hands the
answers to :meth:`Session.work_done`. Time is the stream's own (samples), so a recorded session
replays bit for bit.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum, auto

import numpy as np
import numpy.typing as npt

from streaming.audio.framing import FrameCutter, Framer
from streaming.channel import BLOCK_FRAMES, Channel
from streaming.decoding import SAMPLES_PER_MS, DecodeRequest, Hypothesis
from streaming.errors import QuotaExceeded
from streaming.events import (
    Ended,
    EndReason,
    Event,
    Final,
    Finalized,
    Suppressed,
    Warned,
    WarningCode,
)
from streaming.options import SessionConfig
from streaming.vad import VadConfig, VoiceDetector
from streaming.window import WindowConfig

_SILENT_WARNING_MS = 10_000
_SILENT_LEVEL = 3e-4  # A-law knows no zero: its silence is 2.4e-4
_CLIPPED_SHARE = 0.01
_MOST_PROMISES = 250  # all may be answered at once: fewer than a client's unsent messages


class Phase(Enum):
    """Whether a session takes audio, only decodes what it has, or is over."""

    OPEN = auto()
    ENDING = auto()
    ENDED = auto()


class Session:
    """All channels of one client's stream, and the promises made to it."""

    def __init__(
        self,
        config: SessionConfig,
        *,
        vad: VadConfig | None = None,
        window: WindowConfig | None = None,
        detector: Callable[[VadConfig], VoiceDetector] = VoiceDetector,
    ) -> None:
        self._config = config
        self._framer = Framer(config.audio)
        self._cutter = FrameCutter(config.audio.channels, most=BLOCK_FRAMES)
        numbers = itertools.count()
        vad = vad or VadConfig()
        self._channels = [
            Channel(
                index,
                config,
                detector=detector(vad),
                window=window or WindowConfig(),
                number=lambda: next(numbers),
            )
            for index in range(config.audio.channels)
        ]
        self._phase = Phase.OPEN
        self._promises: deque[tuple[str | None, int]] = deque()
        self._segments = 0
        self._words = 0
        self._silent_samples = 0
        self._clipping_told = False

    @property
    def config(self) -> SessionConfig:
        """What the next segment will be decoded with."""
        return self._config

    @property
    def phase(self) -> Phase:
        """Whether it takes audio, decodes the rest, or is over."""
        return self._phase

    @property
    def received_ms(self) -> int:
        """Stream time received."""
        return self._framer.received_ms

    @property
    def decoded_ms(self) -> int:
        """Stream time up to which everything is decoded and its finals are out."""
        return min(channel.decided for channel in self._channels) // SAMPLES_PER_MS

    @property
    def backlog_ms(self) -> int:
        """Audio of ended segments that still waits for its final, over all channels."""
        return sum(channel.waiting for channel in self._channels) // SAMPLES_PER_MS

    @property
    def held_bytes(self) -> int:
        """The memory that audio takes which may still be decoded, over all channels."""
        return sum(channel.held_bytes for channel in self._channels)

    @property
    def unheard_ms(self) -> int:
        """How far the partials are behind what is being said, on the worst channel."""
        return max(channel.unheard for channel in self._channels) // SAMPLES_PER_MS

    @property
    def speaking(self) -> bool:
        """Whether somebody speaks, on any channel."""
        return any(channel.speaking for channel in self._channels)

    @property
    def settled(self) -> bool:
        """Whether every segment that has ended has its final."""
        return all(channel.settled for channel in self._channels)

    # -- from the client -----------------------------------------------------------------------

    def receive_audio(self, data: bytes | memoryview) -> list[Event]:
        """Take bytes of the session's format, cut anywhere.

        Raises :class:`~streaming.errors.BadMessage` for floats that aren't finite; the session
        stays as it was.
        """
        if self._phase is not Phase.OPEN:
            return []
        events = self._push(self._framer.push(data))
        clipped = self._framer.clipped_samples
        audio = self._config.audio
        # Of all there was, at least of a second: a click in a tiny chunk is no matter.
        heard = max(self._framer.received_samples, audio.sample_rate) * audio.channels
        if clipped > _CLIPPED_SHARE * heard and not self._clipping_told:
            self._clipping_told = True
            events.append(
                Warned(
                    WarningCode.CLIPPING,
                    "samples outside -1 to 1 are cut off; send floats at full scale 1.0",
                    (("clipped_samples", clipped),),
                )
            )
        return events

    def configure(self, config: SessionConfig) -> None:
        """Decode with other options from the next segment on."""
        self._config = config
        for channel in self._channels:
            channel.configure(config)

    def finalize(self, request_id: str | None = None) -> list[Event]:
        """Decode all audio received so far, now, and say so when it is done.

        Raises :class:`~streaming.errors.QuotaExceeded` when too many of these wait already; those
        without an id then share one answer, so that whoever ends a session can always flush it.
        """
        if self._phase is not Phase.OPEN:
            return []
        full = len(self._promises) >= _MOST_PROMISES
        if full and request_id is not None:
            raise QuotaExceeded(
                f"finalize: {_MOST_PROMISES} requests wait for their answers; wait for one",
                field="finalize",
            )
        events = self._cut(EndReason.FINALIZE)
        if full and self._promises[-1][0] is None:
            self._promises.pop()
        self._promises.append((request_id, self._channels[0].received))
        return [*events, *self._kept_promises()]

    def end(self) -> list[Event]:
        """Take no more audio; decode the rest, then :class:`~streaming.events.Ended`."""
        if self._phase is not Phase.OPEN:
            return []
        events = self._cut(EndReason.END)
        self._phase = Phase.ENDING
        return [*events, *self._kept_promises()]

    def _push(self, block: npt.NDArray[np.float32]) -> list[Event]:
        events: list[Event] = []
        for blocks in self._cutter.push(block):
            events += self._heard(blocks.samples)
        events += self._watch_silence(block)
        return events

    def _heard(self, samples: npt.NDArray[np.float32]) -> Iterator[Event]:
        """Let each channel hear its own; what they say is in the order of the frames."""
        heard = [channel.push(each) for channel, each in zip(self._channels, samples, strict=True)]
        for together in zip(*heard, strict=True):
            for events in together:
                yield from self._counted(events)

    def _cut(self, reason: EndReason) -> list[Event]:
        events = self._push(self._framer.flush())
        rest = self._cutter.take_rest()
        if rest is not None:
            events += self._heard(rest.samples)
        for channel in self._channels:
            events += self._counted(channel.cut(reason))
        return events

    def _watch_silence(self, block: npt.NDArray[np.float32]) -> list[Event]:
        """Tell once when nothing but digital silence arrives: a muted or wrong device."""
        if not block.size:
            return []
        if block.max() > _SILENT_LEVEL or block.min() < -_SILENT_LEVEL:
            self._silent_samples = 0
            return []
        before = self._silent_samples
        self._silent_samples += block.shape[1]
        limit = _SILENT_WARNING_MS * SAMPLES_PER_MS
        if before < limit <= self._silent_samples:
            return [
                Warned(
                    WarningCode.NO_AUDIO,
                    "only digital silence arrives; is the right device chosen, and not muted?",
                    (("silent_ms", _SILENT_WARNING_MS),),
                )
            ]
        return []

    # -- to and from the engine ----------------------------------------------------------------

    def work(self) -> Iterator[DecodeRequest]:
        """Yield what could be decoded now; nothing changes by asking."""
        for channel in self._channels:
            yield from channel.work()

    def begin(self, request: DecodeRequest) -> None:
        """Note that a request is being decoded and must not be offered again."""
        self._channels[request.channel].begin(request)

    def work_done(self, request: DecodeRequest, hypothesis: Hypothesis | None) -> list[Event]:
        """Take an answer (None: the attempt failed, offer it again) and say what it means."""
        events = self._counted(self._channels[request.channel].done(request, hypothesis))
        return [*events, *self._kept_promises()]

    def _counted(self, events: list[Event]) -> list[Event]:
        """Count what :class:`~streaming.events.Ended` will tell; a final may come with audio."""
        for event in events:
            if isinstance(event, Final):
                self._segments += 1
                self._words += event.word_count
            elif isinstance(event, Suppressed):
                self._segments += 1
        return events

    def _kept_promises(self) -> Iterator[Event]:
        decided = min(channel.decided for channel in self._channels)
        while self._promises and self._promises[0][1] <= decided:
            request_id, through = self._promises.popleft()
            yield Finalized(request_id, through // SAMPLES_PER_MS)
        if self._phase is Phase.ENDING and self.settled:
            self._phase = Phase.ENDED
            yield Ended(self.received_ms, self._segments, self._words)
