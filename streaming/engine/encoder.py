"""The windows of a batch through the encoder, so that all of its output has one length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from streaming.decoding import DecodeRequest
from streaming.engine.ending import Ending, reference_window
from streaming.engine.stages import ENCODER, FEATURES, StageTimes
from streaming.engine.windows import window_samples

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Encoded:
    """The encoder's output for a batch, as the model has it: (rows, frames, d).

    ``alone`` are its rows at their own lengths, each (1, frames, d); None where they can't be had.
    """

    batch: Any
    alone: Sequence[Any] | None = None


class Encoder:
    """Encodes requests with a model's own functions.

    ``features`` makes log-mel features (mels, frames) of samples at 16 kHz; ``encode`` takes a
    batch of them, as ``view`` hands arrays to the model. ``one_by_one`` where the output can be had
    as an array, on a CPU: every window is then encoded at its own length, which keeps its attention
    in the caches, and joined behind that. Elsewhere shorter windows are padded with digital silence
    before.
    """

    def __init__(
        self,
        features: Callable[[Array], Array],
        encode: Callable[[Any], Any],
        view: Callable[[Array], Any],
        stages: StageTimes,
        *,
        one_by_one: bool,
    ) -> None:
        self._features = features
        self._encode = encode
        self._view = view
        self._stages = stages
        self._ending: Ending | None = None
        if one_by_one:
            window = reference_window()
            self._ending = Ending(np.asarray(self._alone(self._mels(window, len(window))))[0])

    def encode(self, requests: Sequence[DecodeRequest]) -> Encoded:
        """Encode what is asked for, in one batch."""
        windows = [window_samples(request) for request in requests]
        if self._ending is None:
            windows = [max(windows)] * len(windows)
        with self._stages.spent_on(FEATURES):
            mels = [
                self._mels(request.audio, samples)
                for request, samples in zip(requests, windows, strict=True)
            ]
        with self._stages.spent_on(ENCODER):
            if self._ending is None:
                return Encoded(self._encode(self._view(np.ascontiguousarray(np.stack(mels)))))
            alone = [self._alone(each) for each in mels]
            rows = [np.asarray(each)[0] for each in alone]
            return Encoded(self._view(self._ending.joined(rows)), alone)

    def _mels(self, audio: Array, samples: int) -> Array:
        """Features of the audio with digital silence behind it, up to so many samples."""
        padded = np.zeros(samples, dtype=np.float32)
        padded[: len(audio)] = audio[:samples]
        return np.asarray(self._features(padded), dtype=np.float32)

    def _alone(self, mels: Array) -> Any:
        """Encode one window: (1, frames, d)."""
        return self._encode(self._view(np.ascontiguousarray(mels[np.newaxis])))
