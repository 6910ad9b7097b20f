"""What is decoded for nobody: to warm an engine up, and to see whether it still can."""

from __future__ import annotations

import time

import numpy as np

from streaming.decoding import DecodeRequest, Kind, LanguageChoice
from streaming.engine.base import Engine
from streaming.heartbeat import Heartbeat

_KINDS = ((Kind.PARTIAL, 2), (Kind.FINAL, 8))
LAST_S = _KINDS[-1][1]
"""How much silence is decoded last."""


def warm_up(engine: Engine, heartbeat: Heartbeat | None = None) -> float:
    """Decode silence once per kind of call, so that the first speaker doesn't pay for it.

    ``heartbeat`` learns how fast the engine is. Returns the seconds that the last call took, which
    was of :data:`LAST_S`. Raises what decoding raises.
    """
    began = time.monotonic()
    for kind, seconds in _KINDS:
        requests = [silence(engine, kind, seconds)]
        began = time.monotonic()
        call = heartbeat.begin(requests, began) if heartbeat else None
        engine.decode(requests)
        if heartbeat and call:
            heartbeat.end(call, time.monotonic())
    return time.monotonic() - began


def silence(engine: Engine, kind: Kind, seconds: int) -> DecodeRequest:
    """Return a request that any engine in order can answer."""
    languages = engine.info.languages
    return DecodeRequest(
        kind=kind,
        channel=0,
        segment=0,
        start_sample=0,
        audio=np.zeros(seconds * 16_000, dtype=np.float32),
        language=LanguageChoice(fixed="en" if "en" in languages else languages[0]),
    )
