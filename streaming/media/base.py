"""An open source of sound, whatever it is made of: what is known of it, and its blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final

import numpy as np
import numpy.typing as npt

from streaming.audio import SAMPLE_RATE
from streaming.errors import RequestError, shown

Samples = npt.NDArray[np.float32]

BLOCK_SAMPLES: Final = SAMPLE_RATE
"""The largest block unless asked otherwise: one second."""


class MediaError(RequestError):
    """A file that holds no sound FFmpeg can decode; the message names it and says why."""

    code, close_code, http_status = "bad_media", 4415, 415

    @classmethod
    def of(cls, name: str, reason: str) -> MediaError:
        """Return the error of the file called ``name``; it reads ``'name' reason``."""
        return cls(f"{shown(name)} {reason}", field="file")


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What is known of a source before it is decoded.

    ``channels`` are delivered; the source itself has ``source_channels`` at ``sample_rate``.
    ``duration_ms`` is None where the source doesn't tell, and an estimate for some formats.
    """

    name: str
    container: str
    codec: str
    sample_rate: int
    channels: int
    source_channels: int
    duration_ms: int | None


class Media:
    """One open source: iterate once for its blocks, and close it (it is a context manager).

    It closes itself when it has been read to the end.

    Blocks are float32 of shape (channels, n) at 16 kHz, n at most the block size asked for; they
    follow each other without gaps. ``damage`` is None, or, once the blocks are through, says in
    words what could not be decoded.
    """

    def __init__(
        self,
        info: MediaInfo,
        blocks: Callable[[Media], Iterator[Samples]],
        close: Callable[[], None],
    ) -> None:
        self.info = info
        self.damage: str | None = None
        self._blocks = self._through(blocks(self))
        self._close = close

    def __iter__(self) -> Iterator[Samples]:
        return self._blocks

    def _through(self, blocks: Iterator[Samples]) -> Iterator[Samples]:
        try:
            yield from blocks
        finally:
            self.close()

    def __enter__(self) -> Media:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the decoder and of files opened here; harmless when repeated."""
        self._close()
