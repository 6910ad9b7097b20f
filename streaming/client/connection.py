"""Opening a session: address, credentials, handshake, ``start``."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import InvalidHandshake, InvalidStatus

from streaming.client.address import is_loopback, stream_url
from streaming.client.errors import ConnectError
from streaming.client.options import Encoding, Options, Preset, Task
from streaming.client.stream import Stream

_RECEIVED_MESSAGE_BYTES = 4 * 1024 * 1024


class connect:  # noqa: N801 - used like a function, as in websockets
    """Opens a session: ``async with connect(url, language="en") as stream``.

    ``url`` may be ``ws(s)://`` or ``http(s)://``, with or without the path. Leaving the block
    without ``end`` and the events after it closes the socket at once. Raises ``ConnectError`` when
    there is no connection and ``ServerError`` when the server refuses the session.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        encoding: Encoding = "pcm_s16le",
        sample_rate: int = 16000,
        channels: int = 1,
        channel_names: Sequence[str] | None = None,
        language: str | None = None,
        languages: Sequence[str] | None = None,
        task: Task | None = None,
        partials: bool | None = None,
        words: bool | None = None,
        prompt: str | None = None,
        hotwords: Sequence[str] | None = None,
        endpointing: Preset | None = None,
        silence_ms: int | None = None,
        sentence_silence_ms: int | None = None,
        max_segment_ms: int | None = None,
        max_events: int = 1024,
        open_timeout_s: float = 10.0,
    ) -> None:
        self._url = stream_url(url)
        self._token = token
        self._options = Options(
            encoding=encoding,
            sample_rate=sample_rate,
            channels=channels,
            channel_names=channel_names,
            language=language,
            languages=languages,
            task=task,
            partials=partials,
            words=words,
            prompt=prompt,
            hotwords=hotwords,
            endpointing=endpointing,
            silence_ms=silence_ms,
            sentence_silence_ms=sentence_silence_ms,
            max_segment_ms=max_segment_ms,
        )
        self._max_events = max_events
        self._open_timeout_s = open_timeout_s
        self._stream: Stream | None = None

    async def __aenter__(self) -> Stream:
        stream = self._stream = Stream(await self._open(), max_events=self._max_events)
        try:
            await stream.start(self._options)
        except BaseException:
            await stream.abort()
            raise
        return stream

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            await self._stream.abort()

    async def _open(self) -> ClientConnection:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else None
        try:
            return await open_socket(
                self._url,
                additional_headers=headers,
                compression=None,  # PCM doesn't shrink, and each connection would hold 64 KiB
                max_size=_RECEIVED_MESSAGE_BYTES,
                open_timeout=self._open_timeout_s,
                proxy=None if is_loopback(self._url) else True,
            )
        except InvalidStatus as refused:
            status = refused.response.status_code
            raise ConnectError(
                f"the server answered the upgrade with HTTP {status}",
                retryable=status in (408, 425, 429) or status >= 500,
                http_status=status,
                retry_after_ms=_retry_after_ms(refused.response.headers.get("Retry-After")),
            ) from refused
        except InvalidHandshake as broken:
            raise ConnectError("the server is not a WebSocket server") from broken
        except TimeoutError as slow:
            raise ConnectError(f"no answer within {self._open_timeout_s:g} s") from slow
        except OSError as failed:
            raise ConnectError(failed.strerror or "connection failed") from failed


def _retry_after_ms(value: str | None) -> int | None:
    return int(value) * 1000 if value is not None and value.isdecimal() else None
