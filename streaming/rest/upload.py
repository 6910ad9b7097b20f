"""A multipart form as it arrives: fields in memory, the one file in a temporary file on disk.

Everything has a bound: the bytes of the body, the number and the size of the fields, and the time
in which nothing comes. The file is nameless, so nothing is left of it whatever ends the process;
unless it is to be left: that of a job.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Any, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from streaming.errors import BadMessage, MessageTooBig
from streaming.rest.errors import StorageFull, UploadStalled

_MOST_FIELDS: Final = 128
_MOST_FIELD_BYTES: Final = 65_536
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Spool:
    """Sound on disk that is being received; a context manager that gives the room back."""

    def __init__(self, folder: Path | None, name: str, *, kept: Path | None = None) -> None:
        """Make a nameless file in a folder, or one that is ``kept`` under a name of its own."""
        self.name = name
        self.size = 0
        self._hash = hashlib.sha256()
        try:
            self.file: IO[bytes] = (
                tempfile.TemporaryFile(  # noqa: SIM115 - closed by close()
                    dir=folder, prefix="wirescribe-"
                )
                if kept is None
                else os.fdopen(os.open(kept, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")
            )
        except OSError as error:
            raise no_room(error) from error

    @property
    def digest(self) -> str:
        """SHA-256 of what has come, in hex."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> None:
        """Take more of it; StorageFull where it doesn't fit on the disk."""
        try:
            self.file.write(data)
        except OSError as error:
            raise no_room(error) from error
        self._hash.update(data)
        self.size += len(data)

    def end(self) -> None:
        """All of it has come."""
        try:
            self.file.flush()
        except OSError as error:
            raise no_room(error) from error
        self.file.seek(0)

    def close(self) -> None:
        """Give the room back."""
        try:
            self.file.close()
        except OSError:  # what was not written yet didn't fit: nobody needs it any more
            self.file.close()


class Form:
    """What a client has sent: ``fields`` in their order, and the ``file``, if there was one."""

    def __init__(self) -> None:
        self.fields: list[tuple[str, str]] = []
        self.file: Spool | None = None

    def one(self, name: str) -> str | None:
        """Return a field that makes sense once; of several the last counts."""
        return next((value for key, value in reversed(self.fields) if key == name), None)

    def all(self, name: str) -> list[str]:
        """Return all values of a list, whose name may end in ``[]``."""
        return [value for key, value in self.fields if key in (name, f"{name}[]")]

    def close(self) -> None:
        """Let go of the file."""
        if self.file is not None:
            self.file.close()


class _Reader:
    """Parts of a multipart body, from the parser's callbacks."""

    def __init__(self, form: Form, folder: Path | None, kept: Path | None) -> None:
        self._form = form
        self._folder = folder
        self._kept = kept
        self._header = b""
        self._value = b""
        self._name: str | None = None
        self._text: bytearray | None = None
        self._parts = 0
        self.ended = False

    def on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST_FIELDS:
            raise BadMessage(f"body: more than {_MOST_FIELDS} fields", field="body")
        self._name, self._text = None, None
        self._header = self._value = b""

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._begin(self._value)
        self._header = self._value = b""

    def _begin(self, disposition: bytes) -> None:
        _, options = parse_options_header(disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        self._name = name
        if b"filename" not in options and name != "file":
            self._text = bytearray()
            return
        if name != "file" or self._form.file is not None:
            raise BadMessage("file: one file is taken at a time, as 'file'", field="file")
        given = options.get(b"filename", b"").decode("utf-8", "replace")
        self._form.file = Spool(self._folder, given or "file", kept=self._kept)

    def on_headers_finished(self) -> None:
        if self._name is None:
            raise BadMessage("body: a part has no name", field="body")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._text is None:
            if self._form.file is not None:
                self._form.file.write(data[start:end])
            return
        self._text += data[start:end]
        if len(self._text) > _MOST_FIELD_BYTES:
            raise MessageTooBig(
                f"{self._name}: more than {_MOST_FIELD_BYTES} bytes", field=self._name
            )

    def on_part_end(self) -> None:
        if self._text is None or self._name is None:
            return
        try:
            self._form.fields.append((self._name, self._text.decode()))
        except UnicodeDecodeError:
            raise BadMessage(f"{self._name}: is not UTF-8", field=self._name) from None

    def on_end(self) -> None:
        self.ended = True


async def receive_form(
    chunks: AsyncIterator[bytes],
    content_type: str,
    *,
    most_bytes: int,
    idle_s: float,
    folder: Path | None = None,
    kept: Path | None = None,
) -> Form:
    """Read a multipart body to its end; the caller closes the form.

    Its file is nameless, in ``folder``, or ``kept`` at a path where there is none yet. Raises
    BadMessage, MessageTooBig, StorageFull, UploadStalled, and what ``chunks`` raises.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise BadMessage("Content-Type: is not multipart/form-data", field="content-type")
    form = Form()
    reader = _Reader(form, folder, kept)
    names = [name for name in dir(reader) if name.startswith("on_")]
    callbacks: Any = {name: getattr(reader, name) for name in names}
    parser = MultipartParser(boundary, callbacks)
    received = 0
    try:
        async for chunk in _impatient(chunks, idle_s):
            received += len(chunk)
            if received > most_bytes:
                raise too_big(most_bytes)
            await asyncio.to_thread(parser.write, chunk)  # a busy disk may take its time
        parser.finalize()
        if not reader.ended:
            raise BadMessage("body: it breaks off", field="body")
        if form.file is not None:
            form.file.end()
    except FormParserError as error:
        form.close()
        raise BadMessage("body: is not multipart/form-data", field="body") from error
    except BaseException:
        form.close()
        raise
    return form


async def receive_body(
    chunks: AsyncIterator[bytes],
    *,
    most_bytes: int,
    idle_s: float,
    folder: Path | None = None,
) -> Spool:
    """Read a body that is the file itself; the caller closes it. Raises like the other one."""
    spool = Spool(folder, "the recording")
    try:
        async for chunk in _impatient(chunks, idle_s):
            if spool.size + len(chunk) > most_bytes:
                raise too_big(most_bytes)
            await asyncio.to_thread(spool.write, chunk)
        spool.end()
    except BaseException:
        spool.close()
        raise
    return spool


def too_big(most_bytes: int) -> MessageTooBig:
    """Return the refusal of an upload that is larger than that."""
    return MessageTooBig(f"file: more than {most_bytes} bytes", field="file")


async def _impatient(chunks: AsyncIterator[bytes], idle_s: float) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout(idle_s):
                chunk = await anext(chunks, None)
        except TimeoutError:
            raise UploadStalled(f"no byte of the upload came for {idle_s:g} s") from None
        if chunk is None:
            return
        yield chunk


def no_room(error: OSError, what: str = "uploads") -> StorageFull:
    """Return what is said of a disk that won't take any of ``what``."""
    if error.errno in _NO_ROOM:
        return StorageFull(f"there is no room on the server's disk for more {what}")
    return StorageFull(f"the server can't write to its folder for {what}")
