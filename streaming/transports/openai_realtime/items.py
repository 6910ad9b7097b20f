"""A conversation's items: what was said in one turn, and how its text becomes known.

A turn ends where the speech does, or where the client commits it; it may be several segments. Each
segment belongs to the first turn that was not over when it began. Times are milliseconds of
stream time.

Deltas can't be taken back, so only committed text goes into them; where a final corrects what was
committed, no more deltas of its segment follow, and ``completed`` tells what was said.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from streaming.decoding import Word
from streaming.events import Event, Finalized, Partial, SpeechEnded, SpeechStarted, Suppressed
from streaming.events import Final as FinalText

Said = tuple[str, dict[str, Any]]
"""An event's type, and what it says."""

_TRANSCRIPTION: Final = "conversation.item.input_audio_transcription"
_UNSPACED: Final = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km"})
_LEAST_LIKELY: Final = 1e-6


@dataclass(slots=True)
class _Item:
    """One turn."""

    id: str
    from_ms: int = 0
    to_ms: int | None = None
    """Where it ended; None while it goes on."""
    until: str | None = None
    """The request behind whose answer nothing of it is missing; None: its last segment's end."""
    dropped: bool = False
    speaking: bool = False
    heard_ms: int = 0
    transcript: str = ""
    live: dict[int, str] = field(default_factory=dict)
    shown: dict[int, str] = field(default_factory=dict)
    words: list[Word] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Audio that was committed: what lay between two commits, or the speech that was found."""
        between_ms = 0 if self.until is None or self.to_ms is None else self.to_ms - self.from_ms
        return round((between_ms or self.heard_ms) / 1000, 3)


class Items:
    """All turns of one session that are not complete, and the order of all."""

    def __init__(self) -> None:
        self.manual = False
        self.logprobs = False
        self.beta = False
        self.prefix = "item"
        self._count = 0
        self._last: str | None = None
        self._ended_ms = 0  # where the last turn that is complete ended
        self._items: deque[_Item] = deque()

    # -- what the client does ------------------------------------------------------------------

    def commit(self, at_ms: int, request: str) -> Iterator[Said]:
        """End the turn here; ``request`` will be answered when all of it is decoded."""
        yield from self._end(self._current, at_ms, request)

    def clear(self, at_ms: int, request: str) -> Iterator[Said]:
        """Forget the turn that goes on."""
        item = self._current
        item.dropped, item.to_ms, item.until = True, at_ms, request
        yield "input_audio_buffer.cleared", {}

    # -- what is heard -------------------------------------------------------------------------

    def hear(self, event: Event) -> Iterator[Said]:
        """Take what the session says; yield what a client is told of it."""
        match event:
            case SpeechStarted(_, at_ms) if not self.manual:
                self._current.speaking = True
                said = {"audio_start_ms": at_ms, "item_id": self._current.id}
                yield "input_audio_buffer.speech_started", said
            case SpeechEnded(_, at_ms) if not self.manual and self._current.speaking:
                said = {"audio_end_ms": at_ms, "item_id": self._current.id}
                yield "input_audio_buffer.speech_stopped", said
                yield from self._end(self._current, at_ms, None)
            case Partial():
                item = self._item_at(event.start_ms)
                item.live[event.segment] = event.committed.lstrip()
                yield from self._delta(item, min(item.live), event.language)
            case FinalText() | Suppressed():
                yield from self._decided(event)
            case Finalized(request):
                yield from self._answered(request)

    def failed(self, error: dict[str, Any]) -> Iterator[Said]:
        """Yield that no text will come of the turns that have ended."""
        for item in self._items:
            if item.to_ms is not None and not item.dropped:
                said = {"item_id": item.id, "content_index": 0, "error": error}
                yield f"{_TRANSCRIPTION}.failed", said

    def _decided(self, event: FinalText | Suppressed) -> Iterator[Said]:
        item = self._item_at(event.start_ms)
        item.heard_ms += event.end_ms - event.start_ms
        if isinstance(event, FinalText) and event.text:
            text = event.text.strip()
            item.live[event.segment] = text
            yield from self._delta(item, event.segment, event.language)
            gap = " " if item.transcript and event.language not in _UNSPACED else ""
            item.transcript += gap + text
            item.words += event.words or ()
            if event.language not in item.languages:
                item.languages.append(event.language)
        item.live.pop(event.segment, None)
        if item.live:  # the next one may have been heard already
            yield from self._delta(item, min(item.live), "")
        if item.until is None and item.to_ms is not None and event.end_ms >= item.to_ms:
            yield from self._complete(item)

    def _answered(self, request: str | None) -> Iterator[Said]:
        if request is None:  # the server's own, before it leaves
            item = self._current
            if self.manual and item.transcript:
                yield from self._end(item, item.from_ms + item.heard_ms, None)
                yield from self._complete(item)
            return
        for item in [item for item in self._items if item.until == request]:
            yield from self._complete(item)

    # -- items ---------------------------------------------------------------------------------

    @property
    def _current(self) -> _Item:
        """The turn that goes on."""
        if not self._items or self._items[-1].to_ms is not None:
            begins_ms = self._items[-1].to_ms if self._items else self._ended_ms
            self._count += 1
            self._items.append(_Item(f"{self.prefix}_{self._count}", begins_ms or 0))
        return self._items[-1]

    def _item_at(self, start_ms: int) -> _Item:
        """The turn that a segment belongs to."""
        for item in self._items:
            if item.to_ms is None or start_ms < item.to_ms:
                return item
        return self._current

    def _end(self, item: _Item, at_ms: int, request: str | None) -> Iterator[Said]:
        item.to_ms, item.until = at_ms, request
        previous, self._last = self._last, item.id
        order = {"previous_item_id": previous}
        yield "input_audio_buffer.committed", {**order, "item_id": item.id}
        shown = {**order, "item": _shown(item)}
        if self.beta:
            yield "conversation.item.created", shown
        else:
            yield "conversation.item.added", shown
            yield "conversation.item.done", shown

    def _delta(self, item: _Item, segment: int, language: str) -> Iterator[Said]:
        if item.dropped or any(later > segment for later in item.shown):
            return
        text, shown = item.live[segment], item.shown.get(segment, "")
        if not text.startswith(shown) or len(text) == len(shown):
            return
        gap = ""
        if not shown and item.shown and language not in _UNSPACED:
            gap = " "
        item.shown[segment] = text
        said = {"item_id": item.id, "content_index": 0, "delta": gap + text[len(shown) :]}
        yield f"{_TRANSCRIPTION}.delta", said

    def _complete(self, item: _Item) -> Iterator[Said]:
        self._items.remove(item)
        self._ended_ms = item.to_ms or 0
        if item.dropped:
            return
        said: dict[str, Any] = {
            "item_id": item.id,
            "content_index": 0,
            "transcript": item.transcript,
            "usage": {"type": "duration", "seconds": item.seconds},
        }
        if not self.beta:
            said["languages"] = [{"code": code} for code in item.languages]
        if self.logprobs:
            said["logprobs"] = [_logprob(word) for word in item.words]
        yield f"{_TRANSCRIPTION}.completed", said


def _shown(item: _Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "object": "realtime.item",
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_audio", "transcript": None}],
    }


def _logprob(word: Word) -> dict[str, Any]:
    """A word's confidence: what is known of it, where OpenAI knows tokens."""
    likely = max(_LEAST_LIKELY, 1.0 if word.confidence is None else word.confidence)
    return {
        "token": word.text,
        "logprob": round(math.log(likely), 4),
        "bytes": list(word.text.encode()),
    }
