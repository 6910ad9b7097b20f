"""Cutting finals into cues: where, how wide, how long."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from streaming.captions import Cue, CueStyle, make_cues
from streaming.decoding import Word
from streaming.events import EndReason, Final


def final(
    text: str, words: Sequence[Word] | None = None, start: int = 0, end: int = 0, channel: int = 0
) -> Final:
    return Final(
        segment=0,
        channel=channel,
        start_ms=start,
        end_ms=end,
        text=text,
        confidence=0.9,
        language="en",
        language_confidence=0.9,
        reason=EndReason.SILENCE,
        words=None if words is None else tuple(words),
    )


def spoken(text: str, start: int = 0, word_ms: int = 300, channel: int = 0) -> Final:
    """A final whose words follow one another, with a pause after each sentence."""
    words: list[Word] = []
    now = start
    for word in text.split(" "):
        words.append(Word(f" {word}" if words else word, now, now + word_ms, 0.9))
        now += word_ms + (400 if word[-1] in ".?!" else 10)
    return final(text, words, start, words[-1].end_ms or 0, channel)


MEETING = (
    "Good morning everyone, and welcome to the third quarterly meeting of this year. "
    "We have a lot to discuss today, so let's get started right away."
)


def test_cues_end_where_sentences_end() -> None:
    assert [cue.lines for cue in make_cues([spoken(MEETING)])] == [
        ("Good morning everyone,",),
        ("and welcome to the third", "quarterly meeting of this year."),
        ("We have a lot to discuss today,", "so let's get started right away."),
    ]


def test_a_short_answer_is_one_line_and_stands_a_second() -> None:
    assert make_cues([final("Yes.", [Word("Yes.", 5_000, 5_200)], 4_800, 5_300)]) == [
        Cue(5_000, 6_000, ("Yes.",))
    ]


def test_a_cue_stays_until_the_next_but_never_over_it() -> None:
    first = final("Yes.", [Word("Yes.", 0, 200)])
    second = final("No.", [Word("No.", 600, 800)], 600, 900)
    third = final("Maybe.", [Word("Maybe.", 60_000, 60_400)], 60_000, 60_500)
    times = [(cue.start_ms, cue.end_ms) for cue in make_cues([first, second, third])]
    assert times == [(0, 600), (600, 1_600), (60_000, 61_000)]


def test_a_gap_too_short_to_be_seen_is_closed() -> None:
    first, second = spoken("One two three four five."), spoken("Six.", start=1_700)
    cues = make_cues([first, second])
    assert cues[0].end_ms == cues[1].start_ms == 1_700


def test_word_times_that_overlap_or_go_back_give_cues_that_do_not() -> None:
    words = [Word(" a", 500, 900), Word(" b", 100, 200), Word(" c", 150, 150)]
    again = [Word(" d", 300, 400)]
    cues = make_cues([final("a b c", words, 0, 900), final("d", again, 300, 400)])
    assert [(cue.start_ms, cue.end_ms) for cue in cues] == [(500, 900), (900, 1_900)]


def test_a_long_pause_parts_cues_even_within_a_sentence() -> None:
    words = [Word("Well", 0, 400), Word(" perhaps", 9_000, 9_500), Word(" so", 9_500, 9_900)]
    assert [cue.lines for cue in make_cues([final("Well perhaps so", words)])] == [
        ("Well",),
        ("perhaps so",),
    ]


def test_without_word_times_the_text_is_spread_over_the_utterance() -> None:
    cues = make_cues([final(MEETING, None, 10_000, 20_000)])
    assert cues[0].start_ms == 10_000
    assert cues[-1].end_ms == 20_000
    assert " ".join(line for cue in cues for line in cue.lines) == MEETING
    untimed = [Word(f" {word}") for word in MEETING.split()]
    assert make_cues([final(MEETING, untimed, 10_000, 20_000)]) == cues


def test_stripped_words_get_their_spaces_from_the_text() -> None:
    words = [Word("It", 0, 100), Word("'s", 100, 200), Word("time", 200, 500)]
    assert make_cues([final("It's time", words)])[0].lines == ("It's time",)


def test_a_word_longer_than_a_line_stands_alone_unbroken() -> None:
    url = "https://example.org/" + "x" * 40
    cues = make_cues([spoken(f"See {url} now")])
    assert [line for cue in cues for line in cue.lines] == ["See", url, "now"]


def test_japanese_has_no_spaces_and_wide_characters() -> None:
    text = (
        "今日はいい天気ですね。一緒に公園へ行きませんか？それとも、家で「映画」を見ましょうか。"
        "コーヒーを飲みながら話しましょう。"
    )
    cues = make_cues([final(text, None, 0, 12_000)])
    lines = [line for cue in cues for line in cue.lines]
    assert "".join(lines) == text
    assert all(2 * len(line) <= 37 for line in lines)
    assert all(line[0] not in "。、？」ー" and line[-1] not in "「" for line in lines)
    assert [line[-1] for cue in cues for line in cue.lines[-1:]] == ["。"] * len(cues)


def test_chinese_words_are_kept_whole_where_they_are_known() -> None:
    words = [Word(w, k * 300, k * 300 + 300) for k, w in enumerate(["我们", "明天", "开会", "。"])]
    style = CueStyle(line_width=5, max_lines=1, min_ms=0)
    cues = make_cues([final("我们明天开会。", words)], style=style)
    assert [cue.lines for cue in cues] == [("我们",), ("明天",), ("开会。",)]


def test_french_question_marks_begin_no_line() -> None:
    style = CueStyle(line_width=10, max_lines=1)
    cues = make_cues([spoken("tu viens demain ?")], style=style)
    assert [cue.lines for cue in cues] == [("tu viens",), ("demain ?",)]


def test_korean_breaks_at_its_spaces() -> None:
    text = "안녕하세요 저는 내일 회의에 참석할 예정입니다 감사합니다"
    cues = make_cues([spoken(text)], style=CueStyle(line_width=20))
    assert " ".join(line for cue in cues for line in cue.lines) == text


def test_channels_overlap_each_other_freely_and_carry_their_speakers() -> None:
    both = [spoken("How are you?", 0), spoken("Fine, thanks.", 100, channel=1)]
    cues = make_cues(both, speakers={1: " Anne\n Lee "})
    assert [(cue.channel, cue.speaker, cue.start_ms) for cue in cues] == [
        (0, None, 0),
        (1, "Anne Lee", 100),
    ]


def test_empty_texts_make_no_cues() -> None:
    assert make_cues([final(""), final(" \n "), final("", [Word(" ", 0, 10)])]) == []
    assert make_cues([]) == []


@pytest.mark.parametrize("field", ["line_width", "max_lines"])
def test_a_style_without_room_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field}: 0 is less than 1"):
        CueStyle(**{field: 0})


def test_marks_without_width_do_not_count_as_an_empty_line() -> None:
    text = "\N{THAI CHARACTER SARA II}<<<、<"
    cues = make_cues([final(text, None, 0, 900)], style=CueStyle(line_width=4, max_lines=2))
    assert all(len(cue.lines) <= 2 for cue in cues)
    assert "".join(line for cue in cues for line in cue.lines) == text
