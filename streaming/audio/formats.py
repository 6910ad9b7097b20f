"""What a client says its bytes are: encoding, sample rate, channels; parsed, or refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from streaming.errors import UnsupportedAudio, shown

MIN_SAMPLE_RATE: Final = 8_000
MAX_SAMPLE_RATE: Final = 48_000
MAX_CHANNELS: Final = 8
MAX_CHANNEL_NAME_CHARS: Final = 64

_NOT_YET: Final = frozenset({"opus"})


class Encoding(StrEnum):
    """How one sample is written; the values are the protocol's names."""

    PCM_S16LE = "pcm_s16le"
    PCM_F32LE = "pcm_f32le"
    MULAW = "mulaw"
    ALAW = "alaw"

    @property
    def bytes_per_sample(self) -> int:
        """The size of one sample of one channel."""
        return _BYTES_PER_SAMPLE[self]


_BYTES_PER_SAMPLE: Final[Mapping[Encoding, int]] = {
    Encoding.PCM_S16LE: 2,
    Encoding.PCM_F32LE: 4,
    Encoding.MULAW: 1,
    Encoding.ALAW: 1,
}


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """The format of one stream: interleaved samples of ``channels`` channels.

    Construction checks every field, so an instance is always a format that can be decoded; a value
    that can't be raises :class:`~streaming.errors.UnsupportedAudio` naming field and value.
    """

    encoding: Encoding = Encoding.PCM_S16LE
    sample_rate: int = 16_000
    channels: int = 1
    channel_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.encoding, Encoding):
            raise _refuse("encoding", self.encoding, f"is not one of {_known()}")
        _check_int("sample_rate", self.sample_rate, MIN_SAMPLE_RATE, MAX_SAMPLE_RATE)
        _check_int("channels", self.channels, 1, MAX_CHANNELS)
        _check_names(self.channel_names, self.channels)

    @classmethod
    def parse(
        cls, fields: Mapping[str, object], *, max_channels: int = MAX_CHANNELS
    ) -> AudioFormat:
        """Read the ``audio`` object of a ``start`` message; absent fields take the defaults.

        Unknown fields are ignored, as everywhere in the protocol. ``max_channels`` is the
        operator's limit, which may be lower than :data:`MAX_CHANNELS`.
        """
        if not isinstance(fields, Mapping):
            raise UnsupportedAudio(f"audio: {shown(fields)} is not an object", field="audio")
        encoding = _parse_encoding(fields.get("encoding", Encoding.PCM_S16LE))
        sample_rate = _check_int(
            "sample_rate", fields.get("sample_rate", 16_000), MIN_SAMPLE_RATE, MAX_SAMPLE_RATE
        )
        channels = _check_int(
            "channels", fields.get("channels", 1), 1, min(max_channels, MAX_CHANNELS)
        )
        names = fields.get("channel_names")
        if names is None:
            names = ()
        if not isinstance(names, list | tuple):
            raise _refuse("channel_names", names, "is not a list of names")
        return cls(encoding, sample_rate, channels, tuple(names))

    @property
    def bytes_per_sample(self) -> int:
        """The size of one sample of one channel."""
        return self.encoding.bytes_per_sample

    @property
    def bytes_per_frame(self) -> int:
        """The size of one sample of every channel."""
        return self.bytes_per_sample * self.channels

    @property
    def step_ms(self) -> int:
        """The least whole milliseconds that are whole samples: 1 at most rates, 10 at 44.1 kHz."""
        return 1000 // math.gcd(self.sample_rate, 1000)

    @property
    def bytes_per_second(self) -> int:
        """How many bytes one second of stream time takes."""
        return self.bytes_per_frame * self.sample_rate

    def duration_ms(self, nbytes: int) -> int:
        """Return how many whole milliseconds ``nbytes`` bytes last, whole frames only."""
        return nbytes // self.bytes_per_frame * 1000 // self.sample_rate

    def channel_name(self, channel: int) -> str | None:
        """Return the client's name for a channel, or None where it gave none."""
        return self.channel_names[channel] if self.channel_names else None


def _known() -> str:
    return ", ".join(Encoding)


def _refuse(field: str, value: object, reason: str) -> UnsupportedAudio:
    sent = list(value) if isinstance(value, tuple) else value  # as it stood in the message
    return UnsupportedAudio(f"audio.{field}: {shown(sent)} {reason}", field=f"audio.{field}")


def _parse_encoding(value: object) -> Encoding:
    if isinstance(value, str):
        if value in _NOT_YET:
            raise _refuse("encoding", value, f"is not supported by this server; send {_known()}")
        try:
            return Encoding(value)
        except ValueError:
            pass
    raise _refuse("encoding", value, f"is not one of {_known()}")


def _check_int(field: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refuse(field, value, "is not a whole number")
    if not low <= value <= high:
        raise _refuse(field, value, f"is not between {low} and {high}")
    return value


def _check_names(names: tuple[str, ...], channels: int) -> None:
    if not names:
        return
    if len(names) != channels:
        raise _refuse("channel_names", names, f"has {len(names)} names for {channels} channels")
    for name in names:
        if not isinstance(name, str):
            raise _refuse("channel_names", name, "is not a string")
        if not name.strip():
            raise _refuse("channel_names", name, "is empty")
        if len(name) > MAX_CHANNEL_NAME_CHARS:
            raise _refuse(
                "channel_names", name, f"is longer than {MAX_CHANNEL_NAME_CHARS} characters"
            )
        if not name.isprintable():
            raise _refuse("channel_names", name, "has characters that can't be shown")
    if len(set(names)) != len(names):
        raise _refuse("channel_names", names, "names two channels alike")
