"""What audio a query of Deepgram's ``/v1/listen`` announces: raw, coded, or in a container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from streaming.audio.formats import MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, Encoding
from streaming.errors import UnsupportedAudio, shown
from streaming.media.live import Coding, Form
from streaming.transports.deepgram_values import flag, integer

RAW: Final = {
    "linear16": Encoding.PCM_S16LE,
    "linear32": Encoding.PCM_F32LE,
    "mulaw": Encoding.MULAW,
    "alaw": Encoding.ALAW,
}
CODED: Final = {"opus": Form.OPUS, "ogg-opus": Form.CONTAINER, "flac": Form.FLAC}
_TELEPHONE: Final = (Encoding.MULAW, Encoding.ALAW)
_OPUS_CHANNELS: Final = 2  # of a packet (RFC 6716)


@dataclass(frozen=True, slots=True)
class Sound:
    """One stream's audio; either ``encoding`` and ``sample_rate`` say what it is, or ``coding``."""

    channels: int = 1
    multichannel: bool = False
    encoding: Encoding = Encoding.PCM_S16LE
    sample_rate: int = 16_000
    coding: Coding | None = None

    @property
    def mixed(self) -> bool:
        """Whether several raw channels are heard as one; a decoder does that itself."""
        return self.coding is None and self.channels > 1 and not self.multichannel

    @property
    def heard(self) -> int:
        """How many channels are told apart."""
        return self.channels if self.multichannel else 1

    @property
    def bytes_per_second(self) -> int:
        """Of what the client sends; where that is coded, of what becomes of it."""
        if self.coding is not None:
            return self.coding.decoded.bytes_per_second
        return self.encoding.bytes_per_sample * self.channels * self.sample_rate

    @property
    def option(self) -> Mapping[str, Any]:
        """The session's format, as a native ``start`` would have it."""
        if self.coding is not None:
            made = self.coding.decoded
            encoding, rate = made.encoding, made.sample_rate
        else:
            # Channels are mixed as samples, not as codes of G.711.
            told = self.mixed and self.encoding in _TELEPHONE
            encoding, rate = (Encoding.PCM_S16LE if told else self.encoding), self.sample_rate
        return {"encoding": encoding.value, "sample_rate": rate, "channels": self.heard}


def read_sound(asked: Mapping[str, Sequence[str]]) -> Sound:
    """Read it; raises :class:`~streaming.errors.UnsupportedAudio` by the parameter's name."""
    named = asked["encoding"][-1] if "encoding" in asked else None
    channels = integer(asked, "channels", 1, (1, MAX_CHANNELS))
    multichannel = flag(asked, "multichannel")
    if named is None or named in CODED:
        return _coded(asked, named, channels, multichannel=multichannel)
    if named not in RAW:
        raise UnsupportedAudio(
            f"encoding: {shown(named)} is not supported by this server; send one of "
            f"{', '.join((*RAW, *CODED))}, or a container without encoding",
            field="encoding",
        )
    return Sound(channels, multichannel and channels > 1, RAW[named], _sample_rate(asked, named))


def _coded(
    asked: Mapping[str, Sequence[str]], named: str | None, channels: int, *, multichannel: bool
) -> Sound:
    """Coded audio tells its sample rate itself; its channels come too late, if at all."""
    form = Form.CONTAINER if named is None else CODED[named]
    if form is Form.OPUS and channels > _OPUS_CHANNELS:
        raise UnsupportedAudio(
            f"channels: {channels} are more than the {_OPUS_CHANNELS} of a packet of opus",
            field="channels",
        )
    if multichannel and "channels" not in asked:
        raise UnsupportedAudio(
            "channels: is missing; with multichannel it says how many there will be",
            field="channels",
        )
    multichannel = multichannel and channels > 1
    coding = Coding(form, channels if multichannel else 1, channels)
    return Sound(channels, multichannel, coding=coding)


def _sample_rate(asked: Mapping[str, Sequence[str]], encoding: str) -> int:
    if "sample_rate" not in asked and RAW[encoding] in _TELEPHONE:
        return MIN_SAMPLE_RATE
    if "sample_rate" not in asked:
        raise UnsupportedAudio(
            f"sample_rate: is missing; it is needed with encoding {encoding!r}",
            field="sample_rate",
        )
    return integer(asked, "sample_rate", 0, (MIN_SAMPLE_RATE, MAX_SAMPLE_RATE))
