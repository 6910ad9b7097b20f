"""Transcripts in Redis, where several servers share them; needs the extra ``redis``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from streaming.errors import BadConfiguration

_PREFIX: Final = "wirescribe:transcript:"
_PATIENCE_S: Final = 2.0  # decoding anew is slower than that, and better than waiting


class RedisStore:
    """Keeps bytes in Redis; every failure is an OSError."""

    def __init__(self, url: str, ttl_s: int) -> None:
        try:
            from redis import asyncio as redis
            from redis.exceptions import RedisError
        except ImportError:
            raise BadConfiguration(
                "files.redis_url: needs the extra: pip install 'wirescribe[redis]'",
                field="files.redis_url",
            ) from None
        self._ttl_s = ttl_s
        self._error: type[Exception] = RedisError
        # A connection an upload, closed behind it: none is left over when the server stops.
        self._connect: Callable[[], Any] = lambda: redis.Redis.from_url(
            url, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S
        )

    async def get(self, key: str) -> bytes | None:
        """Return what is kept, or None."""
        try:
            async with asyncio.timeout(_PATIENCE_S), self._connect() as client:
                value = await client.get(_PREFIX + key)
        except (self._error, TimeoutError) as error:
            raise OSError("Redis can't be asked") from error
        return value if isinstance(value, bytes) else None

    async def put(self, key: str, value: bytes) -> None:
        """Keep it, for as long as configured."""
        try:
            async with asyncio.timeout(_PATIENCE_S), self._connect() as client:
                await client.set(_PREFIX + key, value, ex=self._ttl_s)
        except (self._error, TimeoutError) as error:
            raise OSError("Redis can't be told") from error
