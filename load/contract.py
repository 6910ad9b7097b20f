"""What the protocol promises, checked over a trace: every breach is one line of the report."""

from __future__ import annotations

from collections.abc import Iterator

from load.trace import Trace, suppressed_segment
from streaming.client import Ack, Ended, Event, Final, Finalized, Partial

_FRAME_MS = 20


def breaches(trace: Trace) -> list[str]:
    """Every broken promise, in the order found."""
    check = _Check()
    for heard in trace.heard:
        check.take(heard.event)
    found = list(check.found)
    if trace.failure is None:
        found += check.at_end(round(trace.sent_s * 1000))
        answered = {heard.event.id for heard in trace.heard if isinstance(heard.event, Finalized)}
        found += [
            f"finalize {asked.id}: no answer"
            for asked in trace.finalizes
            if asked.id not in answered
        ]
    return found


class _Check:
    """Reads events in order."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._partials: dict[int, Partial] = {}
        self._done: set[int] = set()
        self._last_final: dict[int, Final] = {}
        self._finals = 0
        self._ack = Ack(0, 0)
        self._ended: Ended | None = None

    def take(self, event: Event) -> None:
        if self._ended is not None:
            self.found.append(f"{type(event).__name__.lower()} after ended")
        suppressed = suppressed_segment(event)
        if suppressed is not None:
            self._done.add(suppressed)
        if isinstance(event, Partial):
            self.found += self._partial(event)
        elif isinstance(event, Final):
            self.found += self._final(event)
        elif isinstance(event, Ack):
            self.found += self._acknowledge(event)
        elif isinstance(event, Ended):
            self._ended = event

    def _acknowledge(self, ack: Ack) -> Iterator[str]:
        for name in ("received_ms", "decoded_ms"):
            if getattr(ack, name) < getattr(self._ack, name):
                yield f"ack: {name} went back"
        if ack.decoded_ms > ack.received_ms:
            yield "ack: more decoded than received"
        self._ack = ack

    def _partial(self, partial: Partial) -> Iterator[str]:
        segment = partial.segment
        if segment in self._done:
            yield f"segment {segment}: partial after its end"
        if partial.text != partial.committed + partial.tentative:
            yield f"segment {segment}: text is not committed and tentative joined"
        before = self._partials.get(segment)
        if before is not None:
            if partial.revision <= before.revision:
                yield f"segment {segment}: revision {partial.revision} after {before.revision}"
            if not partial.committed.startswith(before.committed):
                yield f"segment {segment}: committed text changed"
        self._partials[segment] = partial

    def _final(self, final: Final) -> Iterator[str]:
        segment = final.segment
        if segment in self._done:
            yield f"segment {segment}: a second final"
        self._done.add(segment)
        self._finals += 1
        before = self._last_final.get(final.channel)
        if before is not None and segment <= before.segment:
            yield f"segment {segment}: final after that of segment {before.segment}"
        self._last_final[final.channel] = final
        if not final.text.strip():
            yield f"segment {segment}: final without text"
        last_start = final.start_ms
        for word in final.words:
            if word.start_ms < last_start or word.end_ms < word.start_ms:
                yield f"segment {segment}: word times go back"
                break
            last_start = word.start_ms
        if final.words and final.words[-1].end_ms > final.end_ms + _FRAME_MS:
            yield f"segment {segment}: word ends after its segment"
        # Whether a word carries its space is the server's affair.
        joined = "".join(word.text for word in final.words)
        if final.words and "".join(joined.split()) != "".join(final.text.split()):
            yield f"segment {segment}: words joined are not the text"

    def at_end(self, sent_ms: int) -> Iterator[str]:
        """What is only known when all is said."""
        for segment in sorted(self._partials.keys() - self._done):
            yield f"segment {segment}: partials but no final"
        if self._ended is None:
            yield "no ended"
            return
        if abs(self._ended.audio_ms - sent_ms) > _FRAME_MS:
            yield f"ended with {self._ended.audio_ms} ms of audio, {sent_ms} ms were sent"
        if self._ended.segments < self._finals:
            yield f"ended counts {self._ended.segments} segments, {self._finals} finals came"
