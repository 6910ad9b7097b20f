from __future__ import annotations

import numpy as np
import pytest

from load.peers.display import Display, Played
from load.peers.figures import Cost, SessionFigures, cost_between, figures_of, pool
from load.process import Usage
from load.programme import Programme, Utterance
from load.trace import Failure
from load.wire import WireFormat

WORDS = ("the", "mill", "stands", "by", "our", "river", "all", "day")
ENDS = tuple(0.5 + index * 0.5 for index in range(len(WORDS)))


def programme() -> Programme:
    said = Utterance("a.wav", "s", 0, 0.0, 5.0, " ".join(WORDS), WORDS, ENDS)
    return Programme("p", WireFormat(), np.zeros((1, 80000), np.float32), (said,), "en")


def scored(*displays: Display, tells_final: bool = True, **changes: object) -> SessionFigures:
    values: dict[str, object] = {"sent_s": 5.0, "sent_bytes": 160000, "close_code": 1000}
    played = Played(displays=displays, **(values | changes))  # type: ignore[arg-type]
    return figures_of(programme(), played, tells_final=tells_final)


def text(count: int, first: int = 0) -> str:
    return " ".join(WORDS[first:count])


def test_each_moment_of_a_word_is_told_apart() -> None:
    found = scored(
        Display(0.7, tentative="a"),
        Display(1.0, tentative=text(2)),
        Display(2.0, promised=text(1), tentative=text(4, first=1)),
        Display(3.0, final=text(4), tentative=text(8, first=4)),
        Display(6.0, final=text(8)),
    )
    one = found.score.words[0]
    assert (one.first_shown_s, one.stable_s, one.committed_s) == (0.5, 0.5, 1.5)
    assert found.final_s[0] == pytest.approx(2.5)
    assert found.final_s[7] == pytest.approx(6.0 - 4.0)
    assert found.score.errors.errors == 0
    assert found.score.erasure.erased_words == 1
    assert found.text_complete_s == 1.0


def test_a_protocol_without_finals_has_no_such_latency() -> None:
    found = scored(Display(6.0, promised=text(8)), tells_final=False)
    assert found.final_s == ()
    assert pool([found], []).final is None


def test_a_word_that_was_never_called_final_counts_from_the_last_text() -> None:
    found = scored(Display(4.0, final=text(6)), Display(6.5, final=text(6), tentative="all day"))
    assert found.final_s[7] == pytest.approx(2.5)


def test_long_gaps_are_lost_words_and_short_ones_are_errors() -> None:
    lost = scored(Display(6.0, final="the all day"))
    misheard = scored(Display(6.0, final="the river all day"))
    assert (lost.lost_words, lost.score.errors.deletions) == (5, 5)
    assert (misheard.lost_words, misheard.score.errors.deletions) == (0, 4)


def test_a_session_without_a_text_has_lost_every_word() -> None:
    found = scored(failure=Failure("refused", "WAIT: 3"))
    assert (found.lost_words, found.failure, found.text_complete_s) == (8, "refused", None)
    figures = pool([found], [])
    assert (figures.error_rate, figures.coverage, figures.erasure) == (1.0, 0.0, None)
    assert (figures.failed, figures.failures) == (1, {"refused": 1})


def test_sessions_and_costs_are_pooled() -> None:
    good = scored(Display(6.0, final=text(8)))
    bad = scored(Display(6.0, final=text(4)))
    costs = [Cost(2.0, 5.0, 300.0, 400.0), Cost(4.0, 5.0, 310.0, 390.0)]
    figures = pool([good, bad], costs)
    assert figures.error_rate == 0.25
    assert figures.reference_words == 16
    assert figures.coverage == 0.75
    assert figures.cpu_s_per_audio_s == pytest.approx(0.6)
    assert (figures.rss_before_mib, figures.peak_rss_mib) == (310.0, 400.0)
    assert figures.audio_s == 10.0


def test_promised_words_that_are_taken_back_are_counted() -> None:
    found = scored(Display(1.0, promised="the mile"), Display(6.0, final=text(8)))
    assert pool([found], []).promised_taken_back == 1


def test_without_both_readings_there_is_no_cost() -> None:
    one = Usage(1.0, 100.0, 120.0, 4)
    assert cost_between(None, one, 5.0) is None
    assert cost_between(one, None, 5.0) is None
    assert cost_between(one, Usage(3.5, 110.0, 140.0, 4), 5.0) == Cost(2.5, 5.0, 100.0, 140.0)
