"""Multipart bodies cut anywhere, their bounds, and what is no multipart body."""

from __future__ import annotations

import asyncio
import errno
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.errors import BadMessage, MessageTooBig, RequestError
from streaming.rest.errors import StorageFull, UploadStalled
from streaming.rest.upload import Form, Spool, receive_body, receive_form

TYPE = "multipart/form-data; boundary=XX"
SOUND = bytes(range(256)) * 20


def part(name: str, value: bytes, filename: str | None = None) -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    head = f'--XX\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
    return head.encode() + value + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--XX--\r\n"


async def chunks(data: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def received(
    data: bytes, *, size: int = 1_000, most: int = 1_000_000, kind: str = TYPE
) -> Form:
    return await receive_form(chunks(data, size), kind, most_bytes=most, idle_s=5)


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
async def test_fields_and_a_file_however_they_are_cut(size: int) -> None:
    data = body(
        part("model", b"whisper-1"),
        part("file", SOUND, "a b.wav"),
        part("timestamp_granularities[]", b"word"),
        part("timestamp_granularities[]", b"segment"),
        part("prompt", "Größe\r\n--X".encode()),
    )
    form = await received(data, size=size)
    assert form.one("model") == "whisper-1"
    assert form.all("timestamp_granularities") == ["word", "segment"]
    assert form.one("prompt") == "Größe\r\n--X"
    assert form.one("nothing") is None
    assert form.file is not None
    assert (form.file.name, form.file.size) == ("a b.wav", len(SOUND))
    assert form.file.digest == hashlib.sha256(SOUND).hexdigest()
    assert form.file.file.read() == SOUND
    form.close()
    assert form.file.file.closed


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nothing of the kind",
        part("file", SOUND, "a.wav"),
        body(b"--XX\r\n\r\nno name\r\n"),
        body(part("prompt", b"\xff")),
        body(part("file", b"1", "a"), part("file", b"2", "b")),
        body(part("other", b"1", "a")),
        body(*(part(f"f{n}", b"") for n in range(200))),
    ],
)
async def test_what_is_no_such_form_is_refused(data: bytes) -> None:
    with pytest.raises(BadMessage):
        await received(data)


@pytest.mark.parametrize("kind", ["", "application/json", "multipart/form-data"])
async def test_other_types_are_refused(kind: str) -> None:
    with pytest.raises(BadMessage):
        await received(b"", kind=kind)


async def test_bounds() -> None:
    data = body(part("file", SOUND, "a.wav"))
    (await received(data, most=len(data))).close()
    with pytest.raises(MessageTooBig):
        await received(data, most=len(data) - 1)
    with pytest.raises(MessageTooBig):
        await received(body(part("prompt", b"x" * 70_000)))


async def test_an_upload_that_stops_is_given_up() -> None:
    async def stalled() -> AsyncIterator[bytes]:
        yield part("file", SOUND, "a.wav")
        await asyncio.Event().wait()

    with pytest.raises(UploadStalled):
        await receive_form(stalled(), TYPE, most_bytes=100_000, idle_s=0.05)


async def test_no_room_on_disk(tmp_path: Path) -> None:
    with pytest.raises(StorageFull):
        await receive_form(
            chunks(body(part("file", SOUND, "a.wav")), 1_000),
            TYPE,
            most_bytes=100_000,
            idle_s=5,
            folder=tmp_path / "gone",
        )
    spool = Spool(tmp_path, "a.wav")
    spool.close()

    class Full:
        def write(self, data: bytes) -> int:
            raise OSError(errno.ENOSPC, "full")

    spool.file = Full()  # type: ignore[assignment]
    with pytest.raises(StorageFull, match="no room"):
        spool.write(b"x")


async def test_a_body_that_is_the_file() -> None:
    spool = await receive_body(chunks(SOUND, 100), most_bytes=len(SOUND), idle_s=5)
    assert spool.file.read() == SOUND
    spool.close()
    with pytest.raises(MessageTooBig):
        await receive_body(chunks(SOUND, 100), most_bytes=len(SOUND) - 1, idle_s=5)


_PIECES = st.sampled_from(
    [
        b"--XX\r\n", b"--XX--\r\n", b"\r\n", b"\r\n\r\n", b"--X", b"--XX", b"\n", b"\r", b"\xff",
        b'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\n',
        b'Content-Disposition: form-data; name="model"\r\n\r\n', b"Content-Disposition: \r\n",
        b'content-disposition: form-data; filename*=UTF-8\'\'%ff; name="file"\r\n', b"x: y\r\n",
        b"Content-Disposition: form-data; name=\"\xff\"\r\n\r\n", b"whisper-1", bytes(300),
    ]
)  # fmt: skip


@given(st.lists(_PIECES | st.binary(max_size=20), max_size=25), st.integers(1, 60))
def test_whatever_comes_is_a_form_or_refused(pieces: list[bytes], size: int) -> None:
    """Pieces of multipart bodies in any order, cut anywhere: never anything but our errors."""

    async def read() -> None:
        try:
            form = await received(b"".join(pieces), size=size, most=4_000)
        except RequestError as error:
            assert 400 <= error.http_status < 500
            return
        for name, value in form.fields:
            (name + value).encode()
        form.close()

    asyncio.run(read())
