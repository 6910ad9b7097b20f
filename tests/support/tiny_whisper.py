"""Tiny randomly initialised Whisper models with the contract of real ones, for tests.

Written with CTranslate2's own specifications, so that the real engine loads them: mel bins, token
count and the place of every special token are those of the released models, only the layers are a
few numbers wide. What such a model "hears" is noise, but the same noise for the same audio.

The tokenizer knows the 256 bytes and, behind them, made-up words (``" w256"``, ``" w257"``, …) up
to the first special token, so that every text can be encoded and every token be read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import whisper_spec

# In the order of their tokens; large-v3 added the last one.
_CODES = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th "
    "ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr "
    "pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt "
    "haw ln ha ba jw su yue"
)
LANGUAGES = _CODES.split()
_TIMESTAMPS = 1501  # 0.00 to 30.00 s in steps of 20 ms
_NEVER = -1e4


@dataclass(frozen=True, slots=True)
class Contract:
    """What sets one family of released models apart from another.

    ``text_tokens`` stand before the first special token; ``languages`` are how many there are
    tokens for: the English-only models have all of them too, and use none.
    """

    mel_bins: int
    text_tokens: int
    languages: int
    multilingual: bool = True

    @property
    def specials(self) -> list[str]:
        """All special tokens, in the order of their ids."""
        return [
            "<|endoftext|>",
            "<|startoftranscript|>",
            *(f"<|{code}|>" for code in LANGUAGES[: self.languages]),
            "<|translate|>",
            "<|transcribe|>",
            "<|startoflm|>",
            "<|startofprev|>",
            "<|nospeech|>" if self.multilingual else "<|nocaptions|>",
            "<|notimestamps|>",
            *(f"<|{0.02 * i:.2f}|>" for i in range(_TIMESTAMPS)),
        ]

    @property
    def tokens(self) -> int:
        """Size of the vocabulary."""
        return self.text_tokens + len(self.specials)

    def id(self, special: str) -> int:
        """Id of a special token, written without its brackets."""
        return self.text_tokens + self.specials.index(f"<|{special}|>")


LARGE_V3 = Contract(mel_bins=128, text_tokens=50_257, languages=100)
MULTILINGUAL = Contract(mel_bins=80, text_tokens=50_257, languages=99)
ENGLISH = Contract(mel_bins=80, text_tokens=50_256, languages=99, multilingual=False)


def write_tiny_whisper(
    folder: Path,
    contract: Contract,
    *,
    width: int = 32,
    layers: int = 2,
    decoder_layers: int | None = None,
    heads: int = 2,
    seed: int = 0,
    end_bias: float = _NEVER,
) -> Path:
    """Write a model into ``folder`` and return it.

    ``decoder_layers`` are as many as the encoder's ``layers``, unless told; large-v3-turbo has 4
    to its 32.
    ``end_bias`` is added to the score of the end-of-text token: by default the model never stops
    by itself, at about 20 it does so sooner or later. Language tokens and timestamps are never its
    best choice in a text, as in trained models, nor are single bytes: it speaks in made-up words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    decoder_layers = decoder_layers or layers
    spec = whisper_spec.WhisperSpec(layers, heads, decoder_layers, heads)
    _fill(spec, contract, width, np.random.default_rng(seed), end_bias)
    config = spec.config
    config.alignment_heads = [[decoder_layers - 1, head] for head in range(heads)]
    config.lang_ids = [contract.id(code) for code in LANGUAGES[: contract.languages]]
    config.suppress_ids = [1, 2, 7, contract.id("startoftranscript"), *_tasks(contract)]
    config.suppress_ids_begin = [_byte_characters().index("Ġ"), contract.id("endoftext")]
    texts = _text_tokens(contract)
    spec.register_vocabulary([*texts, *contract.specials])
    spec.validate()
    spec.optimize(quantization="float32")
    spec.save(str(folder))
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer(texts, contract)))
    return folder


def _fill(
    spec: Any, contract: Contract, width: int, random: np.random.Generator, end_bias: float
) -> None:
    """Give every weight of the specification a random value of the right shape."""

    def weights(*shape: int, scale: float | None = None) -> np.ndarray[Any, Any]:
        scale = scale if scale is not None else 1.0 / np.sqrt(np.prod(shape[1:]))
        return (random.standard_normal(shape) * scale).astype(np.float32)

    def linear(layer: Any, rows: int, columns: int) -> None:
        layer.weight, layer.bias = weights(rows, columns), weights(rows, scale=0.02)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(width, np.float32), np.zeros(width, np.float32)

    def feed_forward(layer: Any) -> None:
        norm(layer.layer_norm)
        linear(layer.linear_0, 4 * width, width)
        linear(layer.linear_1, width, 4 * width)

    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = weights(width, contract.mel_bins, 3), weights(width)
    encoder.conv2.weight, encoder.conv2.bias = weights(width, width, 3), weights(width)
    encoder.position_encodings.encodings = weights(1500, width, scale=0.3)
    decoder.position_encodings.encodings = weights(448, width, scale=1.0)
    decoder.embeddings.weight = weights(contract.tokens, width, scale=1.0)
    # Not the embeddings again, as in trained models: untrained, that says the last word for ever.
    decoder.projection.weight = weights(contract.tokens, width, scale=1.0)
    bias = np.zeros(contract.tokens, np.float32)
    bias[:256] = bias[contract.text_tokens - 1] = _NEVER
    bias[contract.id("en") : contract.id("translate")] = _NEVER
    bias[contract.id("notimestamps") :] = _NEVER
    bias[contract.id("endoftext")] = end_bias
    decoder.projection.bias = bias
    norm(encoder.layer_norm)
    norm(decoder.layer_norm)
    for layer in (*encoder.layer, *decoder.layer):
        norm(layer.self_attention.layer_norm)
        linear(layer.self_attention.linear[0], 3 * width, width)
        linear(layer.self_attention.linear[1], width, width)
        feed_forward(layer.ffn)
    for layer in decoder.layer:
        norm(layer.attention.layer_norm)
        linear(layer.attention.linear[0], width, width)
        linear(layer.attention.linear[1], 2 * width, width)
        linear(layer.attention.linear[2], width, width)


def _tasks(contract: Contract) -> range:
    """Return the ids between the languages and ``<|notimestamps|>``."""
    return range(contract.id("translate"), contract.id("notimestamps"))


def _text_tokens(contract: Contract) -> list[str]:
    texts = [*_byte_characters(), *(f"Ġw{i}" for i in range(256, contract.text_tokens))]
    if contract.multilingual:
        texts[-1] = ""  # by this empty token CTranslate2 tells a multilingual model
    return texts


def _byte_characters() -> list[str]:
    """Return the character by which byte-level BPE writes each of the 256 bytes (GPT-2)."""
    visible = {*range(33, 127), *range(161, 173), *range(174, 256)}
    hidden = iter(range(256, 512))
    return [chr(byte) if byte in visible else chr(next(hidden)) for byte in range(256)]


def _tokenizer(texts: list[str], contract: Contract) -> dict[str, Any]:
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": contract.text_tokens + i,
                "content": token,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for i, token in enumerate(contract.specials)
        ],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {token: i for i, token in enumerate(texts)},
            "merges": [],
        },
    }
