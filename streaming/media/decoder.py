"""Media files through FFmpeg: opened, described, and decoded packet by packet, in this process.

Only :mod:`streaming.media.worker` does that to files that are not our own: FFmpeg and PyAV are C,
and a hostile file may bring them down.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import av
import av.error
import numpy as np

from streaming.audio.formats import MAX_CHANNELS
from streaming.audio.framing import FrameCutter
from streaming.audio.resample import Resampler
from streaming.errors import shown
from streaming.media.base import BLOCK_SAMPLES, Media, MediaError, MediaInfo, Samples
from streaming.media.frames import Gaps, frame_samples, keep_layout

# Nothing but the file in hand may be opened, whatever a playlist in it says.
_OPTIONS: Final = {"protocol_whitelist": "none"}
# What PyAV raises at damaged files; memory, when a header asks for gigabytes.
_DAMAGE: Final = (av.error.FFmpegError, OSError, ValueError, MemoryError)
# Recordings of bats go higher; what lies beyond is a damaged header.
_RATES: Final = range(1_000, 768_001)
_IO_BUFFER_BYTES: Final = 1 << 16
# These carry no duration; FFmpeg guesses one from the bit rate, too rough to call a file cut short.
_GUESSED_DURATION: Final = frozenset({"mp3", "aac", "ac3", "eac3", "amr", "dts", "loas", "mpegts"})


def decode_media(
    file: BinaryIO, *, name: str, mix: bool = False, block_samples: int = BLOCK_SAMPLES
) -> Media:
    """Open a media file for decoding in this process; the caller closes ``file``."""
    try:
        container = av.open(file, mode="r", options=dict(_OPTIONS), buffer_size=_IO_BUFFER_BYTES)
    except _DAMAGE as error:
        reason = "is empty" if _is_empty(file) else "is not a media file FFmpeg can read"
        raise MediaError.of(name, reason) from error
    try:
        info = _describe(container, name, mix)
    except BaseException:
        container.close()
        raise
    return Media(info, lambda media: _decode(media, container, mix, block_samples), container.close)


def _describe(container: Any, name: str, mix: bool) -> MediaInfo:
    stream = container.streams.best("audio")
    if stream is None:
        raise MediaError.of(name, "has no audio in it")
    codec = stream.codec_context
    channels = keep_layout(codec.layout).nb_channels if codec is not None else 0
    if channels <= 0 or codec.sample_rate not in _RATES:
        raise MediaError.of(name, "has audio in a form that can't be decoded here")
    if channels > MAX_CHANNELS and not mix:
        raise MediaError.of(
            name, f"has {channels} channels; more than {MAX_CHANNELS} must be mixed"
        )
    duration_ms = None
    if stream.duration is not None and stream.time_base is not None:
        duration_ms = int(stream.duration * stream.time_base * 1000)
    elif container.duration is not None:
        duration_ms = int(container.duration * 1000 // av.time_base)
    return MediaInfo(
        name=name,
        container=container.format.name,
        codec=codec.name,
        sample_rate=codec.sample_rate,
        channels=1 if mix else channels,
        source_channels=channels,
        duration_ms=duration_ms if duration_ms is not None and duration_ms >= 0 else None,
    )


def _decode(media: Media, container: Any, mix: bool, block_samples: int) -> Iterator[Samples]:
    """All blocks of the best audio stream; sets ``media.damage`` at the end."""
    info, faults = media.info, _Faults()
    cutter = FrameCutter(info.channels, block_samples)
    rate = info.sample_rate
    resampler = Resampler(rate, info.channels)
    gaps = Gaps(container.start_time)
    decoded_s = 0.0
    for frame in _frames(container, faults):
        if frame.sample_rate not in _RATES:
            faults.packets += 1
            continue
        if frame.sample_rate != rate:  # chained streams may change in the middle
            yield from (cut.samples for cut in cutter.push(resampler.flush().T))
            rate = frame.sample_rate
            resampler = Resampler(rate, info.channels)
        for missing in gaps.before(frame):
            silence = np.zeros((missing, info.channels), np.float32)
            yield from (cut.samples for cut in cutter.push(resampler.push(silence).T))
        try:
            samples = frame_samples(frame, info.channels, mix)
        except _DAMAGE:
            faults.packets += 1
            continue
        decoded_s += len(samples) / rate
        yield from (cut.samples for cut in cutter.push(resampler.push(samples).T))
    yield from (cut.samples for cut in cutter.push(resampler.flush().T))
    if rest := cutter.take_rest():
        yield rest.samples
    if not decoded_s:
        raise MediaError.of(info.name, "has no sound in it that could be decoded")
    media.damage = _damage(info, decoded_s + gaps.filled_s, faults)


@dataclass(slots=True)
class _Faults:
    packets: int = 0
    stopped: bool = False


def _frames(container: Any, faults: _Faults) -> Iterator[Any]:
    """Decoded frames; damaged packets are passed over, as players do, and counted."""
    packets = container.demux(container.streams.best("audio"))
    while True:
        try:
            packet = next(packets, None)
        except _DAMAGE:
            faults.stopped = True
            return
        if packet is None:
            return
        try:
            frames = packet.decode()
        except av.error.EOFError:
            continue
        except _DAMAGE:
            faults.packets += 1
            continue
        for frame in frames:
            keep_layout(frame.layout)
        yield from (frame for frame in frames if frame.samples)


def _damage(info: MediaInfo, decoded_s: float, faults: _Faults) -> str | None:
    what = []
    if faults.packets:
        what.append(f"{faults.packets} damaged pieces were left out")
    expected_s = (info.duration_ms or 0) / 1000
    known = not _GUESSED_DURATION & set(info.container.split(","))
    if faults.stopped:
        what.append(f"it can't be read on after {decoded_s:.1f} s")
    elif known and expected_s - decoded_s > max(0.5, 0.02 * expected_s):
        what.append(f"it breaks off after {decoded_s:.1f} of {expected_s:.1f} s")
    return f"{shown(info.name)} is damaged: {'; '.join(what)}" if what else None


def _is_empty(file: BinaryIO) -> bool:
    try:
        return file.seek(0, os.SEEK_END) == 0
    except (OSError, ValueError, AttributeError):
        return False
