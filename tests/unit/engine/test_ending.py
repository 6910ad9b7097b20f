"""What is put behind encoded windows: the end of a full one, and silence up to one length."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from streaming.engine.ending import Ending, reference_window

Frames = npt.NDArray[np.float32]


def numbered(count: int, first: int = 0) -> Frames:
    """Frames of width 2 that tell their places."""
    places = np.arange(first, first + count, dtype=np.float32)
    return np.stack((places, places), axis=1)


def places(frames: Frames) -> list[int]:
    return [int(place) for place in frames[:, 0]]


@pytest.fixture
def ending() -> Ending:
    return Ending(numbered(1_500))


def row(count: int) -> Frames:
    return numbered(count, first=-10_000)


def test_a_row_is_followed_by_two_seconds_of_silence_and_the_end_of_a_full_window(
    ending: Ending,
) -> None:
    (joined,) = ending.joined([row(50)])
    assert joined.dtype == np.float32
    assert places(joined[:50]) == places(row(50))
    assert places(joined[50:150]) == list(range(300, 400))
    assert places(joined[150:]) == list(range(1_475, 1_500))


def test_shorter_rows_get_more_silence(ending: Ending) -> None:
    rows = [row(50), row(200), row(120)]
    joined = ending.joined(rows)
    assert joined.shape == (3, 325, 2)
    for each, one in zip(joined, rows, strict=True):
        assert places(each[: len(one)]) == places(one)
        assert places(each[len(one) : 300]) == list(range(300, 600 - len(one)))
        assert places(each[300:]) == list(range(1_475, 1_500))


@pytest.mark.parametrize("count", [1_376, 1_480, 1_490, 1_500])
def test_no_row_is_longer_than_a_full_window_which_has_an_end_of_its_own(
    ending: Ending, count: int
) -> None:
    (joined,) = ending.joined([row(count)])
    assert len(joined) == 1_500
    assert places(joined[:count]) == places(row(count))
    left = min(25, 1_500 - count)
    assert places(joined[1_500 - left :]) == list(range(1_500 - left, 1_500))


def test_there_is_silence_enough_for_the_shortest_beside_the_longest(ending: Ending) -> None:
    joined = ending.joined([row(1_500), row(1)])
    assert joined.shape == (2, 1_500, 2)
    silence = places(joined[1, 1:1_475])
    assert silence[:1_175] == list(range(300, 1_475))
    assert silence[1_175:] == list(range(300, 300 + 299))


def test_the_reference_is_a_full_window_of_which_four_seconds_sound() -> None:
    window = reference_window()
    assert window.shape == (480_000,)
    assert window.dtype == np.float32
    assert np.sqrt(np.mean(np.square(window[:64_000]))) == pytest.approx(0.07, rel=1e-3)
    assert not window[64_000:].any()
    assert np.abs(window).max() < 1


def test_what_is_no_full_window_is_refused() -> None:
    with pytest.raises(ValueError, match="1499 frames"):
        Ending(numbered(1_499))
