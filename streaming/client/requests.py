"""What a client asked for besides audio, each at its place in the audio.

Sent again with a replay, in the same order: `configure` where it stood, and every `finalize` that
has not been answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from streaming.client.options import Options
from streaming.client.protocol import build_configure, build_finalize

_ENDS = ("silence_ms", "sentence_silence_ms", "max_segment_ms")


@dataclass(frozen=True, slots=True)
class _Finalize:
    position: int
    id: str

    @property
    def message(self) -> str:
        return build_finalize(self.id)


@dataclass(frozen=True, slots=True)
class _Configure:
    position: int
    settings: dict[str, Any]

    @property
    def message(self) -> str:
        return build_configure(**self.settings)


class Requests:
    """In the order in which they were made; positions are the application's bytes."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._asked: list[_Finalize | _Configure] = []
        self._in_start: list[_Configure] = []
        self._sent = 0

    def finalize(self, position: int, id: str) -> None:
        """Ask at the end of all audio so far."""
        self._asked.append(_Finalize(position, id))

    def configure(self, position: int, settings: dict[str, Any]) -> None:
        """Change settings from there on."""
        self._asked.append(_Configure(position, settings))

    @property
    def pending(self) -> bool:
        """Whether something is to be sent, or to be answered."""
        return self._sent < len(self._asked) or any(isinstance(a, _Finalize) for a in self._asked)

    def answered(self, id: str) -> bool:
        """Note an answer; False where none with this id is awaited (any more)."""
        for place, asked in enumerate(self._asked):
            if isinstance(asked, _Finalize) and asked.id == id:
                del self._asked[place]
                self._sent -= place < self._sent
                return True
        return False

    def options_at(self, position: int) -> Options:
        """Return what a session is to be started with whose audio begins there."""
        options = self._options
        self._in_start = []
        for asked in self._asked:
            if isinstance(asked, _Configure) and asked.position <= position:
                self._in_start.append(asked)
                options = changed(options, asked.settings)
        return options

    def settle(self, position: int) -> None:
        """Forget the changes before all audio that may be sent again: they are options now."""
        while self._asked and isinstance(first := self._asked[0], _Configure):
            if self._sent == 0 or first.position >= position:
                return
            self._options = changed(self._options, first.settings)
            del self._asked[0]
            self._sent -= 1

    def rewind(self, position: int) -> None:
        """Send again what stood behind a position, and what waits for its answer."""
        self._again(lambda asked: isinstance(asked, _Configure) and asked.position < position)

    def restart(self) -> None:
        """Send everything to a new session, but for the changes that it was started with."""
        self._again(lambda asked: any(asked is given for given in self._in_start))

    def _again(self, done: Callable[[_Finalize | _Configure], bool]) -> None:
        self._asked.sort(key=lambda asked: not done(asked))  # stable: the order stays
        self._sent = sum(map(done, self._asked))

    def before(self, cursor: int) -> str | None:
        """Return the next request when all audio before it is on its way, and count it as sent."""
        if self._sent == len(self._asked) or self._asked[self._sent].position > cursor:
            return None
        self._sent += 1
        return self._asked[self._sent - 1].message

    def until(self, cursor: int) -> int | None:
        """Return how many bytes come before the next request; None where there is none."""
        if self._sent == len(self._asked):
            return None
        return max(0, self._asked[self._sent].position - cursor)


def changed(options: Options, settings: dict[str, Any]) -> Options:
    """Return the options of a session that was told to ``configure`` with these settings."""
    given = {name: value for name, value in settings.items() if value is not None}
    if "language" in given or "languages" in given:  # who sends one of them says both
        given = {"language": None, "languages": None} | given
    if "endpointing" in given:  # a preset replaces all its values
        given = dict.fromkeys(_ENDS) | given
    return replace(options, **given)
