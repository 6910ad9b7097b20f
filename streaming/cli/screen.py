"""The terminal: finals scroll up, what is being said stands below them, and a bar below that."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from streaming.captions import to_text
from streaming.events import Final, Partial, Suppressed

_BAR_WIDTH = 32
_SMALLEST_BAR = 8
_SPEED_FROM_S = 1.0
# A source shorter than this is over before a bar has said anything.
_BAR_FROM_MS = 15_000


class Screen:
    """A :class:`~streaming.cli.view.View` for people.

    ``finals`` False shows the bar only, for when the text goes elsewhere. ``live`` is for sound
    without an end: a clock takes the bar's place.
    """

    def __init__(
        self,
        console: Console,
        *,
        sources: int = 1,
        finals: bool = True,
        live: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._sources = sources
        self._finals = finals
        self._listening = live
        self._clock = clock
        self._partials: dict[int, Partial] = {}
        self._speakers: Mapping[int, str] = {}
        self._name = ""
        self._number = 0
        self._duration_ms: int | None = None
        self._began = 0.0
        self._received_ms = self._decoded_ms = 0
        # Complaints go above the display where they are on the same terminal, and only there.
        self._live = Live(
            console=console,
            get_renderable=self._draw,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=sys.stderr.isatty(),
        )

    def begin(
        self, name: str, number: int, duration_ms: int | None, speakers: Mapping[int, str]
    ) -> None:
        """Head each of several sources with its name and start its bar."""
        self._name, self._number, self._duration_ms = name, number, duration_ms
        self._speakers = speakers
        self._received_ms = self._decoded_ms = 0
        self._began = self._clock()
        self._live.start(refresh=False)
        if self._finals and self._sources > 1:
            self._console.print(Text(("\n" if number else "") + name, style="bold"))

    def partial(self, said: Partial) -> None:
        """Show committed text firm and the rest dim."""
        self._partials[said.channel] = said

    def final(self, final: Final) -> None:
        """Let it scroll up."""
        self._partials.pop(final.channel, None)
        if self._finals:
            text = to_text([final], speakers=self._speakers).strip()
            self._console.print(_row(final.start_ms, Text(text)))

    def suppressed(self, suppressed: Suppressed) -> None:
        """Take its partial away."""
        self._partials.pop(suppressed.channel, None)

    def position(self, received_ms: int, decoded_ms: int) -> None:
        """Move the bar."""
        self._received_ms, self._decoded_ms = received_ms, decoded_ms
        self._live.refresh()

    def end(self) -> None:
        """Take the display away; the finals stay."""
        self._partials.clear()
        self._live.refresh()

    def close(self) -> None:
        """Give the terminal back."""
        self._name = ""
        self._live.stop()

    def _draw(self) -> RenderableType:
        rows: list[RenderableType] = []
        for channel, partial in sorted(self._partials.items()):
            said = Text()
            if channel in self._speakers:
                said.append(f"{self._speakers[channel]}: ")
            said.append(partial.committed)
            said.append(partial.tentative, style="dim italic")
            rows.append(_row(partial.start_ms, said))
        if self._name and (status := self._status()) is not None:
            rows.append(status)
        return Group(*rows)

    def _status(self) -> RenderableType | None:
        if self._listening:
            return Text(f"listening, {clock_time(self._received_ms)} · Ctrl-C ends", style="dim")
        duration_ms = self._duration_ms
        # What can be read of a segment counts, although its final is still to come.
        decoded_ms = max([self._decoded_ms, *(p.end_ms for p in self._partials.values())])
        if duration_ms is not None and duration_ms < _BAR_FROM_MS and self._sources == 1:
            return None
        figures = []
        if self._sources > 1:
            figures.append(f"{self._number + 1} of {self._sources}")
        took_s = self._clock() - self._began
        if duration_ms:
            figures.append(f"{clock_time(decoded_ms)} of {clock_time(duration_ms)}")
        else:
            figures.append(clock_time(decoded_ms))
        if decoded_ms and took_s >= _SPEED_FROM_S:
            speed = decoded_ms / 1000 / took_s
            figures.append(f"{speed:.1f}× real time")
            if duration_ms:
                left_ms = max(0, duration_ms - decoded_ms) / speed
                figures.append(f"{clock_time(math.ceil(left_ms / 1000) * 1000)} left")
        told = Text(" · ".join(figures), style="dim", no_wrap=True, overflow="ellipsis")
        line = Table.grid(padding=(0, 1))
        if duration_ms:
            width = min(_BAR_WIDTH, max(_SMALLEST_BAR, self._console.width - len(told) - 2))
            line.add_row(ProgressBar(duration_ms, min(decoded_ms, duration_ms), width=width), told)
        else:
            line.add_row(told)
        return line


def clock_time(ms: int) -> str:
    """Return a stretch of time as ``"4:05"`` or ``"1:04:05"``."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _row(start_ms: int, said: Text) -> Table:
    """A time in the margin and text that wraps beside it."""
    row = Table.grid(padding=(0, 2))
    row.add_column(justify="right", style="dim", min_width=5, no_wrap=True)
    row.add_column(overflow="fold")
    row.add_row(clock_time(start_ms), said)
    return row


def can_animate(console: Console) -> bool:
    """Return whether a display can be drawn there."""
    return console.is_terminal and not console.is_dumb_terminal
