"""The recorded exchanges of Deepgram's dialect are messages of Deepgram's own package."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any, Final

import pytest
from deepgram.listen.v1.types import (
    ListenV1Configure,
    ListenV1ConfigureFailure,
    ListenV1ConfigureSuccess,
    ListenV1Error,
    ListenV1Finalize,
    ListenV1Metadata,
    ListenV1Results,
    ListenV1SpeechStarted,
    ListenV1UtteranceEnd,
)

from tests.protocol.exchange import GOLDEN, golden_files, load

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it asks websockets for names of its old interface
    from deepgram.listen.v1.socket_client import AsyncV1SocketClient

EXCHANGES = pytest.mark.parametrize(
    "path", golden_files(GOLDEN / "deepgram"), ids=lambda path: path.stem
)
SAID: Final[dict[str, Any]] = {
    "Results": ListenV1Results,
    "Metadata": ListenV1Metadata,
    "SpeechStarted": ListenV1SpeechStarted,
    "UtteranceEnd": ListenV1UtteranceEnd,
    "ConfigureSuccess": ListenV1ConfigureSuccess,
    "ConfigureFailure": ListenV1ConfigureFailure,
    "Error": ListenV1Error,
}


@EXCHANGES
def test_what_is_said_is_of_the_packages_types(path: Path) -> None:
    """Strictly; while it runs, the package itself is lenient."""
    for line in load(path):
        if "server" in line:
            message = line["server"]
            SAID[message["type"]].model_validate(message, strict=True)


@EXCHANGES
async def test_what_clients_say_is_what_the_package_sends(path: Path) -> None:
    for line in load(path):
        message = line.get("client", {})
        known = message.get("type") in ("CloseStream", "Finalize", "KeepAlive", "Configure")
        if known and "keyterm" not in message:  # which is told not to be known
            assert await sent(message) == message


async def sent(message: dict[str, Any]) -> Any:
    """What the package puts on the wire where it is asked for this."""
    wire: list[str] = []

    class Socket:
        async def send(self, data: str) -> None:
            wire.append(data)

    client = AsyncV1SocketClient(websocket=Socket())  # type: ignore[arg-type]
    match message["type"]:
        case "CloseStream":
            await client.send_close_stream()
        case "KeepAlive":
            await client.send_keep_alive()
        case "Finalize":
            await client.send_finalize(ListenV1Finalize(**message))
        case "Configure":
            await client.send_configure(ListenV1Configure(**message))
    [data] = wire
    return json.loads(data)
