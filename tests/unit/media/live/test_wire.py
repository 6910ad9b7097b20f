"""What is said on the pipes, and what is not believed."""

from __future__ import annotations

import io

import pytest

from streaming.media.live import Coding, Form, wire
from streaming.media.live.wire import Ask, Tell


def test_a_question_as_it_was_asked() -> None:
    source = io.BytesIO(wire.packed(Ask.DATA, b"sound") + wire.packed(Ask.END))
    assert wire.read(source) == (Ask.DATA, b"sound")
    assert wire.read(source) == (Ask.END, b"")
    assert wire.read(source) is None


@pytest.mark.parametrize("cut", [1, 4, 6])
def test_a_server_that_goes_amid_a_question_is_gone(cut: int) -> None:
    assert wire.read(io.BytesIO(wire.packed(Ask.DATA, b"sound")[:cut])) is None


def test_a_decoder_gone_wrong_is_not_believed() -> None:
    assert wire.unpacked(wire.packed(Tell.BLOCK, b"1234")[:5]) == (b"B", 4)
    with pytest.raises(ValueError, match="a message of"):
        wire.unpacked(b"B\xff\xff\xff\xff")


def test_codings() -> None:
    coding = Coding(Form.OPUS, 2, 2)
    assert wire.unpack_coding(wire.pack_coding(coding)) == coding
