"""What one connection tells its operator: two lines in the log, and its share of the metrics.

Texts are counted where they are sent, so that what a newer one replaced in time is not said to
have been shown.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest

from streaming.errors import WirescribeError
from streaming.events import Final, Partial, Suppressed
from streaming.logs import get_logger
from streaming.metrics import Metrics
from streaming.options import SessionConfig
from streaming.session import Session
from streaming.transports.arrivals import Arrivals
from streaming.transports.outbox import Numbered

_log = get_logger(__name__)


class Tally:
    """One connection's report; times are seconds of the monotonic clock."""

    def __init__(self, metrics: Metrics, transport: str) -> None:
        self._metrics = metrics
        self._transport = transport
        self._arrivals = Arrivals()
        self._shown: dict[int, list[str]] = {}
        self._opened = time.monotonic()
        self._superseded = 0
        self._over = False
        self._counted = 0

    # -- its life ------------------------------------------------------------------------------

    def began(self, config: SessionConfig) -> None:
        """Its session has started."""
        _log.info(
            "session_started",
            encoding=config.audio.encoding.value,
            sample_rate=config.audio.sample_rate,
            channels=config.audio.channels,
            language=config.language or "auto",
        )

    def ended(
        self, failure: WirescribeError | None, session: Session | None, *, finished: bool
    ) -> None:
        """It is over: in good order, without a word from its client, or with an error."""
        self._over = True
        if failure is not None:
            outcome = "failed" if session is not None else "refused"
        else:
            outcome = "done" if finished else "lost"
        self._metrics.session_ended(self._transport, outcome)
        _log.info(
            "session_closed",
            code=failure.code if failure else "done",
            audio_ms=session.received_ms if session else 0,
            wall_s=round(time.monotonic() - self._opened, 1),
            superseded=self._superseded,
        )

    def given_up(
        self, failure: WirescribeError | None, session: Session, why: str, *, finished: bool
    ) -> None:
        """Nobody came back for it."""
        self._metrics.session_given_up(why)
        if not self._over:
            self.ended(failure, session, finished=finished)

    def closed(self, code: int) -> None:
        """Its socket was closed with this code, by either side."""
        self._metrics.closed(code)

    # -- audio ---------------------------------------------------------------------------------

    def arrived(self, before_ms: int, duration_ms: float, channels: int, now: float) -> None:
        """Audio has come, behind ``before_ms`` of it."""
        self._arrivals.add(before_ms + int(duration_ms), now)
        self._metrics.audio_received(duration_ms * channels / 1000)

    @contextmanager
    def handling(self) -> Iterator[None]:
        """Count the processor's time inside the block as spent by the session on audio."""
        began = time.thread_time()
        try:
            yield
        finally:
            self._metrics.audio_handled(time.thread_time() - began)

    # -- text ----------------------------------------------------------------------------------

    def superseded(self) -> None:
        """An unsent partial has given way to a newer text."""
        self._superseded += 1
        self._metrics.partial_superseded()

    def sent(self, item: Numbered, now: float) -> None:
        """A message has gone out; what is sent again counts once, and what is late has no age."""
        notice = item.notice
        if item.seq is not None:
            if item.seq <= self._counted:
                return
            self._counted = item.seq
        match notice:
            case Partial():
                self._partial(notice, now, late=item.late)
                self._show(notice.segment, notice.text)
            case Final():
                self._metrics.words_sent(notice.word_count)
                if not item.late:
                    self._metrics.final_sent(
                        self._since(notice.ended_at_ms, now), self._since(notice.voice_end_ms, now)
                    )
                self._show(notice.segment, notice.text)
                del self._shown[notice.segment]
            case Suppressed():
                self._metrics.segment_suppressed(notice.reason)
                self._show(notice.segment, "")
                del self._shown[notice.segment]

    def _partial(self, notice: Partial, now: float, *, late: bool) -> None:
        if late:
            return
        first = notice.segment not in self._shown
        since_start = self._since(notice.start_ms, now) if first else None
        self._metrics.partial_sent(self._since(notice.end_ms, now), since_start)

    def _since(self, ms: int, now: float) -> float:
        arrived = self._arrivals.of(ms)
        return 0.0 if arrived is None else max(0.0, now - arrived)

    def _show(self, segment: int, text: str) -> None:
        words = text.split()
        before = self._shown.get(segment)
        if before:
            self._metrics.words_retracted(retracted(before, words))
        self._shown[segment] = words


def retracted(before: Sequence[str], after: Sequence[str]) -> int:
    """How many words a text takes back of the one it replaces: from the first difference on.

    Case and punctuation make no difference; text without spaces is one word.
    """
    for kept, (old, new) in enumerate(zip_longest(before, after, fillvalue="")):
        if not old:
            return 0
        if old != new and _folded(old) != _folded(new):
            return len(before) - kept
    return 0


def _folded(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", word).casefold() if c.isalnum())
