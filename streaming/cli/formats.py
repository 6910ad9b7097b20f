"""The forms in which a transcript is written."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """The forms of a transcript; the values are file suffixes as well."""

    TEXT = "text"
    JSON = "json"
    SRT = "srt"
    VTT = "vtt"

    @property
    def suffix(self) -> str:
        """The file name suffix, with its dot."""
        return ".txt" if self is Format.TEXT else f".{self.value}"

    @property
    def needs_words(self) -> bool:
        """Whether word times are used, asked for or not: captions are cut by them."""
        return self in (Format.SRT, Format.VTT)
