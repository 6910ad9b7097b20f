"""Opening a session: address, credentials, handshake, ``start``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType

from streaming.client.address import stream_url
from streaming.client.backoff import Backoff
from streaming.client.carrier import Carrier
from streaming.client.continuity import Continuity
from streaming.client.errors import UsageError
from streaming.client.events import Queued
from streaming.client.inbox import Inbox
from streaming.client.link import Token, open_link
from streaming.client.options import Encoding, Options, Overflow, Preset, Task
from streaming.client.stream import Stream


class connect:  # noqa: N801 - used like a function, as in websockets
    """Opens a stream: ``async with connect(url, language="en") as stream``.

    ``url`` may be ``ws(s)://`` or ``http(s)://``, with or without the path. Leaving the block
    without ``end`` and the events after it closes the socket at once. Raises ``ConnectError`` when
    there is no connection and ``ServerError`` when the server refuses the session.

    A connection lost later is made good, unless ``reconnect`` is false: up to ``buffer_s`` of
    audio are kept for it. At that bound ``send`` waits, or with ``drop_oldest`` live sound gives up
    its oldest and says so. ``token`` may be a function that fetches a fresh one each time.
    ``on_queued`` is called while a full server lets the stream wait for its place.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Token = None,
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
        reconnect: bool | Backoff = True,
        buffer_s: float = 60.0,
        overflow: Overflow = "wait",
        on_queued: Callable[[Queued], object] | None = None,
    ) -> None:
        self._url = stream_url(url)
        self._token = token
        options = Options(
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
        if buffer_s <= 0:
            raise UsageError(f"buffer_s {buffer_s:g}: more than 0")
        self._continuity = Continuity(
            options, buffer_ms=round(buffer_s * 1000), drop_oldest=overflow == "drop_oldest"
        )
        default = Backoff() if reconnect else None
        self._backoff = reconnect if isinstance(reconnect, Backoff) else default
        self._on_queued = on_queued
        self._max_events = max_events
        self._open_timeout_s = open_timeout_s
        self._stream: Stream | None = None

    async def __aenter__(self) -> Stream:
        inbox = Inbox(self._max_events)
        carrier = Carrier(
            lambda: open_link(self._url, self._token, self._open_timeout_s),
            self._continuity,
            inbox,
            backoff=self._backoff,
            open_timeout_s=self._open_timeout_s,
            on_queued=self._on_queued,
        )
        stream = self._stream = Stream(self._continuity, inbox, carrier)
        try:
            await stream.opened()
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
