"""Speech or not, frame by frame, in two steps.

The first step is webrtcvad: a Gaussian mixture over sub-band energies, 0.3 ms for a second of
audio, and easily fooled by music and hum. The second is Silero (a small recurrent network,
3 ms for a second of audio): the first one wakes it, and while it is awake it decides.
:class:`VoiceDetector` makes one flag per 20 ms frame of them and holds the state both need.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
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
    """Says of 20 ms frames whether they may be speech; keeps its own smoothing state."""

    def flags(self, frames: Samples) -> list[bool]:
        """Judge frames of shape (n, 320) at 16 kHz that follow the ones before without a gap."""
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

    def flags(self, frames: Samples) -> list[bool]:
        """Judge frames of shape (n, 320)."""
        data = to_int16(frames).tobytes()
        size = 2 * FRAME_SAMPLES
        return [
            bool(self._vad.is_speech(data[at : at + size], _SAMPLE_RATE))
            for at in range(0, len(data), size)
        ]


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
        heard = np.empty((len(windows), _CONTEXT_SAMPLES + WINDOW_SAMPLES), dtype=np.float32)
        heard[0, :_CONTEXT_SAMPLES] = self._context
        heard[1:, :_CONTEXT_SAMPLES] = windows[:-1, -_CONTEXT_SAMPLES:]
        heard[:, _CONTEXT_SAMPLES:] = windows
        self._context = heard[-1, -_CONTEXT_SAMPLES:]
        out, self._h, self._c = self._session.run(
            None, {"input": heard, "h": self._h, "c": self._c}
        )
        probabilities: list[float] = out.ravel().tolist()
        return probabilities


@dataclass(frozen=True, slots=True)
class Activity:
    """What was found out about one frame.

    ``voiced``: taken for speech, by the second step where there is one. ``sounding``: one of the
    two takes it for speech, so that there may be some the second has not confirmed yet.
    ``probability``: the second step's latest opinion, or 1 or 0 where there is none. ``level``:
    the frame's root mean square. ``fading``: voiced, but by no more than what lets speech already
    going on go on: the end of a word, or what the room makes of it.
    """

    voiced: bool
    sounding: bool
    probability: float
    level: float
    fading: bool = False


class VoiceDetector:
    """One channel's detectors; :meth:`judge` takes the 20 ms frames in order, each once.

    What it finds is the same however many frames it is given at a time, but several at once cost
    less: the network hears all their windows in one run.
    """

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
        self._recent: deque[Samples] = deque(maxlen=_WARM_UP_FRAMES)
        self._probability = 0.0
        self._speaking = False
        self._loudest = 0.0

    def judge(self, frames: Samples) -> list[Activity]:
        """Judge frames of shape (n, 320)."""
        # np.mean() to the bit, without what it spends on other shapes.
        means = np.add.reduce(np.square(frames), axis=1) / np.float32(FRAME_SAMPLES)
        levels: list[float] = np.sqrt(means).tolist()
        sounding = [False] * len(frames)
        if self._first is not None:
            sounding = self._first.flags(self._amplified(frames, levels))
        if self._second is None:
            heard = zip(sounding, levels, strict=True)
            return [Activity(sounds, sounds, float(sounds), level) for sounds, level in heard]
        out: list[Activity] = []
        while len(out) < len(frames):
            at = len(out)
            if self._first is not None:
                self._wake_or_sleep(sounding[at])
            if self._awake:
                end = min(len(frames), at + max(1, _SLEEP_AFTER_FRAMES - self._quiet_frames))
                out += self._attend(self._second, frames[at:end], sounding[at:end], levels[at:end])
            else:
                self._recent.append(frames[at].copy())
                out.append(Activity(False, False, 0.0, levels[at]))
        return out

    def _amplified(self, frames: Samples, levels: list[float]) -> Samples:
        """Bring quiet speech up to where webrtcvad, which judges energies, takes it for speech.

        The gain follows the loudest of the last seconds. Noise is lifted as well: telling the two
        apart is what the second step is for, so there is no gain without one.
        """
        if self._second is None:
            return frames
        gains: list[float] = []
        for level in levels:
            self._loudest = max(level, self._loudest * _LOUDEST_DECAY)
            gains.append(min(_MOST_GAIN, _TARGET_LEVEL / max(self._loudest, 1e-9)))
        if max(gains) <= 1:
            return frames
        return frames * np.array([max(gain, 1.0) for gain in gains], np.float32)[:, None]

    def _wake_or_sleep(self, sounding: bool) -> None:
        """Wake the second step with a little of what came before, or let it rest."""
        if self._awake:
            quiet = not sounding and not self._speaking
            if quiet and self._quiet_frames >= _SLEEP_AFTER_FRAMES:
                self._awake, self._speaking, self._probability = False, False, 0.0
        elif sounding:
            assert self._second is not None  # noqa: S101 - narrowing; judge() has checked
            self._awake, self._quiet_frames = True, 0
            self._second.reset()
            self._pending = np.concatenate([np.zeros(0, np.float32), *self._recent])
            self._recent.clear()

    def _attend(
        self,
        second: SpeechModel,
        frames: Samples,
        sounding: list[bool],
        levels: list[float],
    ) -> Iterator[Activity]:
        """Let the second step, which is awake, hear frames, all in one run."""
        held = len(self._pending)
        heard = np.concatenate((self._pending, frames.ravel())) if held else frames.ravel().copy()
        windows = len(heard) // WINDOW_SAMPLES
        self._pending = heard[windows * WINDOW_SAMPLES :]
        probabilities: list[float] = []
        if windows:
            whole = heard[: windows * WINDOW_SAMPLES].reshape(windows, WINDOW_SAMPLES)
            probabilities = second.probabilities(whole)
        for index, sounds in enumerate(sounding):
            quiet = not sounds and not self._speaking
            self._quiet_frames = self._quiet_frames + 1 if quiet else 0
            complete = (held + (index + 1) * FRAME_SAMPLES) // WINDOW_SAMPLES
            if complete:  # the latest window that ends within what has been heard by now
                self._probability = probabilities[complete - 1]
            threshold = self._config.release if self._speaking else self._config.threshold
            self._speaking = self._probability >= threshold
            yield Activity(
                voiced=self._speaking,
                sounding=sounds or self._speaking,
                probability=self._probability,
                level=levels[index],
                fading=self._speaking and self._probability < self._config.threshold,
            )


# A sleeping network is woken with 320 ms of what came before, enough for its state to settle;
# it goes to sleep after a second and a half in which the first step heard nothing.
_WARM_UP_FRAMES = 16
_SLEEP_AFTER_FRAMES = 75
# Whispered or far speech at -70 dBFS is still heard; the loudest is forgotten by half in 5 s.
_TARGET_LEVEL = 0.03
_MOST_GAIN = 64.0
_LOUDEST_DECAY = 0.5 ** (1 / 250)
