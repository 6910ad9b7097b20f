"""Bytes for a decoder: more of them only when it has used up all."""

from __future__ import annotations

import io

import pytest

from streaming.media.live import wire
from streaming.media.live.feed import Feed, ServerGone
from streaming.media.live.wire import Ask, Tell


def feed(*questions: tuple[Ask, bytes]) -> tuple[Feed, io.BytesIO]:
    out = io.BytesIO()
    return Feed(io.BytesIO(b"".join(wire.packed(*each) for each in questions)), out), out


READY = wire.packed(Tell.READY)


def test_a_question_is_answered_when_its_bytes_are_used_up() -> None:
    it, out = feed((Ask.DATA, b"abcdef"), (Ask.DATA, b"gh"), (Ask.END, b""))
    assert it.read(4) == b"abcd"
    assert it.read(4) == b"ef"
    assert out.getvalue() == READY
    assert it.read(4) == b"gh"
    assert out.getvalue() == READY * 2
    assert it.read(4) == it.read(4) == b""
    assert out.getvalue() == READY * 3


def test_what_was_only_looked_at_comes_again() -> None:
    it, _ = feed((Ask.DATA, b"abc"))
    it.put_back(it.next())
    assert it.next() == b"abc"


def test_flushing_is_done_before_it_is_answered() -> None:
    it, out = feed((Ask.FLUSH, b""), (Ask.DATA, b""), (Ask.DATA, b"a"))
    it.flush = lambda: it.tell(Tell.BLOCK, b"held")
    assert it.next() == b"a"
    assert out.getvalue() == READY + wire.packed(Tell.BLOCK, b"held") + READY * 2


def test_a_server_that_is_gone() -> None:
    with pytest.raises(ServerGone):
        feed()[0].next()
