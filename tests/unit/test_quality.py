"""Which hypotheses are decoded again, and which were never said."""

from __future__ import annotations

import dataclasses

import pytest

from streaming.decoding import Hypothesis, Word
from streaming.quality import (
    compression_ratio,
    degenerate,
    loops,
    not_speech,
    showable,
    without_echo,
    without_loop,
    without_tail,
)

PLAIN = "The committee will meet on Thursday, and whoever wants to come is welcome."


def words(text: str) -> tuple[Word, ...]:
    return tuple(Word(f" {each}") for each in text.split())


def timed(text: str, durations_ms: list[int]) -> tuple[Word, ...]:
    out, at = [], 0
    for name, duration in zip(text.split(), durations_ms, strict=True):
        out.append(Word(f" {name}", at, at + duration))
        at += duration
    return tuple(out)


def hypothesis(text: str = PLAIN, **fields: object) -> Hypothesis:
    plain = Hypothesis(
        text=text, words=words(text), language="en", language_confidence=1.0,
        average_logprob=-0.2, no_speech=0.1, token_count=len(text.split()),
    )  # fmt: skip
    return dataclasses.replace(plain, **fields)  # type: ignore[arg-type]


def text(those: tuple[Word, ...]) -> str:
    return "".join(word.text for word in those).strip()


def test_plain_speech_is_neither_a_loop_nor_noise() -> None:
    assert degenerate(hypothesis()) is None
    assert not_speech(hypothesis()) is None


@pytest.mark.parametrize(
    "said, reason",
    [
        (hypothesis(looped=True), "length"),
        (hypothesis("I don't know. " * 4 + "Yes."), "repetition"),
        (hypothesis("ha " * 40), "repetition"),
        (hypothesis(text="哈" * 60, words=(Word("哈" * 60),)), "compression"),
        (hypothesis(average_logprob=-1.01), "probability"),
    ],
)
def test_signs_of_a_loop(said: Hypothesis, reason: str) -> None:
    assert degenerate(said) == reason


def test_short_repeats_of_real_speech_are_no_loop() -> None:
    assert degenerate(hypothesis("No, no, no, no, no.")) is None
    assert degenerate(hypothesis("Very, very, very good.")) is None
    assert degenerate(hypothesis("", token_count=0, average_logprob=-9.0)) is None


def test_four_words_three_times_are_a_loop_even_apart_from_each_other() -> None:
    assert loops(words("x a b c d y A b, c d z a b c d."))
    assert not loops(words("a b c d e a b c d"))
    assert not loops(())


def test_compression() -> None:
    assert compression_ratio("") == 0.0
    assert compression_ratio("la " * 100) > 10
    assert compression_ratio(PLAIN) < 1.5


@pytest.mark.parametrize(
    "said, reason",
    [
        (hypothesis(""), "no_words"),
        (hypothesis(average_logprob=-1.21), "low_probability"),
        (hypothesis(average_logprob=-0.61, no_speech=0.61), "no_speech"),
        (hypothesis(average_logprob=-0.61, no_speech=0.5), None),
        (hypothesis(average_logprob=-0.5, no_speech=0.99), None),
    ],
)
def test_what_was_never_said(said: Hypothesis, reason: str | None) -> None:
    assert not_speech(said) == reason


@pytest.mark.parametrize(
    "said, clear_ms, reason",
    [
        # A voice that was heard clearly may say something improbable, as one word alone often is.
        (hypothesis("No", average_logprob=-1.26, no_speech=0.14), 380, None),
        (hypothesis("Goodbye", average_logprob=-1.95, no_speech=0.15), 600, None),
        (hypothesis("No", average_logprob=-1.26, no_speech=0.14), 80, "low_probability"),
        (hypothesis("No", average_logprob=-1.26, no_speech=0.41), 380, "low_probability"),
        (hypothesis("Bum", average_logprob=-2.51, no_speech=0.1), 380, "low_probability"),
        # Stock phrases need a doubt of their own.
        (hypothesis("Thank you.", average_logprob=-0.3), 400, None),
        (hypothesis("Thank you.", average_logprob=-1.1), 400, None),
        (hypothesis("Thank you.", average_logprob=-0.3), 80, None),
        (hypothesis("Thank you.", average_logprob=-0.5), 80, "stock_phrase"),
        (hypothesis("Thank you.", average_logprob=-0.5, no_speech=0.5), 400, "stock_phrase"),
        (hypothesis("Thank you.", average_logprob=-0.5), None, None),
        (hypothesis("Thanks for watching!", average_logprob=-0.2), 700, None),
        (hypothesis("Thanks for watching!", average_logprob=-0.2), 80, "stock_phrase"),
        (hypothesis("Thanks for watching!", no_speech=0.5), 700, "stock_phrase"),
        # A loop that nobody's voice explains.
        (hypothesis("we go on now " * 3), 80, "loop"),
        (hypothesis("we go on now " * 3), 800, None),
        (hypothesis(""), 800, "no_words"),
        (hypothesis(average_logprob=-0.61, no_speech=0.61), 80, "no_speech"),
        (hypothesis("Six.", average_logprob=-0.76, no_speech=0.71), 500, None),
        (hypothesis(average_logprob=-0.91, no_speech=0.61), 800, "no_speech"),
    ],
)
def test_what_was_never_said_by_the_text_and_the_voice_together(
    said: Hypothesis, clear_ms: int | None, reason: str | None
) -> None:
    assert not_speech(said, clear_ms) == reason


@pytest.mark.parametrize(
    "said, kept",
    [
        ("", ""),
        (PLAIN, PLAIN),
        ("go on and on and on and on and on then", "go on and"),
        ("thank you thank you thank you thank you", "thank you"),
        ("no no no no no", "no no no no no"),
        ("no no no no no no", "no"),
        ("we met. The end. the end! The End the end", "we met. The end."),
    ],
)
def test_a_loop_is_kept_once(said: str, kept: str) -> None:
    assert text(without_loop(words(said))) == kept


def test_an_echo_that_takes_no_time_is_dropped() -> None:
    twice = "see you there see you there"
    assert text(without_echo(timed(twice, [200, 200, 300, 0, 0, 0]))) == "see you there"
    assert text(without_echo(timed(twice, [200, 200, 300, 0, 0, 400]))) == "see you there"
    # A step of the alignment is no time to say a word in.
    assert text(without_echo(timed(twice, [200, 200, 300, 0, 20, 400]))) == "see you there"
    assert text(without_echo(timed(twice, [200, 200, 300, 0, 40, 400]))) == twice


def test_a_sentence_really_said_twice_stays() -> None:
    twice = "see you there see you there"
    assert text(without_echo(timed(twice, [200, 200, 300, 200, 200, 300]))) == twice
    assert text(without_echo(timed("bye bye", [200, 0]))) == "bye bye"
    assert text(without_echo(timed("go on go on", [200, 200, 20, 200]))) == "go on go on"


def test_without_times_only_long_echoes_are_taken_for_such() -> None:
    assert text(without_echo(words("see you there see you there"))) == "see you there"
    assert text(without_echo(words("thank you thank you"))) == "thank you thank you"
    assert without_echo(()) == ()


def test_a_last_word_said_often_in_one_instant_is_said_once() -> None:
    assert text(without_echo(timed("I see you you you", [200, 200, 300, 0, 0]))) == "I see you"
    assert text(without_echo(timed("no no no", [200, 200, 200]))) == "no no no"
    assert text(without_echo(timed("no no", [200, 0]))) == "no no"


@pytest.mark.parametrize(
    "said, kept",
    [
        ("", ""),
        (PLAIN, PLAIN),
        ("we met at noon we met at noon we met a", "we met at noon"),
        ("well we met at noon we met at noo", "well we met at noon"),
        ("so it is is is is i", "so it is"),
        ("it was very very good", "it was very very good"),
    ],
)
def test_of_a_hypothesis_that_hit_its_cap_the_first_pass_is_kept(said: str, kept: str) -> None:
    assert text(without_tail(words(said))) == kept


def test_where_the_cap_is_tight_the_beginning_of_a_copy_gives_a_loop_away() -> None:
    said = words("we met at noon we met a")
    assert text(without_tail(said)) == "we met at noon we met a"
    assert text(without_tail(said, begun=True)) == "we met at noon"
    assert text(without_tail(words("we met at noon and we"), begun=True)) == "we met at noon and we"


@pytest.mark.parametrize(
    "said, shown",
    [
        (hypothesis(), PLAIN),
        (hypothesis("we met at noon we met at noon we met", looped=True), "we met at noon"),
        (hypothesis(average_logprob=-1.4), PLAIN),
        (hypothesis(average_logprob=-1.6), ""),
        (hypothesis(average_logprob=-0.7, no_speech=0.7), ""),
        (hypothesis("a b c d x a b c d y a b c d z"), ""),
        (hypothesis(""), ""),
    ],
)
def test_what_of_a_partial_is_shown(said: Hypothesis, shown: str) -> None:
    assert text(showable(said)) == shown
