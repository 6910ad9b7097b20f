"""Caption files, read back by parsers written from the formats' own rules."""

from __future__ import annotations

import html
import json
import re

import pytest

from streaming.captions import Cue, make_cues, to_json, to_srt, to_text, to_webvtt
from streaming.decoding import Word
from streaming.events import EndReason, Final

_TIME = re.compile(r"(\d{2,}):([0-5]\d):([0-5]\d)([.,])(\d{3})")


def milliseconds(text: str, mark: str) -> int:
    found = _TIME.fullmatch(text)
    assert found is not None, text
    hours, minutes, seconds, point, ms = found.groups()
    assert point == mark
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(ms)


def read_webvtt(text: str) -> list[Cue]:
    """Section 6.1 of the WebVTT specification, as far as our files go."""
    header, *blocks = text.removesuffix("\n").split("\n\n")
    assert header == "WEBVTT"
    cues = []
    for block in blocks:
        times, *lines = block.split("\n")
        assert lines and all(lines)
        assert all("-->" not in line for line in lines)
        start, end = times.split(" --> ")
        speaker = None
        if found := re.match(r"<v ([^>]*)>", lines[0]):
            speaker = html.unescape(found.group(1))
            lines[0] = lines[0][found.end() :]
        assert all("<" not in line and ">" not in line for line in lines)
        cues.append(
            Cue(
                milliseconds(start, "."),
                milliseconds(end, "."),
                tuple(map(html.unescape, lines)),
                0,
                speaker,
            )
        )
    return cues


def read_srt(text: str) -> list[tuple[int, int, tuple[str, ...]]]:
    cues = []
    for number, block in enumerate(text.removesuffix("\n").split("\n\n"), start=1):
        index, times, *lines = block.split("\n")
        assert index == str(number)
        assert all("-->" not in line for line in lines)
        start, end = times.split(" --> ")
        cues.append((milliseconds(start, ","), milliseconds(end, ","), tuple(lines)))
    return cues


CUES = [
    Cue(0, 1, ("Tom & <Jerry>", "a --> b ---> c")),
    Cue(59_999, 60_000, ("&amp; stays itself",), 0, "Anne <&> Bob"),
    Cue(3_599_999, 3_600_000, ("An hour",)),
    Cue(360_000_123, 360_001_000, ("A hundred hours",)),
]


def test_webvtt_reads_back_as_it_was() -> None:
    assert read_webvtt(to_webvtt(CUES)) == CUES


def test_webvtt_in_full() -> None:
    assert to_webvtt(CUES[:2]) == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:00.001\nTom &amp; &lt;Jerry&gt;\na --&gt; b ---&gt; c\n\n"
        "00:00:59.999 --> 00:01:00.000\n<v Anne &lt;&amp;&gt; Bob>&amp;amp; stays itself\n"
    )


def test_srt_in_full() -> None:
    assert to_srt(CUES) == (
        "1\n00:00:00,000 --> 00:00:00,001\nTom & <Jerry>\na → b -→ c\n\n"
        "2\n00:00:59,999 --> 00:01:00,000\nAnne <&> Bob: &amp; stays itself\n\n"
        "3\n00:59:59,999 --> 01:00:00,000\nAn hour\n\n"
        "4\n100:00:00,123 --> 100:00:01,000\nA hundred hours\n"
    )
    assert [(start, end) for start, end, _ in read_srt(to_srt(CUES))] == [
        (cue.start_ms, cue.end_ms) for cue in CUES
    ]


def test_no_cues_are_still_files() -> None:
    assert to_webvtt([]) == "WEBVTT\n"
    assert to_srt([]) == ""


def said(channel: int, start: int, text: str, words: tuple[Word, ...] | None = None) -> Final:
    return Final(0, channel, start, start + 500, text, 0.8, "en", 0.9, EndReason.SILENCE, words)


def test_plain_text_is_a_line_per_utterance_in_order() -> None:
    finals = [
        said(0, 0, " Hello\nthere. "),
        said(0, 5_000, "Bye."),
        said(1, 2_000, "Hi."),
        said(1, 1, ""),
    ]
    assert to_text(finals) == "Hello there.\nHi.\nBye.\n"
    assert to_text(finals, speakers={1: "Anne"}) == "Hello there.\nAnne: Hi.\nBye.\n"


def test_json_holds_times_words_and_speakers() -> None:
    words = (Word(" Hi", 2_000, 2_100, 0.7), Word(" you.", None, None, None))
    data = to_json([said(1, 2_000, " Hi you.", words), said(0, 0, "Yes.")], speakers={1: "Anne"})
    assert json.loads(json.dumps(data)) == {
        "text": "Yes. Hi you.",
        "segments": [
            {
                "channel": 0,
                "start_ms": 0,
                "end_ms": 500,
                "text": "Yes.",
                "language": "en",
                "confidence": 0.8,
            },
            {
                "channel": 1,
                "start_ms": 2_000,
                "end_ms": 2_500,
                "text": "Hi you.",
                "language": "en",
                "confidence": 0.8,
                "speaker": "Anne",
                "words": [
                    {"text": "Hi", "start_ms": 2_000, "end_ms": 2_100, "confidence": 0.7},
                    {"text": "you.", "start_ms": None, "end_ms": None, "confidence": None},
                ],
            },
        ],
    }


@pytest.mark.parametrize(
    "text", ["-->", "<v Mallory>", "a\n\n2\n00:00:00,000 --> x", "&lt;", "\x00x"]
)
def test_hostile_text_stays_inside_its_cue(text: str) -> None:
    finals = [said(0, 0, text), said(0, 9_000, "next")]
    cues = make_cues(finals, speakers={0: f"{text}\n"})
    assert [(c.lines, c.speaker) for c in read_webvtt(to_webvtt(cues))] == [
        (c.lines, c.speaker) for c in cues
    ]
    assert len(read_srt(to_srt(cues))) == len(cues)
