"""Whether the files of a model folder belong together.

CTranslate2 loads a model beside the tokenizer of another one without a word, and what it then
writes is nonsense: the tokenizers of large-v3 and of the models before it differ by one language,
which shifts every special token behind it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tokenizers

from streaming.errors import ModelUnavailable

_NEEDED = ("endoftext", "startoftranscript", "startofprev", "notimestamps")
_NEEDED_FOR_LANGUAGES = ("transcribe", "translate")


def check_contract(
    model: Any, vocabulary: tokenizers.Tokenizer, folder: Path, languages: int
) -> None:
    """Raise ModelUnavailable where tokenizer, weights and configuration are not of one model.

    ``model`` is the loaded ``ctranslate2.models.Whisper``, ``languages`` how many language tokens
    the tokenizer knows.
    """
    needed = _NEEDED + (_NEEDED_FOR_LANGUAGES if model.is_multilingual else ())
    for name in needed:
        if vocabulary.token_to_id(f"<|{name}|>") is None:
            raise _wrong(f"its tokenizer.json has no <|{name}|> and is not that of a Whisper model")
    if model.is_multilingual and languages != model.num_languages:
        raise _wrong(
            f"its tokenizer.json knows {languages} languages, its weights {model.num_languages}: "
            "they are of different models"
        )
    config = folder / "config.json"
    heads = json.loads(config.read_bytes()).get("alignment_heads") if config.is_file() else None
    if not heads:
        raise _wrong(
            "its config.json has no alignment_heads, without which words get no times; convert "
            "the model with a newer ct2-transformers-converter"
        )


def _wrong(reason: str) -> ModelUnavailable:
    return ModelUnavailable(f"engine.model: the model can't be used: {reason}")
