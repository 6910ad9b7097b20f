"""The silences that end a segment, and the sets of them that have names."""

from __future__ import annotations

import dataclasses

import pytest

from streaming.endpointing import PRESETS, Endpointing, Preset, preset_values
from streaming.options import SEGMENT_MS, SILENCE_MS


@pytest.mark.parametrize(
    "sentence_silence_ms, after_a_sentence",
    [(None, 700), (300, 300), (700, 700), (2_000, 700)],
)
def test_less_silence_is_enough_behind_a_sentence_and_never_more(
    sentence_silence_ms: int | None, after_a_sentence: int
) -> None:
    endpointing = Endpointing(silence_ms=700, sentence_silence_ms=sentence_silence_ms)
    assert endpointing.silence_after(sentence=False) == 700
    assert endpointing.silence_after(sentence=True) == after_a_sentence


def test_every_preset_has_its_values_and_they_are_ones_a_client_could_ask_for() -> None:
    assert set(PRESETS) == set(Preset)
    for endpointing in PRESETS.values():
        assert SILENCE_MS[0] <= endpointing.silence_ms <= SILENCE_MS[1]
        assert SEGMENT_MS[0] <= endpointing.max_segment_ms <= SEGMENT_MS[1]
        assert endpointing.sentence_silence_ms is not None
        assert SILENCE_MS[0] <= endpointing.sentence_silence_ms < endpointing.silence_ms


def test_presets_differ_in_what_they_are_for() -> None:
    captions, telephony, dictation = (PRESETS[preset] for preset in Preset)
    assert captions.max_segment_ms < telephony.max_segment_ms < dictation.max_segment_ms
    assert dictation.silence_ms >= 2 * max(captions.silence_ms, telephony.silence_ms)


@pytest.mark.parametrize(
    "length_ms, silence_ms",
    [(0, 700), (8_000, 700), (10_000, 550), (12_000, 400), (19_000, 400)],
)
def test_the_longer_a_segment_the_shorter_the_silence_that_ends_it(
    length_ms: int, silence_ms: int
) -> None:
    assert Endpointing().silence_after(length_ms, sentence=False) == silence_ms


def test_a_silence_that_is_short_already_stays_as_it_is() -> None:
    assert Endpointing(silence_ms=100).silence_after(19_000, sentence=False) == 100


def test_what_a_preset_gives_is_found_by_name_and_nothing_by_another() -> None:
    captions = dataclasses.asdict(PRESETS[Preset.CAPTIONS])
    assert preset_values("captions") == preset_values(Preset.CAPTIONS) == captions
    assert not preset_values("caption")
    assert not preset_values(None)
    assert not preset_values(["captions"])
