"""Cues as the server makes them, recorded for the page, which makes the same ones.

    python -m tests.browser.cues

writes them anew, after a change that means to change them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from streaming.captions import make_cues, to_json, to_srt, to_text, to_webvtt
from streaming.captions.text import clusters
from streaming.decoding import Word
from streaming.events import EndReason, Final

RECORDED = Path(__file__).resolve().parents[2] / "client_js" / "test" / "cues.json"

_TEXTS = {
    "en": "Good morning, everybody. Let us begin with what last week's survey found: nine in ten "
    "(or so) read captions, “and not only because they can't hear”. Is that much? It is - so much "
    "that <b>nobody</b> --> expected it & everybody was glad.",
    "fr": "Est-ce que vous m'entendez ? Oui ! « Très bien », dit-elle ; alors commençons.",
    "de": "Die Donaudampfschifffahrtsgesellschaftskapitänsmützenabteilung tagt heute, und zwar "
    "ohne Pause.",
    "zh": "那我们先看第一页的结果。（请看图二。）大家有没有问题？没有的话，我们就继续往下讲。",
    "ja": "おはようございます。ちょっと待ってください、ドキュメンテーションを開きます。",
    "ko": "안녕하세요 여러분, 지난주 설문 조사의 결과부터 시작하겠습니다.",
    "th": "สวัสดีทุกคนวันนี้เราจะเริ่มด้วยผลสำรวจของสัปดาห์ที่แล้ว",
    "ar": "صباح الخير جميعا، لنبدأ بنتائج استطلاع الأسبوع الماضي؟",
    "hi": "सुप्रभात, आइए पिछले सप्ताह के सर्वेक्षण से शुरू करें।",
}
_SPACELESS = ("zh", "ja", "th")


def _words(text: str, language: str, start: int, chance: random.Random) -> Iterator[Word]:
    pieces = (
        list(clusters(text)) if language in _SPACELESS else [f" {part}" for part in text.split(" ")]
    )
    now = start
    for piece in pieces:
        end = now + chance.randint(20, 90) * max(1, len(piece.strip()))
        yield Word(piece, now, end, round(chance.random(), 3))
        now = end + chance.choice((0, 0, 20, 300, 900))


def _final(number: int, language: str, start: int, chance: random.Random, *, timed: bool) -> Final:
    text = _TEXTS[language]
    words = tuple(_words(text, language, start, chance))
    return Final(
        segment=number,
        channel=number % 2,
        start_ms=start,
        end_ms=words[-1].end_ms or start,
        text=text,
        confidence=round(chance.random(), 3),
        language=language,
        language_confidence=0.9,
        reason=EndReason.SILENCE,
        words=words if timed else None,
    )


def cases() -> Iterator[dict[str, Any]]:
    """Utterances of every kind, and the files that the server makes of them."""
    chance = random.Random(6)
    for name, timed, speakers in (
        ("words with times", True, {}),
        ("no times of words", False, {}),
        ("two speakers", True, {0: "Ana --> <B>", 1: "Others"}),
    ):
        start, finals = 0, []
        for number, language in enumerate(_TEXTS):
            finals.append(_final(number, language, start, chance, timed=timed))
            start = finals[-1].end_ms + chance.choice((-500, 30, 200, 2_000))
        cues = make_cues(finals, speakers=speakers)
        yield {
            "name": name,
            "vtt": to_webvtt(cues),
            "srt": to_srt(cues),
            "txt": to_text(finals, speakers=speakers),
            "json": to_json(finals, speakers=speakers),
        }


def main() -> None:
    """Writes them."""
    text = json.dumps(list(cases()), ensure_ascii=False, indent=1)
    RECORDED.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
