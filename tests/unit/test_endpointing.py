"""The silences that end a segment, and the sets of them that have names."""

from __future__ import annotations

import pytest

from streaming.endpointing import PRESETS, Endpointing, Preset
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
