"""The seam between a connection and whatever decodes what its client sends."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from streaming.audio import SAMPLE_RATE
from streaming.audio.formats import AudioFormat, Encoding
from streaming.media.base import MediaError


class Form(StrEnum):
    """What a client has said about its bytes."""

    OPUS = "opus"
    """Opus packets, one in each message; or an Ogg stream cut anywhere, which begins otherwise."""

    FLAC = "flac"
    """A FLAC stream cut anywhere, from its beginning or from any of its frames."""

    CONTAINER = "container"
    """Any container that tells by its first bytes what it is, cut anywhere."""


@dataclass(frozen=True, slots=True)
class Coding:
    """How one stream is coded, and what is to come of it.

    ``channels`` come out, whatever comes in: one is the mix of all, several must be what the
    stream has. ``coded_channels`` matter to bare packets, which don't tell.
    """

    form: Form
    channels: int = 1
    coded_channels: int = 1

    @property
    def decoded(self) -> AudioFormat:
        """The format of what comes out."""
        return AudioFormat(Encoding.PCM_F32LE, SAMPLE_RATE, self.channels)


class LiveDecoder(Protocol):
    """One stream's decoder. Calls follow each other; each one's blocks are read to the end.

    Blocks are bytes of :attr:`Coding.decoded`, at most a second each. What can't be decoded
    raises :class:`~streaming.media.MediaError`, and the decoder is of no use afterwards.
    """

    def push(self, data: bytes) -> AsyncGenerator[bytes]:
        """Take what a client sent; yield what is now certain."""
        ...

    def flush(self) -> AsyncGenerator[bytes]:
        """Yield what is held back of what was decoded; the stream may go on."""
        ...

    def finish(self) -> AsyncGenerator[bytes]:
        """Yield the rest: nothing more will come."""
        ...

    def close(self) -> None:
        """Let go of it at once, whatever it does; harmless when repeated."""
        ...


class LiveDecoders(Protocol):
    """Where decoders come from."""

    async def open(self, coding: Coding) -> LiveDecoder:
        """Return one; :class:`~streaming.errors.Overloaded` where there can't be another."""
        ...

    async def stop(self) -> None:
        """Close all there are; none is opened any more."""
        ...


def undecodable(reason: str, field: str = "audio") -> MediaError:
    """Return the error of a stream that can't be decoded; it reads ``audio: reason``."""
    return MediaError(f"{field}: {reason}", field=field)
