"""Fitting a calibration: logistic regression on two pieces of evidence, with weights that order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from load.reliability import JudgedWord
from streaming.confidence import Calibration, Evidence

_RIDGE = 1.0
"""Pull of the weights (not the offset) towards nothing, in words: keeps few words from lying."""
_STEPS = 100
_LEAST_OWN = 1e-3
Floats = npt.NDArray[np.float64]


def fit(words: Sequence[JudgedWord]) -> Calibration:
    """The calibration under which ``words`` are likeliest; all of them with evidence.

    Maximum likelihood by Newton's method with a small ridge. A weight that would come out negative
    is nothing: a more probable word is never less sure. Needs right words and wrong ones.
    """
    features = np.array([word.evidence for word in words if word.evidence is not None], float)
    right = np.array([word.right for word in words if word.evidence is not None], float)
    if not 0 < right.sum() < len(right):
        raise ValueError(f"{right.sum():.0f} of {len(right)} words right: both kinds are needed")
    columns = np.column_stack([features, np.ones(len(features))])
    weights = _newton(columns, right, np.ones(3, bool))
    if weights[1] < 0:
        weights = _newton(columns, right, np.array([True, False, True]))
    if weights[0] <= 0:
        weights = _newton(columns, right, np.array([False, weights[1] > 0, True]))
        weights[0] = _LEAST_OWN
    own, around, offset = (round(float(weight), 3) for weight in weights)
    return Calibration(own, around, offset)


def held_out(words: Sequence[JudgedWord]) -> list[JudgedWord]:
    """The words with the confidence given by a calibration that was fitted to all *other* sets."""
    out: list[JudgedWord] = []
    for name in dict.fromkeys(word.set for word in words):
        calibration = fit([word for word in words if word.set != name])
        out += with_calibration([word for word in words if word.set == name], calibration)
    return out


def with_calibration(words: Sequence[JudgedWord], calibration: Calibration) -> list[JudgedWord]:
    """The words with the confidence that ``calibration`` gives them."""
    return [
        replace(word, confidence=calibration.confidence(Evidence(*word.evidence)))
        for word in words
        if word.evidence is not None
    ]


def _newton(columns: Floats, right: Floats, free: npt.NDArray[np.bool_]) -> Floats:
    """Weights of the ``free`` columns, the last of which is the offset; the others are 0."""
    weights = np.zeros(columns.shape[1])
    used = columns[:, free]
    ridge = np.where(np.arange(columns.shape[1]) < columns.shape[1] - 1, _RIDGE, 0.0)[free]
    found = np.zeros(used.shape[1])
    for _ in range(_STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(used @ found, -30.0, 30.0)))
        gradient = used.T @ (chance - right) + ridge * found
        curvature = (used * (chance * (1.0 - chance))[:, None]).T @ used + np.diag(ridge)
        step = np.linalg.solve(curvature + 1e-9 * np.eye(len(found)), gradient)
        found -= np.clip(step, -5.0, 5.0)
        if float(np.abs(step).max()) < 1e-9:
            break
    weights[free] = found
    return weights
