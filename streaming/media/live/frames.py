"""A live stream's coded bytes to decoded frames: each kind of stream in the way that is quickest.

Only :mod:`streaming.media.live.worker` does that to what strangers send: FFmpeg and PyAV are C.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import av
import av.error

from streaming.media.frames import keep_layout
from streaming.media.live.base import Coding, Form, undecodable
from streaming.media.live.feed import Feed
from streaming.media.live.flac import FlacFrames
from streaming.media.live.sniff import ENOUGH, Plain, sniff
from streaming.media.live.wav import WavHeader

# An index error: a stream that FFmpeg finds amid others is not in PyAV's list of them (18.1).
DAMAGE: Final = (av.error.FFmpegError, OSError, ValueError, IndexError, MemoryError)
"""What PyAV raises at damaged streams."""

_OPTIONS: Final = {
    "protocol_whitelist": "none",
    # Every stream here begins with a header that tells all; nothing is read ahead to be sure.
    "probesize": "32",
    "analyzeduration": "0",
}
_UNREADY: Final = (
    "; a file whose index stands at its end can't be heard on the way, a fragmented one can"
)
_IO_BUFFER_BYTES: Final = 4_096
_OPUS_RATE: Final = 48_000
_MOST_DAMAGED: Final = 100  # packets in a row: seconds without any sound
_MOST_TAG_BYTES: Final = 1 << 24  # of an MP3 stream, with its pictures


def frames(feed: Feed, coding: Coding) -> Iterator[Any]:
    """Yield decoded frames of a stream as they become certain.

    None stands for a packet that could not be decoded. Raises
    :class:`~streaming.media.MediaError` where there is no going on.
    """
    found = 0
    damaged = 0
    for frame in _frames(feed, coding):
        if frame is not None:
            found, damaged = found + 1, 0
        else:
            damaged += 1
            if damaged >= _MOST_DAMAGED:
                raise undecodable("is damaged" if found else "can't be decoded")
        yield frame


def _frames(feed: Feed, coding: Coding) -> Iterator[Any]:
    head = feed.next()
    if not head:
        return
    if coding.form is Form.OPUS and not head.startswith(b"OggS"):
        feed.put_back(head)
        yield from _opus(feed, coding.coded_channels)
        return
    while len(head) < ENOUGH and (more := feed.next()):
        head += more
    kind = sniff(head)
    feed.put_back(head)
    match kind:
        case Plain.WAV:
            yield from _wav(feed)
        case Plain.FLAC:
            yield from _flac(feed)
        case Plain.MP3 | Plain.AAC:
            yield from _parsed(feed, kind)
        case None if coding.form is Form.FLAC:
            raise undecodable("is no FLAC stream")
        case None:
            raise undecodable(
                "does not begin as any container does; raw audio needs encoding and sample_rate"
            )
        case name:
            yield from _demuxed(feed, name)


def _decoded(codec: Any, packet: Any) -> Iterator[Any]:
    try:
        found = codec.decode(packet)
    except av.error.EOFError:
        return
    except DAMAGE:
        yield None
        return
    for frame in found:
        keep_layout(frame.layout)
    yield from (frame for frame in found if frame.samples)


def _opus(feed: Feed, channels: int) -> Iterator[Any]:
    """Packets, one in each message (RFC 6716)."""
    codec: Any = av.CodecContext.create("libopus", "r")
    codec.sample_rate = _OPUS_RATE
    codec.layout = "mono" if channels == 1 else "stereo"
    while packet := feed.next():
        yield from _decoded(codec, av.Packet(packet))


def _parsed(feed: Feed, kind: Plain) -> Iterator[Any]:
    """MP3 and ADTS: FFmpeg's parsers find the frames, without the blocks its demuxers read in."""
    codec: Any = av.CodecContext.create("mp3float" if kind is Plain.MP3 else "aac", "r")
    ends = False
    _pass_tag(feed)
    while not ends:
        data = feed.next()
        ends = not data
        try:
            packets = codec.parse(data or None)
        except DAMAGE:
            yield None
            continue
        for packet in packets:
            yield from _decoded(codec, packet)
    yield from _decoded(codec, None)


def _pass_tag(feed: Feed) -> None:
    """Pass over what stands before an MP3 stream: its ID3v2 tag, with its pictures."""
    head = b""
    while len(head) < 10 and (more := feed.next()):
        head += more
    if not head.startswith(b"ID3"):
        feed.put_back(head)
        return
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte & 0x7F
    left = 10 + length + (10 if len(head) > 5 and head[5] & 0x10 else 0)
    if left > _MOST_TAG_BYTES:
        raise undecodable("has a tag before it that is too large")
    while left >= len(head) and (more := feed.next()):
        left -= len(head)
        head = more
    feed.put_back(head[left:])


def _flac(feed: Feed) -> Iterator[Any]:
    cut = FlacFrames()
    codec: Any = None
    ends = False
    while not ends:
        data = feed.next()
        ends = not data
        try:
            packets = cut.push(data) if data else cut.finish()
        except ValueError as error:
            raise undecodable("is a damaged FLAC stream") from error
        if packets and codec is None:
            codec = av.CodecContext.create("flac", "r")
            if cut.streaminfo is not None:
                codec.extradata = cut.streaminfo
        for packet in packets:
            yield from _decoded(codec, av.Packet(packet))


def _wav(feed: Feed) -> Iterator[Any]:
    header = WavHeader()
    samples: bytes | None = None
    while samples is None and (data := feed.next()):
        try:
            samples = header.push(data)
        except ValueError as error:
            raise undecodable(str(error)) from error
    if header.format is None:
        return
    codec: Any = av.CodecContext.create(header.format.codec, "r")
    codec.sample_rate = header.format.sample_rate
    codec.layout = av.AudioLayout(f"{header.format.channels}c")
    data = samples or feed.next()
    while data:
        whole = len(data) - len(data) % header.format.frame_bytes
        if whole:
            yield from _decoded(codec, av.Packet(data[:whole]))
        more = feed.next()
        data = data[whole:] + more if more else b""


def _demuxed(feed: Feed, name: str) -> Iterator[Any]:
    options = dict(_OPTIONS)
    hint = _UNREADY if name == "mov" else ""
    try:
        container: Any = av.open(
            feed, mode="r", format=name, options=options, buffer_size=_IO_BUFFER_BYTES
        )
    except DAMAGE as error:
        raise undecodable(f"begins as a stream of {name} does, and can't be read{hint}") from error
    stream = container.streams.best("audio")
    if stream is None or stream.codec_context is None:
        raise undecodable(f"is a stream of {name} without sound that can be decoded here")
    keep_layout(stream.codec_context.layout)
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except DAMAGE as error:
            raise undecodable(f"is a damaged stream of {name}{hint}") from error
        if packet is None:
            return
        yield from _decoded(stream.codec_context, packet)
