"""Speech or not, frame by frame, in two steps.

The first step is webrtcvad: a Gaussian mixture over sub-band energies, 0.3 ms for a second of
audio, and easily fooled by music and hum. The second is Silero (a small recurrent network,
3 ms for a second of audio): the first one wakes it, and while it is awake it decides.
:class:`VoiceDetector` makes one flag per 20 ms frame of them and holds the state both need.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from streaming.audio.framing import to_int16

Samples = npt.NDArray[np.float32]

FRAME_SAMPLES = 320
WINDOW_SAMPLES = 512  # what one Silero step hears: 32 ms
_CONTEXT_SAMPLES = 64
_SAMPLE_RATE = 16_000


class VadMode(StrEnum):
    """Who decides."""

    WEBRTC = "webrtc"
    SILERO = "silero"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class VadConfig:
    """How sceptical the detectors are.

    ``aggressiveness`` is webrtcvad's 0 (hears speech everywhere) to 3. ``threshold`` is the
    Silero probability from which a window counts as speech, ``release`` the one below which
    speech already going on counts as over.
    """

    mode: VadMode = VadMode.BOTH
    aggressiveness: int = 2
    threshold: float = 0.5
    release: float = 0.3


class FrameVad(Protocol):
    """Says of one 20 ms frame whether it may be speech; keeps its own smoothing state."""

    def is_speech(self, frame: Samples) -> bool:
        """Judge 320 samples at 16 kHz."""
        ...


class SpeechModel(Protocol):
    """Gives the probability of speech for consecutive 32 ms windows; recurrent."""

    def reset(self) -> None:
        """Forget what was heard."""
        ...

    def probabilities(self, windows: Samples) -> list[float]:
        """Judge windows of shape (n, 512) that follow the ones before without a gap."""
        ...


class WebRtcVad:
    """webrtcvad on 20 ms frames at 16 kHz."""

    def __init__(self, aggressiveness: int) -> None:
        import webrtcvad

        self._vad = webrtcvad.Vad(aggressiveness)

    def is_speech(self, frame: Samples) -> bool:
        """Judge one frame."""
        return bool(self._vad.is_speech(to_int16(frame).tobytes(), _SAMPLE_RATE))


@lru_cache(maxsize=1)
def _silero_session() -> Any:
    """Load the network once for the process; running it is safe from any thread."""
    import importlib.util

    import onnxruntime

    spec = importlib.util.find_spec("faster_whisper")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("faster-whisper, whose Silero model is used, is not installed")
    path = Path(spec.origin).parent / "assets" / "silero_vad_v6.onnx"
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        str(path), providers=["CPUExecutionProvider"], sess_options=options
    )


class Silero:
    """Silero VAD v6 as a stream: the network is shared, the recurrent state is this object's."""

    def __init__(self) -> None:
        self._session = _silero_session()
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._h = np.zeros((1, 1, 128), dtype=np.float32)
        self._c = np.zeros((1, 1, 128), dtype=np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, dtype=np.float32)

    def probabilities(self, windows: Samples) -> list[float]:
        """Judge windows of shape (n, 512)."""
        tails = windows[:, -_CONTEXT_SAMPLES:]
        heads = np.vstack([self._context[None], tails[:-1]])
        self._context = tails[-1].copy()
        out, self._h, self._c = self._session.run(
            None, {"input": np.hstack([heads, windows]), "h": self._h, "c": self._c}
        )
        return [float(p) for p in np.ravel(out)]


@dataclass(frozen=True, slots=True)
class Activity:
    """What was found out about one frame.

    ``voiced``: taken for speech, by the second step where there is one. ``sounding``: one of the
    two takes it for speech, so that there may be some the second has not confirmed yet.
    ``probability``: the second step's latest opinion, or 1 or 0 where there is none. ``level``:
    the frame's root mean square.
    """

    voiced: bool
    sounding: bool
    probability: float
    level: float


class VoiceDetector:
    """One channel's detectors; :meth:`judge` takes each 20 ms frame once, in order."""

    def __init__(
        self,
        config: VadConfig,
        *,
        frame_vad: Callable[[int], FrameVad] = WebRtcVad,
        speech_model: Callable[[], SpeechModel] = Silero,
    ) -> None:
        self._config = config
        self._first = None if config.mode is VadMode.SILERO else frame_vad(config.aggressiveness)
        self._second = None if config.mode is VadMode.WEBRTC else speech_model()
        self._pending = np.zeros(0, dtype=np.float32)
        self._awake = config.mode is VadMode.SILERO
        self._quiet_frames = 0
        self._recent: list[Samples] = []
        self._probability = 0.0
        self._speaking = False
        self._loudest = 0.0

    def judge(self, frame: Samples) -> Activity:
        """Judge 320 samples."""
        level = float(np.sqrt(np.mean(np.square(frame))))
        sounding = self._first.is_speech(self._amplified(frame, level)) if self._first else False
        if self._second is None:
            return Activity(sounding, sounding, float(sounding), level)
        self._listen(frame, sounding)
        threshold = self._config.release if self._speaking else self._config.threshold
        self._speaking = self._awake and self._probability >= threshold
        return Activity(self._speaking, sounding or self._speaking, self._probability, level)

    def _amplified(self, frame: Samples, level: float) -> Samples:
        """Bring quiet speech up to where webrtcvad, which judges energies, takes it for speech.

        The gain follows the loudest of the last seconds. Noise is lifted as well: telling the two
        apart is what the second step is for, so there is no gain without one.
        """
        if self._second is None:
            return frame
        self._loudest = max(level, self._loudest * _LOUDEST_DECAY)
        gain = min(_MOST_GAIN, _TARGET_LEVEL / max(self._loudest, 1e-9))
        return frame * np.float32(gain) if gain > 1 else frame

    def _listen(self, frame: Samples, sounding: bool) -> None:
        """Let the second step hear the frame, waking it with a little of what came before."""
        assert self._second is not None  # noqa: S101 - narrowing; judge() has checked
        if self._first is not None:
            quiet = not sounding and not self._speaking
            self._quiet_frames = self._quiet_frames + 1 if quiet else 0
            if self._awake and self._quiet_frames > _SLEEP_AFTER_FRAMES:
                self._awake, self._speaking, self._probability = False, False, 0.0
                self._recent.clear()
            elif sounding and not self._awake:
                self._awake = True
                self._second.reset()
                self._pending = np.concatenate([np.zeros(0, np.float32), *self._recent])
        if not self._awake:
            self._recent.append(frame)
            del self._recent[:-_WARM_UP_FRAMES]
            return
        self._pending = np.concatenate([self._pending, frame])
        whole = len(self._pending) // WINDOW_SAMPLES
        if whole:
            used = whole * WINDOW_SAMPLES
            windows = self._pending[:used].reshape(whole, WINDOW_SAMPLES)
            self._probability = self._second.probabilities(windows)[-1]
            self._pending = self._pending[used:]


# A sleeping network is woken with 320 ms of what came before, enough for its state to settle;
# it goes to sleep after a second and a half in which the first step heard nothing.
_WARM_UP_FRAMES = 16
_SLEEP_AFTER_FRAMES = 75
# Whispered or far speech at -70 dBFS is still heard; the loudest is forgotten by half in 5 s.
_TARGET_LEVEL = 0.03
_MOST_GAIN = 64.0
_LOUDEST_DECAY = 0.5 ** (1 / 250)
