"""What is kept of recordings heard before, for how long, and for whom."""

from __future__ import annotations

from dataclasses import replace

from streaming.engine.fake import FakeEngine
from streaming.events import EndReason, Final
from streaming.options import SessionConfig
from streaming.principal import ANONYMOUS, Principal
from streaming.rest.cache import Cache, MemoryStore, cache_key
from streaming.rest.transcript import Transcript

SAID = Transcript((Final(0, 0, 0, 900, "Yes.", 0.9, "en", 1.0, EndReason.END),), 1_000)


async def test_what_was_asked_for_longest_ago_goes_first() -> None:
    store = MemoryStore(25, 60, clock=lambda: 0.0)
    for key in "ab":
        await store.put(key, b"0123456789")
    await store.get("a")
    await store.put("c", b"0123456789")
    assert [await store.get(key) is not None for key in "abc"] == [True, False, True]
    assert (len(store), store.held_bytes) == (2, 20)


async def test_what_is_larger_than_all_of_it_is_not_kept() -> None:
    store = MemoryStore(5, 60)
    await store.put("a", b"12345")
    await store.put("a", b"123456")
    assert await store.get("a") is None
    assert store.held_bytes == 0


async def test_nothing_is_kept_for_longer_than_it_may() -> None:
    now = 100.0
    store = MemoryStore(100, 60, clock=lambda: now)
    await store.put("a", b"1")
    now = 159.9
    assert await store.get("a") == b"1"
    now = 160.0
    assert await store.get("a") is None
    assert store.held_bytes == 0


async def test_a_transcript_is_found_again() -> None:
    cache = Cache(MemoryStore(10_000, 60))
    assert await cache.find("a") is None
    await cache.keep("a", SAID)
    assert await cache.find("a") == SAID


async def test_a_store_that_fails_is_one_that_has_nothing() -> None:
    class Gone:
        async def get(self, key: str) -> bytes | None:
            raise OSError

        async def put(self, key: str, value: bytes) -> None:
            raise OSError

    cache = Cache(Gone())
    await cache.keep("a", SAID)
    assert await cache.find("a") is None


async def test_what_is_damaged_is_not_found() -> None:
    store = MemoryStore(10_000, 60)
    for damaged in (b"", b"[]", b"{}", b'{"finals":[{}],"duration_ms":1,"damage":null}', b"\xff"):
        await store.put("a", damaged)
        assert await Cache(store).find("a") is None


async def test_without_a_store_nothing_is_kept() -> None:
    await Cache(None).keep("a", SAID)
    assert await Cache(None).find("a") is None


def test_the_key_is_of_all_that_the_transcript_depends_on_and_of_who_asks() -> None:
    config, engine = SessionConfig(), FakeEngine().info

    def key(digest: str = "d", config: SessionConfig = config, who: Principal = ANONYMOUS) -> str:
        return cache_key(digest, config, engine, who, mix=True)

    keys = {
        key(),
        key("e"),
        key(config=replace(config, language="de")),
        key(config=replace(config, prompt="Names")),
        key(config=replace(config, words=False)),
        key(who=Principal(key="anna")),
        cache_key("d", config, replace(engine, model="large"), ANONYMOUS, mix=True),
        cache_key("d", config, engine, ANONYMOUS, mix=False),
    }
    assert len(keys) == 8
    assert key() == key(config=replace(config, partials=False))
