from __future__ import annotations

from typing import Any

from streaming.decoding import Word
from streaming.events import (
    EndReason,
    Final,
    Finalized,
    Partial,
    SpeechEnded,
    SpeechStarted,
    Suppressed,
)
from streaming.transports.openai_realtime.items import Items


def final(segment: int, start: int, end: int, text: str, language: str = "en") -> Final:
    words = (Word(f" {text}", start, end, 0.5),)
    return Final(segment, 0, start, end, text, 0.9, language, 0.9, EndReason.SILENCE, words=words)


def partial(segment: int, start: int, committed: str, tentative: str = " maybe") -> Partial:
    return Partial(segment, 1, 0, start, start + 500, committed, tentative, "en")


def heard(items: Items, *events: Any) -> list[tuple[str, dict[str, Any]]]:
    return [said for event in events for said in items.hear(event)]


def deltas(said: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [fields["delta"] for kind, fields in said if kind.endswith(".delta")]


def transcripts(said: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [fields["transcript"] for kind, fields in said if kind.endswith(".completed")]


def test_only_what_is_committed_is_a_delta() -> None:
    items = Items()
    said = heard(items, SpeechStarted(0, 0), partial(0, 0, ""), partial(0, 0, "The train"))
    said += heard(items, partial(0, 0, "The train"), partial(0, 0, "The train to"))
    assert deltas(said) == ["The train", " to"]
    said += heard(items, SpeechEnded(0, 900), final(0, 0, 1_000, "The train to Erfurt."))
    assert deltas(said) == ["The train", " to", " Erfurt."]
    assert transcripts(said) == ["The train to Erfurt."]


def test_a_corrected_segment_has_no_more_deltas_but_the_next_one_has() -> None:
    items = Items()
    items.manual = True
    said = heard(items, partial(0, 0, "The drain"), final(0, 0, 1_000, "The train left."))
    said += heard(items, partial(1, 1_500, "At nine"), final(1, 1_500, 2_000, "At nine."))
    assert deltas(said) == ["The drain", " At nine", "."]
    said += items.commit(2_500, "r")
    said += heard(items, Finalized("r", 0))
    assert transcripts(said) == ["The train left. At nine."]


def test_a_turn_of_two_segments_is_complete_behind_the_second() -> None:
    items = Items()
    said = heard(items, SpeechStarted(0, 0), partial(1, 1_000, "two"), SpeechEnded(0, 1_900))
    said += heard(items, final(0, 0, 1_000, "one"))
    assert not transcripts(said)
    said += heard(items, final(1, 1_000, 2_000, "two"))
    assert transcripts(said) == ["one two"]


def test_languages_without_spaces_are_joined_without() -> None:
    items = Items()
    said = heard(items, SpeechStarted(0, 0), SpeechEnded(0, 1_900))
    said += heard(items, final(0, 0, 1_000, "你好", "zh"), final(1, 1_000, 2_000, "再见", "zh"))
    assert transcripts(said) == ["你好再见"]
    assert "".join(deltas(said)) == "你好再见"


def test_what_was_no_speech_is_an_empty_transcript() -> None:
    items = Items()
    said = heard(items, SpeechStarted(0, 0), partial(0, 0, "Thank you"), SpeechEnded(0, 900))
    said += heard(items, Suppressed(0, 0, 0, 1_000, "stock_phrase"))
    assert transcripts(said) == [""]


def test_a_cleared_turn_is_never_told_of_again_and_the_ones_before_it_are() -> None:
    items = Items()
    said = heard(items, SpeechStarted(0, 0), SpeechEnded(0, 900), SpeechStarted(0, 1_500))
    said += items.clear(2_000, "c")
    said += heard(items, SpeechEnded(0, 1_990), final(0, 0, 1_000, "kept"))
    said += heard(items, final(1, 1_500, 2_000, "gone"), Finalized("c", 0))
    said += heard(
        items, SpeechStarted(0, 2_000), SpeechEnded(0, 2_900), final(2, 2_000, 3_000, "on")
    )
    assert transcripts(said) == ["kept", "on"]
    assert deltas(said) == ["kept", "on"]
    previous = [fields["previous_item_id"] for kind, fields in said if kind.endswith("committed")]
    assert previous == [None, "item_1"]


def test_several_commits_wait_each_for_its_own_answer() -> None:
    items = Items()
    items.manual = True
    said = [*items.commit(1_000, "a"), *items.commit(2_000, "b")]
    said += heard(items, final(1, 1_000, 2_000, "second"), Finalized("a", 0), Finalized("b", 0))
    assert transcripts(said) == ["", "second"]
    seconds = [fields["usage"]["seconds"] for kind, fields in said if "usage" in fields]
    assert seconds == [1.0, 1.0]


def test_before_the_server_leaves_what_was_said_is_committed() -> None:
    items = Items()
    items.manual = True
    said = heard(items, final(0, 0, 1_000, "so far"), Finalized(None, 0))
    assert transcripts(said) == ["so far"]
    assert heard(items, Finalized(None, 0)) == []


def test_turns_without_text_fail_by_name() -> None:
    items = Items()
    heard(items, SpeechStarted(0, 0), SpeechEnded(0, 900), SpeechStarted(0, 1_500))
    (said,) = items.failed({"code": "engine_fault"})
    assert said[0].endswith(".failed")
    assert said[1]["item_id"] == "item_1"


def test_confidence_is_a_logprob() -> None:
    items = Items()
    items.logprobs = True
    said = heard(items, SpeechStarted(0, 0), SpeechEnded(0, 900), final(0, 0, 1_000, "é"))
    (one,) = said[-1][1]["logprobs"]
    assert one == {"token": " é", "logprob": -0.6931, "bytes": [32, 195, 169]}
