"""How sure a word is: the model's token probabilities made into the chance that it is right.

Whisper's own probabilities run low: it hedges between spellings that all mean the word that was
said. Logistic calibration (Platt, "Probabilistic Outputs for Support Vector Machines", 1999) of
two pieces of evidence puts that right: how probable the word's least probable token was, and how
probable the tokens next to it were, since errors come in company. Both weights are positive, so a
word that the model finds more probable is never called less sure. What it was fitted on and how
well it holds is in ``docs/confidence.md``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from streaming.decoding import Word

AROUND_TOKENS = 5
"""How many tokens on either side of a word speak for or against it."""

_LEAST = 0.002  # more odds than 500 to 1, either way, are not believed
_DIGITS = 4


class Evidence(NamedTuple):
    """Log-odds of a word's least probable token, and of the (geometric) mean token around it."""

    own: float
    around: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights of the evidence: log-odds of being right = own · … + around · … + offset."""

    own: float
    around: float
    offset: float

    def __post_init__(self) -> None:
        """Refuse weights with which a more probable word could be called less sure."""
        if not all(map(math.isfinite, (self.own, self.around, self.offset))):
            raise ValueError(f"calibration {self}: not all are finite")
        if self.own <= 0 or self.around < 0:
            raise ValueError(f"calibration {self}: own must be positive, around not negative")

    def confidence(self, evidence: Evidence) -> float:
        """Return the chance that the word is right, above 0 and below 1, to four digits."""
        odds = self.own * evidence.own + self.around * evidence.around + self.offset
        sure = 1.0 / (1.0 + math.exp(-min(max(odds, -9.0), 9.0)))
        return round(sure, _DIGITS)


MEASURED = Calibration(own=0.87, around=0.52, offset=0.03)
"""Fitted to ``base`` on 1,265 English words, each heard greedily and with five beams; as good for
``tiny.en``, which it had not seen. Nobody has measured a larger model yet."""


def log_odds(probability: float) -> float:
    """Return ln(p / (1 - p)), with p kept 0.002 away from 0 and 1."""
    p = min(1.0 - _LEAST, max(_LEAST, probability))  # in this order NaN counts as the least
    return math.log(p / (1.0 - p))


def evidence(words: Sequence[range], probabilities: Sequence[float]) -> list[Evidence]:
    """Return the evidence for each word of a text, in order.

    ``words`` are the words' own tokens, punctuation left out, as places in ``probabilities``. A
    word with nothing around it has only itself to go by, and one without tokens is not believed.
    """
    tokens = [probabilities[place] for word in words for place in word]
    # Sums up to each token: what lies around a word is then two differences of them.
    logs = (math.log(min(1.0, max(_LEAST, probability))) for probability in tokens)
    sums = [0.0, *accumulate(logs)]
    out: list[Evidence] = []
    first = 0
    for word in words:
        last = first + len(word)
        own = log_odds(min(tokens[first:last], default=0.0))
        left, right = max(0, first - AROUND_TOKENS), min(len(tokens), last + AROUND_TOKENS)
        count = first - left + right - last
        near = sums[first] - sums[left] + sums[right] - sums[last]
        out.append(Evidence(own, log_odds(math.exp(near / count)) if count else own))
        first = last
    return out


def expected_share(words: Sequence[Word], average_logprob: float) -> float:
    """Return the share of a segment's words that is expected to be right: their mean confidence.

    Of what was said and not heard it knows nothing. Where words have no confidence of their own
    the mean token probability stands in, which is too low rather than too high.
    """
    known = [word.confidence for word in words if word.confidence is not None]
    share = sum(known) / len(known) if known else math.exp(min(average_logprob, 0.0))
    return round(share, _DIGITS) if words else 0.0
