"""Raw samples from a binary stream, such as standard input."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from streaming.audio.formats import AudioFormat
from streaming.audio.framing import Framer
from streaming.errors import shown
from streaming.media.base import BLOCK_SAMPLES, Media, MediaInfo, Samples

_READ_BYTES: Final = 1 << 14


def open_pcm(
    stream: BinaryIO,
    audio_format: AudioFormat,
    *,
    name: str = "-",
    block_samples: int = BLOCK_SAMPLES,
) -> Media:
    """Wrap a binary stream of raw samples, such as standard input; the caller closes it.

    Blocks come as soon as their bytes do, so a live source stays live.
    """
    channels = audio_format.channels
    info = MediaInfo(
        name, "raw", audio_format.encoding, audio_format.sample_rate, channels, channels, None
    )
    # Buffered readers wait for all that was asked for; read1 takes what is there.
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)

    def blocks(media: Media) -> Iterator[Samples]:
        framer = Framer(audio_format)
        while data := read(_READ_BYTES):
            yield from _split(framer.push(data), block_samples)
        yield from _split(framer.flush(), block_samples)
        if framer.pending_bytes:
            media.damage = f"{shown(name)} ends within a sample: {framer.pending_bytes} bytes over"

    return Media(info, blocks, lambda: None)


def _split(block: Samples, size: int) -> Iterator[Samples]:
    for at in range(0, block.shape[1], size):
        yield block[:, at : at + size]
