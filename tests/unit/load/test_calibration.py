"""The report on confidences and times, from finals to the lines that people read."""

from __future__ import annotations

import argparse
import random

import numpy as np
import pytest

from load.calibration import (
    Judged,
    add_command,
    judge_programme,
    report,
    share_right,
    text,
    trust,
)
from load.programme import Programme, Utterance
from load.recorded import RecordedCommands
from load.rehearsal import Reasoned
from load.reliability import JudgedWord
from load.wire import WireFormat
from streaming.confidence import Calibration, Evidence
from streaming.decoding import Word
from streaming.events import EndReason, Final

CURRENT = Calibration(1.0, 0.0, 0.0)


def final(segment: int, *words: Word, channel: int = 0) -> Final:
    return Final(
        segment=segment, channel=channel, start_ms=0, end_ms=3_000,
        text="".join(word.text for word in words).strip(), confidence=0.5, language="en",
        language_confidence=1.0, reason=EndReason.END, words=words, word_count=len(words),
    )  # fmt: skip


def programme(*texts: str, ends: tuple[float, ...] = ()) -> Programme:
    utterances = tuple(
        Utterance("a.wav", "made", channel, 0.0, 3.0, text, tuple(text.split()), ends)
        for channel, text in enumerate(texts)
    )
    samples = np.zeros((len(texts), 16), np.float32)
    return Programme("a.wav", WireFormat(channels=len(texts)), samples, utterances, "en")


def test_words_are_held_against_their_own_channel() -> None:
    sure = Reasoned(0.9, Evidence(2.0, 1.0))
    judged = judge_programme(
        programme("cats sat", "three"),
        [
            final(0, Word(" Cats", 0, 500, sure), Word(" set.", 500, 900, 0.4)),
            final(1, Word(" three", 0, 500, 0.8), channel=1),
            final(2, Word(" —", 0, 500, 0.8), Word(" Cats", 0, 5, None), channel=1),
        ],
    )
    assert judged.words == (
        JudgedWord("made", "a.wav", 0, 0.9, True, (2.0, 1.0)),
        JudgedWord("made", "a.wav", 0, 0.4, False),
        JudgedWord("made", "a.wav", 1, 0.8, True),
    )
    assert judged.set == "made"
    assert judged.end_errors_ms == ()


def test_ends_are_held_against_reference_ends() -> None:
    judged = judge_programme(
        programme("cats sat", ends=(0.5, 1.0)),
        [final(0, Word(" cats", 0, 560, 0.9)), final(1, Word(" sat", 900, 1_040, 0.9))],
    )
    assert judged.end_errors_ms == pytest.approx((60, 40))
    figures = trust([judged])
    assert figures is not None
    assert figures.ends is not None
    assert figures.ends.words == 2
    assert figures.ends.median == pytest.approx(50)
    assert (figures.words.words, figures.segments.words) == (2, 2)


def test_a_segment_is_what_the_server_says_of_it() -> None:
    words = [JudgedWord("s", "f", 0, 0.9, True), JudgedWord("s", "f", 0, 0.4, True)]
    assert share_right(words) == 0.65


def test_nothing_is_said_of_recordings_without_words() -> None:
    assert trust([Judged("s", (), ())]) is None


def judged(name: str, seed: int) -> Judged:
    """Words that are right as often as their own evidence says."""
    drawn = random.Random(seed)
    words = []
    for index in range(300):
        odds = drawn.gauss(1.5, 1.5)
        sure = CURRENT.confidence(Evidence(odds, 0.0))
        words.append(JudgedWord(name, name, index // 10, sure, drawn.random() < sure, (odds, 0.0)))
    return Judged(name, tuple(words), (10.0, 30.0))


def test_the_report_by_beams_and_sets() -> None:
    heard = {1: [judged("a", 1), judged("b", 2)], 5: [judged("a", 3), Judged("c", (), ())]}
    made = report(heard, CURRENT, model="base", lead_ms=40, command=["x"])
    assert [(lot["beam"], lot["set"], lot["words"]["words"]) for lot in made["lots"]] == [
        (1, "all sets", 600), (1, "a", 300), (1, "b", 300), (5, "all sets", 300), (5, "a", 300),
    ]  # fmt: skip
    assert made["calibration"] == {"own": 1.0, "around": 0.0, "offset": 0.0}
    assert made["fitted"]["own"] == pytest.approx(1.0, abs=0.2)
    assert made["held_out"]["ece10"] < 0.05
    said = text(made)
    assert f"calibration = [{made['fitted']['own']:g}, " in said
    assert len(said.splitlines()) == 1 + 5 + 4
    assert "with word_lead_ms = 40; by these references it would be 20" in said


def test_the_command_says_what_it_needs() -> None:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_command(RecordedCommands(parser.add_subparsers(), lambda _: None, lambda _: []))
    given = parser.parse_args(["calibrate", "--model-dir", "m", "--calibration", "1", "0", "-.5"])
    assert (given.beam, given.calibration) == ([1, 5], [1.0, 0.0, -0.5])
