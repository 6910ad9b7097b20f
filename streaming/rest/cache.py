"""Transcripts of recordings heard before, so that one sent again isn't decoded again.

The key is a hash of everything that the transcript depends on, and of who asked: nobody learns
from a quick answer that somebody else has sent the same recording.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

from streaming.engine.base import EngineInfo
from streaming.logs import get_logger
from streaming.options import SessionConfig
from streaming.principal import Principal
from streaming.rest.transcript import Transcript

_log = get_logger(__name__)

_FORM = 1  # of what is kept; another one is never read as this


class Store(Protocol):
    """Where bytes are kept for a while."""

    async def get(self, key: str) -> bytes | None:
        """Return what is kept, or None. Raises OSError where that can't be known."""
        ...

    async def put(self, key: str, value: bytes) -> None:
        """Keep it. Raises OSError where that can't be done."""
        ...


class MemoryStore:
    """Keeps what was asked for last, up to so many bytes, and none of it for longer than that."""

    def __init__(
        self, most_bytes: int, ttl_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most_bytes
        self._ttl_s = ttl_s
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self.held_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    async def get(self, key: str) -> bytes | None:
        """Return what is kept, or None."""
        found = self._kept.get(key)
        if found is None:
            return None
        if found[0] <= self._clock():
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return found[1]

    async def put(self, key: str, value: bytes) -> None:
        """Keep it, and let go of what was asked for longest ago."""
        if key in self._kept:
            self._drop(key)
        if len(value) > self._most:
            return
        self._kept[key] = (self._clock() + self._ttl_s, value)
        self.held_bytes += len(value)
        while self.held_bytes > self._most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: str) -> None:
        self.held_bytes -= len(self._kept.pop(key)[1])


class Cache:
    """Transcripts in a store; one that can't be reached is as one that has nothing."""

    def __init__(self, store: Store | None) -> None:
        self._store = store

    async def find(self, key: str) -> Transcript | None:
        """Return the transcript kept under a key, or None."""
        if self._store is None:
            return None
        try:
            data = await self._store.get(key)
            return None if data is None else Transcript.load(data)
        except OSError as error:
            _log.warning("file_cache_failed", error=type(error).__name__)
        except (ValueError, KeyError, TypeError, AttributeError):
            _log.warning("file_cache_damaged")
        return None

    async def keep(self, key: str, transcript: Transcript) -> None:
        """Keep a transcript, if that can be done."""
        if self._store is None:
            return
        try:
            await self._store.put(key, transcript.dump())
        except OSError as error:
            _log.warning("file_cache_failed", error=type(error).__name__)


def cache_key(
    digest: str, config: SessionConfig, engine: EngineInfo, principal: Principal, *, mix: bool
) -> str:
    """Return the key of a recording's transcript; ``digest`` is the content's."""
    options: dict[str, Any] = dataclasses.asdict(dataclasses.replace(config, partials=False))
    del options["audio"]  # follows from the content
    what = {
        "form": _FORM,
        "content": digest,
        "options": options,
        "mix": mix,
        "model": [engine.model, engine.compute_type],
        "who": [principal.key, principal.key_id],
    }
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
