"""Whether words end a sentence, as far as their last characters tell.

Whisper writes the punctuation, and it writes a full stop behind much that was only cut off: one
alone is a hint. What to ask for besides is measured in ``docs/endpointing.md``.
"""

from __future__ import annotations

from typing import Final

from streaming.decoding import Hypothesis
from streaming.quality import degenerate

# An ellipsis is what Whisper writes where somebody trails off: no end.
_ENDS: Final = frozenset(".?!。？！｡．।؟۔")
_TRAILING: Final = ("..", "…", "。。")
_CLOSING: Final = "\"'”’»›)]」』）】 "
# Before a name, a number or an explanation; in the languages that are measured.
_BEFORE_MORE: Final = """
    mr mrs ms dr prof st vs fig approx e.g i.e cf jr sr gen col capt lt sgt rev hon
    nr hr bzw ca z.b d.h u.a str evtl inkl mm mme mlle p.ex
    sra srta ud uds núm pág dott avv pag
"""
_ABBREVIATIONS: Final = frozenset(_BEFORE_MORE.split())

# What the model itself doubts is no evidence.
_SURE_LOGPROB: Final = -0.45


def completes_sentence(hypothesis: Hypothesis) -> bool:
    """Whether a hypothesis over all that was said so far is a sentence, beyond much doubt."""
    return (
        hypothesis.average_logprob >= _SURE_LOGPROB
        and degenerate(hypothesis) is None
        and ends_sentence(hypothesis.text)
    )


def ends_sentence(text: str) -> bool:
    """Whether the text ends as a sentence does, and not with an abbreviation or a number."""
    bare = text.rstrip(_CLOSING)
    if not bare or bare[-1] not in _ENDS or bare.endswith(_TRAILING):
        return False
    if bare[-1] != ".":
        return True
    last = bare[:-1].rsplit(maxsplit=1)[-1:]
    word = last[0].lstrip("\"'“‘«‹([¿¡").casefold() if last else ""
    return len(word) > 1 and not word[-1].isdigit() and word not in _ABBREVIATIONS
