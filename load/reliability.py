"""Whether words are as often right as their confidence says.

A word of a final is *right* when it is a hit of a shortest edit script against the reference, both
after Whisper's normaliser. The normaliser splits and joins words ("won't" → "will not", "twenty
one" → "21"): what it makes of the whole text is traced back to the words as they were written, and
a word is right when everything is that came of it. Words that the normaliser drops ("um") are
neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
import numpy.typing as npt

from load.alignment import align
from load.text import scoring_tokens

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class JudgedWord:
    """A word of a final, how sure the server was of it, and whether it is right.

    ``segment`` tells segments of one file apart; ``evidence`` is what the confidence was made of,
    where it is known (:class:`streaming.confidence.Evidence`).
    """

    set: str
    file: str
    segment: int
    confidence: float
    right: bool
    evidence: tuple[float, float] | None = None


def judge(words: Sequence[str], reference: str, language: str | None) -> list[bool | None]:
    """Whether each of ``words``, spaces included, is right; None where it doesn't count."""
    whole = scoring_tokens("".join(words), language)
    hit = [False] * len(whole)
    for pair in align(scoring_tokens(reference, language), whole):
        hit[pair.right] = pair.same
    parts = [
        (token, place)
        for place, word in enumerate(words)
        for token in scoring_tokens(word, language)
    ]
    verdicts: list[bool | None] = [None] * len(words)

    def count(place: int, right: bool) -> None:
        verdicts[place] = right and verdicts[place] is not False

    # Most words come out of the text as they do by themselves; stretches that don't go together.
    matcher = SequenceMatcher(None, [token for token, _ in parts], whole, autojunk=False)
    for kind, first, last, whole_first, whole_last in matcher.get_opcodes():
        for at in range(first, last):
            if kind == "equal":
                count(parts[at][1], hit[whole_first + at - first])
            elif whole_last > whole_first:
                count(parts[at][1], all(hit[whole_first:whole_last]))
    return verdicts


@dataclass(frozen=True, slots=True)
class Bin:
    """Words of about one confidence: how many, how sure on average, how often right."""

    count: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """How good a set of confidences is.

    ``ece10`` and ``ece15`` are expected calibration errors over equal-width bins: the mean distance
    of confidence and share of right words, weighted by words (Naeini et al. 2015). ``chance10`` is
    what ``ece10`` would be on average if every word were right exactly as often as it says: few
    words never come out even. ``brier`` is the mean squared error. ``auc`` is the chance that a
    right word is surer than a wrong one; None where all or none are right.
    """

    words: int
    right: float
    confidence: float
    ece10: float
    ece15: float
    chance10: float
    brier: float
    auc: float | None
    bins: tuple[Bin, ...]
    """The ten of ``ece10``; those without words are left out."""


def reliability(
    confidences: Sequence[float], right: Sequence[float], weights: Sequence[float] | None = None
) -> Reliability:
    """Sum up confidences in 0..1 and how right each was: 0 or 1, or a share of something counted.

    ``weights`` are counts, 1 where none are given. At least one is needed.
    """
    sure, truth = np.asarray(confidences, float), np.asarray(right, float)
    weight = np.ones(len(sure)) if weights is None else np.asarray(weights, float)
    if not len(sure):
        raise ValueError("no words to judge confidences by")
    total = float(weight.sum())
    return Reliability(
        words=round(total),
        right=float(weight @ truth) / total,
        confidence=float(weight @ sure) / total,
        ece10=_calibration_error(sure, truth, weight, 10),
        ece15=_calibration_error(sure, truth, weight, 15),
        chance10=_by_chance(sure, weight, 10),
        brier=float(weight @ np.square(sure - truth)) / total,
        auc=_auc(sure, truth),
        bins=tuple(_bins(sure, truth, weight, 10)),
    )


def of_words(words: Iterable[JudgedWord]) -> Reliability:
    """How good the confidences of words are."""
    those = list(words)
    return reliability([word.confidence for word in those], [word.right for word in those])


def of_segments(
    words: Iterable[JudgedWord], confidence: Callable[[Sequence[JudgedWord]], float]
) -> Reliability:
    """How well ``confidence`` of a segment's words tells the share of them that is right.

    Segments count by their words.
    """
    segments: dict[tuple[str, int], list[JudgedWord]] = {}
    for word in words:
        segments.setdefault((word.file, word.segment), []).append(word)
    return reliability(
        [confidence(segment) for segment in segments.values()],
        [sum(word.right for word in segment) / len(segment) for segment in segments.values()],
        [len(segment) for segment in segments.values()],
    )


def _groups(sure: Floats, bins: int) -> npt.NDArray[np.intp]:
    return np.minimum((sure * bins).astype(np.intp), bins - 1)


def _calibration_error(sure: Floats, truth: Floats, weight: Floats, bins: int) -> float:
    apart = np.bincount(_groups(sure, bins), weights=weight * (sure - truth), minlength=bins)
    return float(np.abs(apart).sum() / weight.sum())


def _by_chance(sure: Floats, weight: Floats, bins: int, draws: int = 200) -> float:
    random = np.random.default_rng(1)
    counts = np.maximum(np.rint(weight), 1).astype(np.int64)
    return float(
        np.mean(
            [
                _calibration_error(sure, random.binomial(counts, sure) / counts, weight, bins)
                for _ in range(draws)
            ]
        )
    )


def _auc(sure: Floats, truth: Floats) -> float | None:
    """Mann and Whitney's statistic; ties count half."""
    good, bad = np.sort(sure[truth == 1.0]), np.sort(sure[truth == 0.0])
    if not len(good) or not len(bad) or len(good) + len(bad) < len(sure):
        return None
    below = np.searchsorted(bad, good, "left") + np.searchsorted(bad, good, "right")
    return float(below.sum() / (2 * len(good) * len(bad)))


def _bins(sure: Floats, truth: Floats, weight: Floats, bins: int) -> Iterable[Bin]:
    groups = _groups(sure, bins)
    for group in range(bins):
        mine = groups == group
        count = float(weight[mine].sum())
        if count:
            yield Bin(
                count=round(count),
                confidence=float(weight[mine] @ sure[mine]) / count,
                right=float(weight[mine] @ truth[mine]) / count,
            )
