"""Text of the prompt that nobody said: how it is suspected, and how a second hearing decides.

A model told what was said before sometimes says it again, over noise or a pause most of all. That
the words of a final stand in its prompt proves nothing: a prompt is given because they will be
said. So a suspicion only has the audio decoded once more, without any prompt. Speech is heard
then, too, if maybe misspelt; an echo is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from streaming.decoding import Hypothesis, Word
from streaming.quality import degenerate
from streaming.stabilizer import normalized

# In a row and as the context has them; less is how people talk.
_RUN_WORDS = 4
_RUN_LETTERS = 12
_ALIKE = 0.4


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A hypothesis whose words from ``first`` to before ``last`` stand in its context."""

    hypothesis: Hypothesis
    first: int
    last: int


def suspect(hypothesis: Hypothesis, prompt: str, hotwords: Sequence[str]) -> Suspicion | None:
    """Return the longest run of words that may be an echo, or None.

    Either some words in a row, as the prompt or the list of hot words has them, or nothing but
    words of the context, in whatever order.
    """
    units = [_units(word.text) for word in hypothesis.words]
    names = [unit for word in units for unit in word]
    owners = [i for i, word in enumerate(units) for _ in word]
    texts = [text for text in (_units(prompt), _units(" ".join(hotwords))) if text]
    if not names or not texts:
        return None
    known = {name for text in texts for name in text}
    if all(name in known for name in names):
        return Suspicion(hypothesis, 0, len(hypothesis.words))
    matches = (
        SequenceMatcher(None, names, text, autojunk=False).find_longest_match() for text in texts
    )
    longest = max(matches, key=lambda match: match.size)
    run = owners[longest.a : longest.a + longest.size]
    if len(run) < _RUN_WORDS or sum(map(len, names[longest.a :][: len(run)])) < _RUN_LETTERS:
        return None
    return Suspicion(hypothesis, run[0], run[-1] + 1)


def heard_again(suspicion: Suspicion, bare: Hypothesis) -> bool:
    """Whether what was suspected is in ``bare``, the hypothesis made without the context.

    Of one that loops nothing is kept, in any case.
    Where the run stands, the other hypothesis must have letters like it: a misspelt name has.
    """
    words = suspicion.hypothesis.words
    if degenerate(suspicion.hypothesis):
        return False
    matcher = SequenceMatcher(
        None,
        [normalized(word.text) for word in words],
        [normalized(word.text) for word in bare.words],
        autojunk=False,
    )
    there: list[Word] = []
    for _, first, last, start, end in matcher.get_opcodes():
        if first < suspicion.last and suspicion.first < last:
            there += bare.words[start:end]
    run = _letters(words[suspicion.first : suspicion.last])
    return SequenceMatcher(None, run, _letters(there), autojunk=False).ratio() >= _ALIKE


def _letters(words: Sequence[Word]) -> str:
    return "".join(normalized(word.text) for word in words)


def _units(text: str) -> list[str]:
    """The words; of scripts that put no spaces between them, the characters."""
    units: list[str] = []
    for word in map(normalized, text.split()):
        units += [word] if word < "\u0e00" else list(word)
    return units
