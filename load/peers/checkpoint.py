"""The checkpoint that a CTranslate2 Whisper model was converted from, value for value.

WhisperLiveKit's default policy decodes with PyTorch and wants the original file. Where the weights
were only cast (to float16, the original's own precision), renaming them back gives that file: the
same model for everybody. Runs on a peer's interpreter, so it needs numpy alone.

The layout of ``model.bin`` is that of ``ctranslate2.specs.ModelSpec.save``, version 6: name and
revision, variables (name, rank, shape, type, size, bytes), aliases; all little-endian.
"""

from __future__ import annotations

import base64
import gzip
import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

_VERSION = 6
_TYPES: dict[int, type[np.generic]] = {
    0: np.float32,
    1: np.int8,
    2: np.int16,
    3: np.int32,
    4: np.float16,
}
_ATTENTION = (("self_attention", "attn"), ("attention", "cross_attn"))

Arrays = dict[str, Any]
"""numpy arrays by name."""


class NotConvertible(ValueError):
    """A model whose weights can't be had back."""


def read_variables(path: Path) -> Arrays:
    """Every variable of a ``model.bin``; those that are equal may be one array."""
    with path.open("rb") as file:
        (version,) = _unpack(file, "<I")
        name = _read_name(file)
        if version != _VERSION or name != "WhisperSpec":
            raise NotConvertible(f"{path.name}: {name} in version {version}")
        _, count = _unpack(file, "<II")
        variables = dict(_read_variable(file) for _ in range(count))
        (aliases,) = _unpack(file, "<I")
        for _ in range(aliases):
            alias = _read_name(file)
            variables[alias] = variables[_read_name(file)]
        return variables


def _read_variable(file: BinaryIO) -> tuple[str, Any]:
    name = _read_name(file)
    (rank,) = _unpack(file, "<B")
    shape = _unpack(file, f"<{rank}I")
    kind, size = _unpack(file, "<BI")
    if kind not in _TYPES:
        raise NotConvertible(f"{name}: values of type {kind}")
    return name, np.frombuffer(file.read(size), _TYPES[kind]).reshape(shape)


def _read_name(file: BinaryIO) -> str:
    (length,) = _unpack(file, "<H")
    return file.read(length).rstrip(b"\0").decode()


def _unpack(file: BinaryIO, form: str) -> tuple[int, ...]:
    values: tuple[int, ...] = struct.unpack(form, file.read(struct.calcsize(form)))
    return values


def original(variables: Mapping[str, Any]) -> tuple[dict[str, int], Arrays]:
    """Dimensions and state of the checkpoint, by OpenAI's names."""
    if any(name.endswith("weight_scale") for name in variables):
        raise NotConvertible("the weights are quantised: the original's are lost")
    embedding = variables["decoder/embeddings/weight"]
    if not np.array_equal(variables["decoder/projection/weight"], embedding):
        raise NotConvertible("the last projection is not the embeddings: no Whisper is like that")
    state: Arrays = {"decoder.token_embedding.weight": embedding}
    for side in ("encoder", "decoder"):
        state[f"{side}.positional_embedding"] = variables[f"{side}/position_encodings/encodings"]
        norm = "ln_post" if side == "encoder" else "ln"
        _norm(state, f"{side}.{norm}", variables, f"{side}/layer_norm")
        for layer in range(_layers(variables, side)):
            _layer(state, f"{side}.blocks.{layer}", variables, f"{side}/layer_{layer}")
    for conv in ("conv1", "conv2"):
        for part in ("weight", "bias"):
            state[f"encoder.{conv}.{part}"] = variables[f"encoder/{conv}/{part}"]
    dims = {
        "n_mels": state["encoder.conv1.weight"].shape[1],
        "n_audio_ctx": state["encoder.positional_embedding"].shape[0],
        "n_audio_state": state["encoder.conv1.weight"].shape[0],
        "n_audio_head": int(variables["encoder/num_heads"]),
        "n_audio_layer": _layers(variables, "encoder"),
        "n_vocab": embedding.shape[0],
        "n_text_ctx": state["decoder.positional_embedding"].shape[0],
        "n_text_state": embedding.shape[1],
        "n_text_head": int(variables["decoder/num_heads"]),
        "n_text_layer": _layers(variables, "decoder"),
    }
    return dims, state


def _layers(variables: Mapping[str, Any], side: str) -> int:
    prefix = f"{side}/layer_"
    numbers = {
        name[len(prefix) :].partition("/")[0]
        for name in variables
        if name.startswith(prefix) and name[len(prefix)].isdigit()
    }
    return len(numbers)


def _layer(state: Arrays, to: str, variables: Mapping[str, Any], of: str) -> None:
    for theirs, ours in _ATTENTION:
        if f"{of}/{theirs}/layer_norm/gamma" not in variables:
            continue
        _norm(state, f"{to}.{ours}_ln", variables, f"{of}/{theirs}/layer_norm")
        _attention(state, f"{to}.{ours}", variables, f"{of}/{theirs}")
    _norm(state, f"{to}.mlp_ln", variables, f"{of}/ffn/layer_norm")
    for number, place in ((0, 0), (1, 2)):
        for part in ("weight", "bias"):
            state[f"{to}.mlp.{place}.{part}"] = variables[f"{of}/ffn/linear_{number}/{part}"]


def _attention(state: Arrays, to: str, variables: Mapping[str, Any], of: str) -> None:
    """Takes the fused projections apart: query, key and value, or query beside key and value."""
    weights: list[Any] = []
    biases: list[Any] = []
    linear = 0
    while len(weights) < 3:
        weight = variables[f"{of}/linear_{linear}/weight"]
        parts = weight.shape[0] // weight.shape[1]
        weights += np.split(weight, parts)
        biases += np.split(variables[f"{of}/linear_{linear}/bias"], parts)
        linear += 1
    for name, weight, bias in zip(("query", "key", "value"), weights, biases, strict=True):
        state[f"{to}.{name}.weight"] = weight
        # Whisper's keys have no bias; the fused projection holds zeros in its place.
        if name != "key":
            state[f"{to}.{name}.bias"] = bias
    for part in ("weight", "bias"):
        state[f"{to}.out.{part}"] = variables[f"{of}/linear_{linear}/{part}"]


def _norm(state: Arrays, to: str, variables: Mapping[str, Any], of: str) -> None:
    state[f"{to}.weight"] = variables[f"{of}/gamma"]
    state[f"{to}.bias"] = variables[f"{of}/beta"]


def alignment_heads(config: Path, dims: Mapping[str, int]) -> str:
    """The heads that follow the audio, as a mask in the form that OpenAI's code has them."""
    heads: Sequence[tuple[int, int]] = json.loads(config.read_text())["alignment_heads"]
    mask = np.zeros((dims["n_text_layer"], dims["n_text_head"]), dtype=bool)
    for layer, head in heads:
        mask[layer, head] = True
    return base64.b85encode(gzip.compress(mask.tobytes(), mtime=0)).decode()
