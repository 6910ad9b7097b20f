"""Deepgram's ``Configure``: what it may change, and the two answers to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from streaming.errors import WirescribeError, shown
from streaming.transports.codec import Aside, Command, Configure
from streaming.transports.deepgram_refusals import renamed, unread

_POLISH: Final = frozenset({"punctuate", "smart_format", "numerals", "filler_words", "no_delay"})
_TOO_MANY: Final = "CONFIGURE_KEYTERM_LIMIT_EXCEEDED"
_UNSUPPORTED: Final = "CONFIGURE_FEATURE_NOT_SUPPORTED"


def read_configure(message: str, fields: Mapping[str, Any], request_id: str) -> Sequence[Command]:
    """Return what it asks for, with the answer behind it; or only the refusal."""
    if unknown := fields.keys() - {"type", "keyterms", "features"}:
        return [unread(message, f"field {shown(min(unknown))} is not known")]
    features, keyterms = fields.get("features"), fields.get("keyterms")
    if not isinstance(features, dict | None) or not isinstance(keyterms, list | None):
        return [unread(message, "keyterms is no list, or features no object")]
    for name, value in (features or {}).items():
        if not isinstance(value, bool) or (value and name not in _POLISH):
            told = f"features.{name[:40]}: {shown(value)} is not supported by this server"
            return [_failure(_UNSUPPORTED, told, request_id)]
    done: dict[str, Any] = {"type": "ConfigureSuccess", "request_id": request_id}
    if keyterms is None:
        return [Aside(done)]
    return [Configure({"hotwords": keyterms}), Aside({**done, "keyterms": keyterms})]


def not_configured(error: WirescribeError, request_id: str) -> Aside:
    """Answer a ``Configure`` whose keyterms can't be had; those before hold on."""
    return _failure(_TOO_MANY, renamed(error), request_id)


def _failure(code: str, why: str, request_id: str) -> Aside:
    told = why.encode(errors="replace").decode()
    return Aside(
        {
            "type": "ConfigureFailure",
            "request_id": request_id,
            "code": code,
            "description": told,
        }
    )
