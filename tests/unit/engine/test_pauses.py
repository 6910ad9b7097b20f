from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from streaming.decoding import Word
from streaming.engine.pauses import USUAL_LEAD_MS, find_pauses, lead_of, settle

LEAD = 40  # what is taken back of the attention's lead


def sound(*stretches: tuple[float, int]) -> npt.NDArray[np.float32]:
    """Noise of one level after another: (root mean square, milliseconds)."""
    random = np.random.default_rng(0)
    parts = [level * random.standard_normal(16 * ms) for level, ms in stretches]
    return np.concatenate(parts).astype(np.float32)


def timed(*times: tuple[int, int]) -> tuple[Word, ...]:
    return tuple(Word(f" w{i}", start, end, 0.5) for i, (start, end) in enumerate(times))


def times(words: tuple[Word, ...]) -> list[tuple[int | None, int | None]]:
    return [(word.start_ms, word.end_ms) for word in words]


# -- find_pauses -------------------------------------------------------------------------------


def test_silence_between_speech_is_found() -> None:
    audio = sound((0.0005, 300), (0.1, 500), (0.0005, 400), (0.1, 600), (0.0005, 200))
    found = find_pauses(audio)
    assert len(found) == 3
    for (start, end), (true_start, true_end) in zip(
        found, [(0, 300), (800, 1200), (1800, 2000)], strict=True
    ):
        assert abs(start - true_start) <= 20
        assert abs(end - true_end) <= 20


def test_digital_silence_is_found() -> None:
    ((start, end),) = find_pauses(sound((0.1, 500), (0.0, 300), (0.1, 500)))
    assert 490 <= start <= 510
    assert 790 <= end <= 810


def test_a_plosives_closure_is_no_pause() -> None:
    assert find_pauses(sound((0.1, 500), (0.0005, 80), (0.1, 500))) == []


def test_where_there_is_noise_all_over_nothing_is_found() -> None:
    assert find_pauses(sound((0.1, 500), (0.03, 400), (0.1, 500))) == []
    assert find_pauses(sound((0.1, 1500))) == []
    assert find_pauses(sound((0.0, 1500))) == []


@pytest.mark.parametrize("samples", [0, 1, 160, 479])
def test_too_little_to_tell(samples: int) -> None:
    assert find_pauses(np.zeros(samples, dtype=np.float32)) == []


def test_loudness_does_not_matter() -> None:
    audio = sound((0.1, 500), (0.0005, 400), (0.1, 600))
    assert find_pauses(audio) == find_pauses(0.05 * audio)


# -- settle ------------------------------------------------------------------------------------


def test_leads_are_known_of_models_that_were_measured() -> None:
    assert (lead_of("base"), lead_of("tiny.en")) == (40, -110)
    assert lead_of("/somewhere/my-model") == USUAL_LEAD_MS


@pytest.mark.parametrize("lead_ms", [LEAD, 0, -110])
def test_a_lead_is_taken_back_and_a_lag_made_up_for(lead_ms: int) -> None:
    words = timed((0, 200), (200, 500), (500, 900))
    assert times(settle(words, [], 1000, lead_ms)) == [
        (0, 200 + lead_ms), (200 + lead_ms, 500 + lead_ms), (500 + lead_ms, 900 + lead_ms),
    ]  # fmt: skip


def test_no_word_is_moved_out_of_the_audio() -> None:
    words = timed((0, 60), (60, 120), (800, 990))
    assert times(settle(words, [], 1000, -110)) == [(0, 0), (0, 10), (690, 880)]
    assert times(settle(words, [], 1000, 90)) == [(0, 150), (150, 210), (890, 1000)]


def test_words_that_follow_each_other_only_lose_the_lead() -> None:
    words = timed((0, 200), (200, 500), (500, 900))
    assert times(settle(words, [], 1000)) == [(0, 240), (240, 540), (540, 940)]


def test_nothing_lies_beyond_the_audio() -> None:
    assert times(settle(timed((500, 980), (980, 1000)), [], 1000)) == [(540, 1000), (1000, 1000)]


def test_a_pause_given_to_the_word_behind_it() -> None:
    words = timed((100, 460), (460, 1400))
    assert times(settle(words, [(520, 1000)], 1500)) == [(140, 520), (1000, 1440)]


def test_a_pause_given_to_the_word_before_it() -> None:
    words = timed((100, 960), (960, 1400))
    assert times(settle(words, [(500, 980)], 1500)) == [(140, 500), (980, 1440)]


def test_a_pause_given_to_both() -> None:
    words = timed((100, 700), (700, 1400))
    assert times(settle(words, [(500, 980)], 1500)) == [(140, 500), (980, 1440)]


def test_silence_before_the_first_and_behind_the_last() -> None:
    words = timed((0, 600), (600, 1500))
    assert times(settle(words, [(0, 300), (1100, 1500)], 1500)) == [(300, 640), (640, 1100)]


def test_silence_after_the_last_does_not_draw_it_out() -> None:
    words = timed((0, 600), (600, 900))
    assert times(settle(words, [(1100, 1500)], 1500))[-1] == (640, 940)


def test_a_pause_within_a_word_changes_nothing() -> None:
    words = timed((0, 300), (300, 1500), (1500, 1800))
    assert times(settle(words, [(800, 1000)], 2000)) == times(settle(words, [], 2000))


def test_a_pause_that_swallows_a_word_leaves_it_its_place() -> None:
    words = timed((0, 300), (300, 340), (340, 900))
    settled = settle(words, [(250, 600)], 1000)
    assert [word.text for word in settled] == [" w0", " w1", " w2"]
    flat = [time for pair in times(settled) for time in pair]
    assert flat == sorted(t for t in flat if t is not None)


def test_a_word_without_length_keeps_none() -> None:
    words = timed((0, 300), (300, 300), (300, 300), (800, 1000))
    settled = times(settle(words, [(450, 780)], 1200))
    assert settled == [(0, 340), (340, 340), (340, 340), (780, 1040)]


def test_no_words() -> None:
    assert settle((), [(0, 500)], 1000) == ()


def test_texts_and_confidences_stay() -> None:
    words = (Word(" a", 0, 100, 0.25), Word(" b", 100, 300, 0.75))
    assert [(w.text, w.confidence) for w in settle(words, [(0, 120)], 400)] == [
        (" a", 0.25),
        (" b", 0.75),
    ]


@pytest.mark.parametrize("seed", range(200))
def test_order_holds_whatever_comes(seed: int) -> None:
    random = np.random.default_rng(seed)
    duration = int(random.integers(100, 3000))
    edges = sorted(int(t) for t in random.integers(0, duration + 1, 2 * random.integers(1, 8)))
    words = timed(*zip(edges[::2], edges[1::2], strict=True))
    cuts = sorted({int(t) for t in random.integers(0, duration + 1, 2 * random.integers(0, 5))})
    pauses = list(zip(cuts[::2], cuts[1::2], strict=False))
    settled = settle(words, pauses, duration)
    flat = [0, *(time for pair in times(settled) for time in pair if time is not None), duration]
    assert len(settled) == len(words)
    assert flat == sorted(flat)
