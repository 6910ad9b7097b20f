"""One HTTP request to somebody else's server: a body goes out, the status comes back.

No redirect is followed, no proxy asked, and nothing of the answer's body read: each would lead
where nobody has looked.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from typing import Final

import h11

from streaming import __version__
from streaming.rest.jobs.destinations import Target, Unreachable, addresses

_READ_BYTES: Final = 4_096
_MOST_HEAD_BYTES: Final = 16_384


async def post(target: Target, headers: Mapping[str, str], body: bytes, *, timeout_s: float) -> int:
    """Send a body of JSON; return the answer's status.

    Raises Unreachable, TimeoutError, OSError (TLS's errors are such), or ``h11.ProtocolError``.
    """
    async with asyncio.timeout(timeout_s):
        reader, writer = await _connect(target)
        try:
            return await _exchange(reader, writer, target, headers, body)
        finally:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await writer.wait_closed()


async def _connect(target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to one of the addresses that were looked at, whatever its name says by then."""
    context = ssl.create_default_context() if target.tls else None
    name = target.host if target.tls else None
    failure: OSError | None = None
    for address in await addresses(target):
        try:
            return await asyncio.open_connection(
                address, target.port, ssl=context, server_hostname=name
            )
        except OSError as error:
            failure = error
    raise failure or Unreachable("its name stands for no address")


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
) -> int:
    wire = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEAD_BYTES)
    fields = {
        "Host": target.authority,
        "User-Agent": f"wirescribe/{__version__}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    request = h11.Request(method="POST", target=target.path, headers=list(fields.items()))
    for event in (request, h11.Data(data=body), h11.EndOfMessage()):
        writer.write(wire.send(event) or b"")
    await writer.drain()
    while True:
        match wire.next_event():
            case h11.Response(status_code=status):
                return int(status)
            case h11.NEED_DATA:
                wire.receive_data(await reader.read(_READ_BYTES))
            case h11.InformationalResponse():
                continue
            case _:
                raise h11.RemoteProtocolError("no answer came")
