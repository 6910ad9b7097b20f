"""What a model's file of weights says of its shape, read without loading it.

CTranslate2's binary format (``python/ctranslate2/specs/model_spec.py``): a version, the
specification's name, its revision, then every variable as name, rank, dimensions, type and bytes.
The bytes are skipped, so gigabytes are read in milliseconds.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_MOST_VARIABLES = 100_000
_MOST_DIMENSIONS = 8
_POSITIONS = 1500  # of the encoder, for 30 s
_TEXT_POSITIONS = 448
_BEAMS = 5
_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int16": 2}  # the others multiply in int8
_RUNTIME_BYTES = 500 << 20  # CUDA's context and cuBLAS' workspace, roughly


@dataclass(frozen=True, slots=True)
class Weights:
    """A Whisper model's shape."""

    parameters: int
    width: int
    decoder_layers: int
    mel_bins: int
    tokens: int

    def weight_bytes(self, compute_type: str) -> int:
        """Memory that the weights take in a precision."""
        return self.parameters * _BYTES.get(compute_type, 1)

    def row_bytes(self, compute_type: str) -> int:
        """Memory that one row of a batch takes at most: 30 s of sound and five beams.

        Keys and values of the decoder's layers, over the encoder's positions once and over the
        text's for every beam, and the attention scores of one encoder layer.
        """
        activation = 4 if compute_type in ("float32", "int8_float32", "int8") else 2
        keys = 2 * self.decoder_layers * self.width * (_POSITIONS + _BEAMS * _TEXT_POSITIONS)
        scores = self.width // 64 * _POSITIONS**2
        return activation * (keys + scores)

    def gpu_bytes(self, compute_type: str, rows: int) -> tuple[int, int]:
        """Return what loading needs on a GPU, and what decoding full batches may need in all."""
        loading = self.weight_bytes(compute_type) + _RUNTIME_BYTES
        return loading, loading + rows * self.row_bytes(compute_type)


def read_weights(path: Path) -> Weights | None:
    """Return the shape of the model in ``model.bin``; None where it can't be made out."""
    try:
        with path.open("rb") as file:
            return _shape(_variables(file))
    except (OSError, ValueError, KeyError, struct.error):
        return None


def _variables(file: BinaryIO) -> dict[str, tuple[int, ...]]:
    """Read every variable's name and dimensions."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    _number(file, "I")
    if _text(file) != "WhisperSpec":
        raise ValueError("not Whisper's weights")
    _number(file, "I")
    count = _number(file, "I")
    if count > _MOST_VARIABLES:
        raise ValueError("too many variables")
    found: dict[str, tuple[int, ...]] = {}
    for _ in range(count):
        name, rank = _text(file), _number(file, "B")
        if rank > _MOST_DIMENSIONS:
            raise ValueError("too many dimensions")
        found[name] = tuple(_number(file, "I") for _ in range(rank))
        _number(file, "B")
        if file.seek(_number(file, "I"), os.SEEK_CUR) > size:
            raise ValueError("cut short")
    return found


def _shape(variables: dict[str, tuple[int, ...]]) -> Weights:
    width, mel_bins, _ = variables["encoder/conv1/weight"]
    tokens, _ = variables["decoder/embeddings/weight"]
    layers = {name.split("/")[1] for name in variables if name.startswith("decoder/layer_")}
    parameters = 0
    for shape in variables.values():
        count = 1
        for length in shape:
            count *= length
        parameters += count
    return Weights(parameters, width, len(layers - {"layer_norm"}), mel_bins, tokens)


def _number(file: BinaryIO, form: str) -> int:
    (value,) = struct.unpack(f"<{form}", file.read(struct.calcsize(f"<{form}")))
    return int(value)


def _text(file: BinaryIO) -> str:
    return file.read(_number(file, "H")).rstrip(b"\0").decode()
