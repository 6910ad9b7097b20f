"""Windows through an encoder that only remembers what it was given; no model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from streaming.decoding import DecodeRequest, Kind, LanguageChoice
from streaming.engine.encoder import Encoder
from streaming.engine.stages import ENCODER, FEATURES, StageTimes

Array = npt.NDArray[np.float32]
_MELS, _WIDTH = 8, 4


class Model:
    """A feature is the loudest sample of its 10 ms; two frames of features are one of output."""

    def __init__(self) -> None:
        self.taken: list[tuple[int, ...]] = []

    def features(self, samples: Array) -> Array:
        loudest = np.abs(samples).reshape(-1, 160).max(axis=1)
        return np.repeat(loudest[np.newaxis], _MELS, axis=0)

    def encode(self, features: Array) -> Array:
        assert features.flags.c_contiguous
        self.taken.append(features.shape)
        rows, _, frames = features.shape
        pairs = features[:, 0].reshape(rows, frames // 2, 2).max(axis=2)
        return np.repeat(pairs[..., np.newaxis], _WIDTH, axis=2)


@pytest.fixture
def model() -> Model:
    return Model()


def encoder(model: Model, *, one_by_one: bool, stages: StageTimes | None = None) -> Encoder:
    made = Encoder(
        model.features,
        model.encode,
        lambda array: array,
        stages or StageTimes(),
        one_by_one=one_by_one,
    )
    model.taken.clear()
    return made


def request(seconds: float) -> DecodeRequest:
    sound = np.full(int(seconds * 16_000), 0.5, np.float32)
    return DecodeRequest(Kind.FINAL, 0, 0, 0, sound, LanguageChoice(fixed="en"))


def test_all_windows_at_once_are_padded_to_the_longest(model: Model) -> None:
    encoded = encoder(model, one_by_one=False).encode([request(6.1), request(7.4)])
    assert model.taken == [(2, _MELS, 950)]
    assert encoded.batch.shape == (2, 475, _WIDTH)
    assert encoded.alone is None


def test_one_by_one_each_is_as_long_as_it_is_and_joined_behind_that(model: Model) -> None:
    encoded = encoder(model, one_by_one=True).encode([request(6.1), request(7.4)])
    assert model.taken == [(1, _MELS, 850), (1, _MELS, 950)]
    assert encoded.batch.shape == (2, 475 + 125, _WIDTH)
    assert encoded.batch.flags.c_contiguous
    assert encoded.alone is not None
    assert [each.shape for each in encoded.alone] == [(1, 425, _WIDTH), (1, 475, _WIDTH)]
    for row, seconds in zip(encoded.batch, (6.1, 7.4), strict=True):
        spoken = round(seconds * 50)
        assert row[:spoken].min() == 0.5
        assert not row[spoken:].any(), "nothing sounds behind the speech"


def test_a_full_window_needs_no_ending(model: Model) -> None:
    assert encoder(model, one_by_one=True).encode([request(29.5)]).batch.shape == (1, 1_500, _WIDTH)


def test_the_ending_is_made_once_of_a_full_window(model: Model) -> None:
    made = Encoder(model.features, model.encode, lambda array: array, StageTimes(), one_by_one=True)
    assert model.taken == [(1, _MELS, 3_000)]
    made.encode([request(1.0)])
    assert model.taken[1:] == [(1, _MELS, 300)]


def test_where_the_time_goes_is_noted(model: Model) -> None:
    stages = StageTimes()
    encoder(model, one_by_one=True, stages=stages).encode([request(1.0)])
    spent = stages.seconds()
    assert spent[FEATURES] > 0
    assert spent[ENCODER] > 0
