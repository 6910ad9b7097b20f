"""Words of mixed scripts: names and numbers in text that is written without spaces."""

from __future__ import annotations

import pytest

from streaming.engine.words import spans


def joined(pieces: list[str], *, spaced: bool = False) -> list[str]:
    found = spans(pieces, [[1]] * len(pieces), spaced=spaced)
    assert [(span.first, span.last) for span in found] == sorted(
        (span.first, span.last) for span in found
    )
    assert "".join(span.text for span in found) == "".join(pieces)
    return [span.text for span in found]


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        (["S", "co", "oter", "公", "交"], ["Scooter", "公", "交"]),
        (["到", "20", "11", "年"], ["到", "2011", "年"]),
        (["在", " NA", "SA", " HQ", "。"], ["在", " NASA", " HQ。"]),
        (["「", "i", "Phone", "」", "は"], ["「iPhone」", "は"]),
        (["2", "%", "の"], ["2%", "の"]),
        (["Пу", "тин", "说"], ["Путин", "说"]),
        (["ภ", "า"], ["ภ", "า"]),
    ],
)
def test_letters_of_other_scripts_stay_together(pieces: list[str], words: list[str]) -> None:
    assert joined(pieces) == words


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        (["市", " ", "佛"], ["市", " 佛"]),
        ([" ", "佛"], [" 佛"]),
        (["市", " ", " ", "佛"], ["市", "  佛"]),
        (["市", " "], ["市 "]),
        ([" "], [" "]),
    ],
)
def test_a_lone_space_leads_the_word_behind_it(pieces: list[str], words: list[str]) -> None:
    assert joined(pieces) == words


def test_a_lone_space_parts_words_in_any_language() -> None:
    assert joined([" one", " ", "two", " three"], spaced=True) == [" one", " two", " three"]
