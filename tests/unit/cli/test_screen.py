"""What stands on a terminal, drawn into a text and replayed."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from streaming.cli.screen import Screen, can_animate, clock_time
from streaming.events import EndReason, Final, Partial, Suppressed

CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def partial(text: str, tentative: str, *, end_ms: int = 2_000, channel: int = 0) -> Partial:
    return Partial(0, 1, channel, 0, end_ms, text, tentative, "en")


def final(text: str, start_ms: int = 0, channel: int = 0) -> Final:
    return Final(0, channel, start_ms, start_ms + 900, text, 0.9, "en", 0.9, EndReason.SILENCE)


class Terminal:
    """A screen over a text, and its clock."""

    def __init__(self, *, sources: int = 1, finals: bool = True, live: bool = False) -> None:
        self.out = io.StringIO()
        self.now = 0.0
        console = Console(file=self.out, force_terminal=True, width=60, color_system="standard")
        self.screen = Screen(
            console, sources=sources, finals=finals, live=live, clock=lambda: self.now
        )

    def drawn(self) -> str:
        """What was written since the last time, with its escape sequences."""
        text = self.out.getvalue()
        self.out.seek(0)
        self.out.truncate()
        return text

    def plain(self) -> str:
        return CONTROL.sub("", self.drawn()).replace("\r", "\n")


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def test_committed_text_is_firm_and_the_tail_is_dim(terminal: Terminal) -> None:
    terminal.screen.begin("a.wav", 0, 60_000, {})
    terminal.screen.partial(partial("firm words", " and a tail"))
    terminal.screen.position(2_000, 0)
    drawn = terminal.drawn()
    terminal.screen.close()

    assert "\x1b[0mfirm words\x1b[2;3m and a tail\x1b[0m" in drawn


def test_finals_stay_and_partials_go(terminal: Terminal) -> None:
    terminal.screen.begin("a.wav", 0, 60_000, {})
    terminal.screen.partial(partial("it may", " change"))
    terminal.screen.position(2_000, 0)
    terminal.screen.final(final("It has changed.", 65_000))
    terminal.drawn()
    terminal.screen.position(3_000, 2_000)
    redrawn = terminal.plain()
    terminal.screen.end()
    terminal.screen.close()

    assert "it may" not in redrawn
    assert "It has changed." not in redrawn  # printed above, once


def test_a_suppressed_segment_is_taken_back(terminal: Terminal) -> None:
    terminal.screen.begin("a.wav", 0, 60_000, {})
    terminal.screen.partial(partial("thanks for watching", ""))
    terminal.screen.suppressed(Suppressed(0, 0, 0, 900, "no_speech"))
    terminal.drawn()
    terminal.screen.position(2_000, 900)
    assert "thanks" not in terminal.plain()
    terminal.screen.close()


def test_the_bar_tells_position_speed_and_what_is_left(terminal: Terminal) -> None:
    terminal.screen.begin("a.wav", 0, 120_000, {})
    terminal.now = 10.0
    terminal.screen.position(90_000, 60_000)
    plain = terminal.plain()
    terminal.screen.close()

    assert "1:00 of 2:00 · 6.0× real time · 0:10 left" in " ".join(plain.split())
    assert "━" in plain


def test_what_can_be_read_counts_as_done(terminal: Terminal) -> None:
    terminal.screen.begin("a.wav", 0, 120_000, {})
    terminal.now = 10.0
    terminal.screen.partial(partial("words", "", end_ms=30_000))
    terminal.screen.position(30_000, 5_000)
    assert "0:30 of 2:00" in terminal.plain()
    terminal.screen.close()


def test_a_source_of_unknown_length_has_no_bar_but_a_position(terminal: Terminal) -> None:
    terminal.screen.begin("-", 0, None, {})
    terminal.now = 2.0
    terminal.screen.position(4_000, 4_000)
    plain = terminal.plain()
    terminal.screen.close()

    assert "0:04 · 2.0× real time" in plain
    assert "left" not in plain
    assert "━" not in plain


def test_a_short_recording_has_no_bar(terminal: Terminal) -> None:
    terminal.screen.begin("a.wav", 0, 3_000, {})
    terminal.screen.position(3_000, 1_000)
    assert "real time" not in terminal.plain()
    terminal.screen.close()


def test_several_sources_are_headed_and_counted() -> None:
    terminal = Terminal(sources=2)
    terminal.screen.begin("a.wav", 0, 3_000, {})
    terminal.screen.final(final("One."))
    terminal.screen.end()
    terminal.screen.begin("b.wav", 1, 3_000, {})
    terminal.screen.position(3_000, 0)
    terminal.screen.close()
    plain = terminal.plain()

    assert plain.index("a.wav") < plain.index("One.") < plain.index("b.wav")
    assert "2 of 2" in plain


def test_speakers_stand_before_what_they_say(terminal: Terminal) -> None:
    terminal.screen.begin("a.wav", 0, 60_000, {0: "agent", 1: "customer"})
    terminal.screen.partial(partial("hello", "", channel=1))
    terminal.screen.position(2_000, 0)
    terminal.screen.final(final("Good day.", channel=0))
    plain = terminal.plain()
    terminal.screen.close()

    assert "customer: hello" in plain
    assert "agent: Good day." in plain


def test_without_finals_only_the_bar_is_drawn() -> None:
    terminal = Terminal(finals=False)
    terminal.screen.begin("a.wav", 0, 60_000, {})
    terminal.screen.final(final("Elsewhere."))
    terminal.screen.position(60_000, 30_000)
    plain = terminal.plain()
    terminal.screen.close()

    assert "Elsewhere." not in plain
    assert "0:30 of 1:00" in plain


def test_a_microphone_has_a_clock_and_a_way_out() -> None:
    terminal = Terminal(live=True)
    terminal.screen.begin("Headset", 0, None, {})
    terminal.screen.position(65_000, 0)
    assert "listening, 1:05 · Ctrl-C ends" in terminal.plain()
    terminal.screen.close()


def test_closing_gives_the_cursor_back(terminal: Terminal) -> None:
    terminal.screen.begin("a.wav", 0, 60_000, {})
    assert "\x1b[?25l" in terminal.drawn()
    terminal.screen.close()
    terminal.screen.close()
    assert "\x1b[?25h" in terminal.drawn()


def test_times_are_written_as_people_write_them() -> None:
    assert [clock_time(ms) for ms in (0, 59_999, 60_000, 3_600_000, 36_061_000)] == [
        "0:00", "0:59", "1:00", "1:00:00", "10:01:01",
    ]  # fmt: skip


def test_a_dumb_terminal_is_not_drawn_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert not can_animate(Console(file=io.StringIO(), force_terminal=True))
    monkeypatch.setenv("TERM", "xterm")
    assert can_animate(Console(file=io.StringIO(), force_terminal=True))
    assert not can_animate(Console(file=io.StringIO()))
