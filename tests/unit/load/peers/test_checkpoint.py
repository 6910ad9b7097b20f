from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import pytest

from load.peers.checkpoint import (
    NotConvertible,
    alignment_heads,
    original,
    read_variables,
)
from tests.support.tiny_whisper import LARGE_V3, write_tiny_whisper


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_whisper(tmp_path_factory.mktemp("tiny"), LARGE_V3)


def as_released(model: Path) -> dict[str, Any]:
    """The tiny model with the embeddings as its last projection, as every released one has it."""
    variables = read_variables(model / "model.bin")
    variables["decoder/projection/weight"] = variables["decoder/embeddings/weight"]
    return variables


def gelu(x: Any) -> Any:
    from math import erf

    return x * 0.5 * (1.0 + np.vectorize(erf)(x / np.sqrt(2.0)))


def norm(x: Any, state: dict[str, Any], name: str) -> Any:
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt(centred.var(-1, keepdims=True) + 1e-5)
    return scaled * state[f"{name}.weight"] + state[f"{name}.bias"]


def conv(x: Any, weight: Any, bias: Any, stride: int) -> Any:
    padded = np.pad(x, ((0, 0), (1, 1)))
    steps = range(0, x.shape[1], stride)
    columns = [np.tensordot(weight, padded[:, t : t + 3], 2) + bias for t in steps]
    return np.stack(columns, axis=1)


def attention(x: Any, state: dict[str, Any], name: str, heads: int) -> Any:
    query = x @ state[f"{name}.query.weight"].T + state[f"{name}.query.bias"]
    key = x @ state[f"{name}.key.weight"].T
    value = x @ state[f"{name}.value.weight"].T + state[f"{name}.value.bias"]
    split = [a.reshape(len(x), heads, -1).transpose(1, 0, 2) for a in (query, key, value)]
    scores = split[0] @ split[1].transpose(0, 2, 1) / np.sqrt(split[0].shape[-1])
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    mixed = (shares @ split[2]).transpose(1, 0, 2).reshape(len(x), -1)
    return mixed @ state[f"{name}.out.weight"].T + state[f"{name}.out.bias"]


def encode(mel: Any, dims: dict[str, int], state: dict[str, Any]) -> Any:
    """OpenAI's encoder, written out."""
    state = {name: array.astype(np.float64) for name, array in state.items()}
    x = gelu(conv(mel, state["encoder.conv1.weight"], state["encoder.conv1.bias"], 1))
    x = gelu(conv(x, state["encoder.conv2.weight"], state["encoder.conv2.bias"], 2)).T
    x = x + state["encoder.positional_embedding"][: len(x)]
    for layer in range(dims["n_audio_layer"]):
        block = f"encoder.blocks.{layer}"
        inner = norm(x, state, f"{block}.attn_ln")
        x = x + attention(inner, state, f"{block}.attn", dims["n_audio_head"])
        inner = norm(x, state, f"{block}.mlp_ln") @ state[f"{block}.mlp.0.weight"].T
        inner = gelu(inner + state[f"{block}.mlp.0.bias"])
        x = x + inner @ state[f"{block}.mlp.2.weight"].T + state[f"{block}.mlp.2.bias"]
    return norm(x, state, "encoder.ln_post")


def test_the_encoder_computes_what_the_converted_one_computes(model: Path) -> None:
    dims, state = original(as_released(model))
    mel = np.random.default_rng(3).normal(0.0, 0.5, (dims["n_mels"], 40)).astype(np.float32)
    ours = encode(mel, dims, state)
    whisper = ctranslate2.models.Whisper(str(model), compute_type="float32")
    view = ctranslate2.StorageView.from_array(np.ascontiguousarray(mel[None]))
    theirs = np.array(whisper.encode(view, to_cpu=True))[0]
    assert np.abs(ours - theirs).max() < 1e-3 * np.abs(theirs).max()


def test_every_value_of_the_decoder_is_there_once(model: Path) -> None:
    variables = as_released(model)
    dims, state = original(variables)
    assert dims["n_mels"] == 128
    assert dims["n_vocab"] == 51866
    blocks = {name.split(".")[3] for name in state if name.startswith("decoder.blocks.0.")}
    assert blocks == {"attn", "attn_ln", "cross_attn", "cross_attn_ln", "mlp", "mlp_ln"}
    assert not any(name.endswith("key.bias") for name in state)
    fused = variables["decoder/layer_0/attention/linear_1/weight"]
    cross = "decoder.blocks.0.cross_attn"
    again = np.concatenate([state[f"{cross}.key.weight"], state[f"{cross}.value.weight"]])
    assert np.array_equal(again, fused)
    floats = sum(
        v.size
        for k, v in variables.items()
        if v.ndim and not k.startswith(("decoder/alignment", "decoder/projection"))
    )
    keys = sum(
        state[name.replace("weight", "bias").replace("key", "query")].size
        for name in state
        if name.endswith("key.weight")
    )
    assert sum(array.size for array in state.values()) == floats - keys


def test_alignment_heads_become_a_mask_over_layers_and_heads(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"alignment_heads": [[0, 1], [2, 3]]}), encoding="utf-8")
    dumped = alignment_heads(config, {"n_text_layer": 3, "n_text_head": 4})
    mask = np.frombuffer(gzip.decompress(base64.b85decode(dumped)), dtype=bool).reshape(3, 4)
    assert np.argwhere(mask).tolist() == [[0, 1], [2, 3]]


def test_quantised_weights_are_refused(model: Path) -> None:
    variables = as_released(model)
    variables["encoder/layer_0/ffn/linear_0/weight_scale"] = np.ones(4, np.float32)
    with pytest.raises(NotConvertible, match="quantised"):
        original(variables)


def test_another_kind_of_model_is_refused(model: Path, tmp_path: Path) -> None:
    whole = (model / "model.bin").read_bytes()
    path = tmp_path / "model.bin"
    path.write_bytes(whole[:4] + whole[4:].replace(b"WhisperSpec", b"MistralSpec", 1))
    with pytest.raises(NotConvertible, match="MistralSpec in version 6"):
        read_variables(path)


def test_a_projection_of_its_own_is_refused(model: Path) -> None:
    with pytest.raises(NotConvertible, match="not the embeddings"):
        original(read_variables(model / "model.bin"))
