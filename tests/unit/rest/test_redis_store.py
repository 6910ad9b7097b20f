"""Transcripts in Redis: redis-py as it is, against a small server that speaks its protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from streaming.rest.redis_store import RedisStore

pytest.importorskip("redis", reason="the extra 'redis' is not installed")


class FakeRedis:
    """GET and SET of Redis' protocol; whatever else a client says at first is agreed to."""

    def __init__(self) -> None:
        self.kept: dict[bytes, bytes] = {}
        self.expiries: list[int] = []
        self.answers = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                said = [await self._bulk(reader) for _ in range(int(line[1:]))]
                if not self.answers:
                    continue
                writer.write(self._answer(said))
        finally:
            writer.close()

    async def _bulk(self, reader: asyncio.StreamReader) -> bytes:
        size = int((await reader.readline())[1:])
        return (await reader.readexactly(size + 2))[:-2]

    def _answer(self, said: list[bytes]) -> bytes:
        match said[0].upper(), said[1:]:
            case b"GET", [key]:
                value = self.kept.get(key)
                return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)
            case b"SET", [key, value, *options]:
                self.kept[key] = value
                self.expiries.append(int(options[-1]))
                return b"+OK\r\n"
            case b"HELLO", _:
                return b"-ERR unknown command\r\n"
            case _:
                return b"+OK\r\n"


@asynccontextmanager
async def running(fake: FakeRedis) -> AsyncIterator[str]:
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0?protocol=2"


async def test_what_is_put_is_got_for_as_long_as_configured() -> None:
    fake = FakeRedis()
    async with running(fake) as url:
        store = RedisStore(url, 60)
        assert await store.get("a") is None
        await store.put("a", b"\x00text")
        assert await store.get("a") == b"\x00text"
    assert list(fake.kept) == [b"wirescribe:transcript:a"]
    assert fake.expiries == [60]


async def test_a_server_that_is_gone_is_an_os_error() -> None:
    async with running(FakeRedis()) as url:
        pass
    store = RedisStore(url, 60)
    with pytest.raises(OSError, match="asked"):
        await store.get("a")
    with pytest.raises(OSError, match="told"):
        await store.put("a", b"1")
