"""What was said, as captions: finals to cues, cues to WebVTT, SRT, plain text and JSON."""

from __future__ import annotations

from streaming.captions.cues import Cue, CueStyle, SpokenWord, Utterance, make_cues
from streaming.captions.formats import to_json, to_srt, to_text, to_webvtt

__all__ = [
    "Cue",
    "CueStyle",
    "SpokenWord",
    "Utterance",
    "make_cues",
    "to_json",
    "to_srt",
    "to_text",
    "to_webvtt",
]
