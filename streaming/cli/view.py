"""What whoever runs a command gets to see, apart from files: the seam, and its plain form."""

from __future__ import annotations

import functools
import heapq
import itertools
from collections.abc import Callable, Mapping
from typing import Protocol, TextIO

from streaming.captions import to_text
from streaming.events import Final, Partial, Suppressed


class View(Protocol):
    """Follows one source after the other; :meth:`begin` and :meth:`end` stand around each."""

    def begin(
        self, name: str, number: int, duration_ms: int | None, speakers: Mapping[int, str]
    ) -> None:
        """Turn to a source, the ``number``-th from 0; its duration is None where unknown."""
        ...

    def partial(self, said: Partial) -> None:
        """Show what is being said, in place of the one before."""
        ...

    def final(self, final: Final) -> None:
        """Show what was said; no partial of that segment follows."""
        ...

    def suppressed(self, suppressed: Suppressed) -> None:
        """Take back what was shown of a segment that was no speech after all."""
        ...

    def position(self, received_ms: int, decoded_ms: int) -> None:
        """Hear how far the sound has been read, and up to where all of it is final.

        Comes with every event and some ten times a second.
        """
        ...

    def end(self) -> None:
        """Be done with the source."""
        ...

    def close(self) -> None:
        """Be done with everything; harmless when repeated."""
        ...


class Views:
    """Several views that see the same."""

    def __init__(self, *views: View) -> None:
        self._views = views

    def begin(
        self, name: str, number: int, duration_ms: int | None, speakers: Mapping[int, str]
    ) -> None:
        """Pass it on."""
        for view in self._views:
            view.begin(name, number, duration_ms, speakers)

    def partial(self, said: Partial) -> None:
        """Pass it on."""
        for view in self._views:
            view.partial(said)

    def final(self, final: Final) -> None:
        """Pass it on."""
        for view in self._views:
            view.final(final)

    def suppressed(self, suppressed: Suppressed) -> None:
        """Pass it on."""
        for view in self._views:
            view.suppressed(suppressed)

    def position(self, received_ms: int, decoded_ms: int) -> None:
        """Pass it on."""
        for view in self._views:
            view.position(received_ms, decoded_ms)

    def end(self) -> None:
        """Pass it on."""
        for view in self._views:
            view.end()

    def close(self) -> None:
        """Pass it on."""
        for view in self._views:
            view.close()


class Turn:
    """One source's part of a view that shows them in order: kept back until :meth:`come`."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._kept: list[Callable[[], None]] | None = []

    def come(self) -> None:
        """Show what was kept, and from now on everything at once."""
        kept, self._kept = self._kept or (), None
        for show in kept:
            show()

    def begin(
        self, name: str, number: int, duration_ms: int | None, speakers: Mapping[int, str]
    ) -> None:
        """Pass it on in turn."""
        self._do(functools.partial(self._view.begin, name, number, duration_ms, speakers))

    def partial(self, said: Partial) -> None:
        """Pass it on, unless it would come too late."""
        if self._kept is None:
            self._view.partial(said)

    def final(self, said: Final) -> None:
        """Pass it on in turn."""
        self._do(functools.partial(self._view.final, said))

    def suppressed(self, suppressed: Suppressed) -> None:
        """Pass it on in turn."""
        self._do(functools.partial(self._view.suppressed, suppressed))

    def position(self, received_ms: int, decoded_ms: int) -> None:
        """Pass it on, unless it would come too late."""
        if self._kept is None:
            self._view.position(received_ms, decoded_ms)

    def end(self) -> None:
        """Pass it on in turn."""
        self._do(self._view.end)

    def close(self) -> None:
        """The view is closed by whoever made it."""

    def _do(self, show: Callable[[], None]) -> None:
        if self._kept is None:
            show()
        else:
            self._kept.append(show)


class PlainText:
    """Finals as lines of text, each as soon as it can't be preceded by another."""

    def __init__(self, out: TextIO, *, sources: int) -> None:
        self._out = out
        self._sources = sources
        self._speakers: Mapping[int, str] = {}
        self._waiting: list[tuple[int, int, int, Final]] = []
        self._ties = itertools.count()

    def begin(
        self, name: str, number: int, duration_ms: int | None, speakers: Mapping[int, str]
    ) -> None:
        """Head each of several sources with its name, as ``head`` and ``tail`` do."""
        self._speakers = speakers
        if self._sources > 1:
            self._out.write(("\n" if number else "") + f"==> {name} <==\n")

    def partial(self, said: Partial) -> None:
        """Show nothing: what may change can't be taken back here."""

    def final(self, final: Final) -> None:
        """Keep it until its turn: channels are decoded side by side."""
        heapq.heappush(self._waiting, (final.start_ms, final.channel, next(self._ties), final))

    def suppressed(self, suppressed: Suppressed) -> None:
        """Nothing of it has been shown."""

    def position(self, received_ms: int, decoded_ms: int) -> None:
        """Write what started before everything that is still to come."""
        while self._waiting and self._waiting[0][0] < decoded_ms:
            self._write()

    def end(self) -> None:
        """Write what is left."""
        while self._waiting:
            self._write()
        self._out.flush()

    def close(self) -> None:
        """Nothing is held."""

    def _write(self) -> None:
        self._out.write(to_text([heapq.heappop(self._waiting)[-1]], speakers=self._speakers))
        self._out.flush()
