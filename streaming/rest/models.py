"""Which models a client of OpenAI's may name here, and how they are listed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from streaming.engine.base import EngineInfo
from streaming.errors import shown
from streaming.rest.errors import UnknownModel

ALIASES: Final = (
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-transcribe",
)
"""OpenAI's names, which all stand for the model that is served."""

_CREATED: Final = 1_663_718_400  # when Whisper came out: 2022-09-21


def model_names(engine: EngineInfo) -> Sequence[str]:
    """Return the names that may be asked for, our own first."""
    return [engine.model, *(alias for alias in ALIASES if alias != engine.model)]


def check_model(name: str, engine: EngineInfo) -> None:
    """Raise UnknownModel for a name that isn't one of them."""
    # OpenAI's dated versions of one model: gpt-4o-mini-transcribe-2025-12-15.
    if name in model_names(engine) or name.rstrip("0123456789-") in ALIASES[1:]:
        return
    raise UnknownModel(
        f"The model {shown(name)} does not exist here; this server has {shown(engine.model)}, "
        f"which {', '.join(ALIASES)} stand for as well",
        field="model",
    )


def model_object(name: str) -> dict[str, Any]:
    """Return one model as OpenAI describes it."""
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "wirescribe"}
