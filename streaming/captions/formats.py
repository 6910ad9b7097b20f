"""Cues and utterances written out: WebVTT, SRT, plain text, JSON-able data.

WebVTT: https://www.w3.org/TR/webvtt1/. SRT has no standard; this is the form players read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from streaming.captions.cues import Cue, Utterance
from streaming.captions.text import clean


def to_webvtt(cues: Iterable[Cue]) -> str:
    """Return a WebVTT file; speakers become voice spans."""
    blocks = ["WEBVTT\n"]
    for cue in cues:
        voice = f"<v {_escape(cue.speaker)}>" if cue.speaker else ""
        text = "\n".join(_escape(line) for line in cue.lines)
        times = f"{_clock(cue.start_ms, '.')} --> {_clock(cue.end_ms, '.')}"
        blocks.append(f"{times}\n{voice}{text}\n")
    return "\n".join(blocks)


def to_srt(cues: Iterable[Cue]) -> str:
    """Return a SubRip file; a speaker's name stands before the first line."""
    blocks = []
    for number, cue in enumerate(cues, start=1):
        # SRT has no escapes, and its arrow may not stand in text.
        text = "\n".join(cue.lines).replace("-->", "→")
        name = f"{cue.speaker}: ".replace("-->", "→") if cue.speaker else ""
        times = f"{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}"
        blocks.append(f"{number}\n{times}\n{name}{text}\n")
    return "\n".join(blocks)


def to_text(utterances: Iterable[Utterance], *, speakers: Mapping[int, str] | None = None) -> str:
    """Return one line per utterance in the order of their start, with the speaker where named."""
    lines = []
    for utterance in sorted(utterances, key=lambda said: (said.start_ms, said.channel)):
        text = clean(utterance.text)
        name = (speakers or {}).get(utterance.channel)
        if text:
            lines.append(f"{name}: {text}\n" if name else f"{text}\n")
    return "".join(lines)


def to_json(
    utterances: Iterable[Utterance], *, speakers: Mapping[int, str] | None = None
) -> dict[str, Any]:
    """Return the utterances and their words as data that JSON can hold, in order of start."""
    segments = []
    for utterance in sorted(utterances, key=lambda said: (said.start_ms, said.channel)):
        segment: dict[str, Any] = {
            "channel": utterance.channel,
            "start_ms": utterance.start_ms,
            "end_ms": utterance.end_ms,
            "text": clean(utterance.text),
            "language": utterance.language,
            "confidence": utterance.confidence,
        }
        if speakers and utterance.channel in speakers:
            segment["speaker"] = speakers[utterance.channel]
        if utterance.words is not None:
            segment["words"] = [
                {
                    "text": word.text.strip(),
                    "start_ms": word.start_ms,
                    "end_ms": word.end_ms,
                    "confidence": word.confidence,
                }
                for word in utterance.words
            ]
        segments.append(segment)
    return {"text": " ".join(s["text"] for s in segments if s["text"]), "segments": segments}


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(ms: int, mark: str) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{mark}{ms:03}"
