"""Coded sound while it is being sent: Opus packets, Ogg, WebM, FLAC, MP3, AAC, WAV and their like.

Bytes go in as they come from a client, samples come out as soon as FFmpeg can make any of them.
FFmpeg runs in a process of its own for each stream (``docs/adr/0008-media-in-a-child-process.md``);
their number is bounded, one that hangs is ended, and none outlives its stream.
"""

from __future__ import annotations

from streaming.media.live.base import Coding, Form, LiveDecoder, LiveDecoders
from streaming.media.live.fake import FakeDecoders
from streaming.media.live.pool import DecoderPool

__all__ = ["Coding", "DecoderPool", "FakeDecoders", "Form", "LiveDecoder", "LiveDecoders"]
