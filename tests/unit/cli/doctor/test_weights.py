"""The shape of a model, out of files that CTranslate2's own code has written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from streaming.cli.doctor.weights import Weights, read_weights
from tests.support.tiny_whisper import LARGE_V3, write_tiny_whisper

LARGE = Weights(1_543_490_560, 1280, 32, 128, 51_866)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    return write_tiny_whisper(folder, LARGE_V3, width=64, layers=3, decoder_layers=2) / "model.bin"


def test_the_shape_is_read_without_loading(model: Path) -> None:
    weights = read_weights(model)
    assert weights is not None
    assert (weights.width, weights.decoder_layers) == (64, 2)
    assert (weights.mel_bins, weights.tokens) == (128, LARGE_V3.tokens)
    # It was written in float32, and holds little else.
    assert weights.weight_bytes("float32") == pytest.approx(model.stat().st_size, rel=0.01)


@pytest.mark.parametrize("length", [0, 3, 11, 40, 5_000, -1])
def test_what_is_cut_short_has_no_shape(model: Path, tmp_path: Path, length: int) -> None:
    part = tmp_path / "model.bin"
    part.write_bytes(model.read_bytes())
    os.truncate(part, length if length >= 0 else part.stat().st_size - 4_000_000)
    assert read_weights(part) is None


def test_what_is_no_model_has_no_shape(tmp_path: Path) -> None:
    other = tmp_path / "model.bin"
    other.write_bytes(b"\x93NUMPY" * 1_000)
    assert read_weights(other) is None
    other.write_bytes(bytes(range(256)) * 40)
    assert read_weights(other) is None
    assert read_weights(tmp_path / "none.bin") is None
    assert read_weights(tmp_path) is None


@pytest.mark.parametrize(
    ("precision", "gb"),
    [("float32", 6.2), ("float16", 3.1), ("bfloat16", 3.1), ("int8_float16", 1.5), ("int8", 1.5)],
)
def test_weights_take_as_much_as_their_precision_says(precision: str, gb: float) -> None:
    assert LARGE.weight_bytes(precision) / 1e9 == pytest.approx(gb, abs=0.1)


def test_batches_take_more_the_more_rows_they_have() -> None:
    loading, one = LARGE.gpu_bytes("float16", 1)
    same, many = LARGE.gpu_bytes("float16", 16)
    assert loading == same > LARGE.weight_bytes("float16")
    assert many - same == 16 * (one - loading)
    assert LARGE.row_bytes("float32") == 2 * LARGE.row_bytes("float16")
