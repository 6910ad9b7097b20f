"""Two steps of voice detection: what each hears, when the second sleeps, and what passes both."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from streaming.endpointing import Endpointing
from streaming.segmenter import Closed, Segmenter
from streaming.vad import (
    FRAME_SAMPLES,
    WINDOW_SAMPLES,
    Activity,
    Silero,
    VadConfig,
    VadMode,
    VoiceDetector,
    WebRtcVad,
)
from tests.support.recordings import recordings
from tests.support.voices import FAINT, LOUD, SILENT, LoudnessModel, LoudnessVad, frame, level

Samples = npt.NDArray[np.float32]


class Ear(LoudnessModel):
    """Keeps every window it hears; answers from a list where it is given one."""

    def __init__(self, answers: list[float] | None = None) -> None:
        super().__init__()
        self._answers = iter(answers) if answers is not None else None
        self.heard: list[Samples] = []

    def reset(self) -> None:
        super().reset()
        self.heard = []

    def probabilities(self, windows: Samples) -> list[float]:
        self.heard += list(windows)
        if self._answers is None:
            return super().probabilities(windows)
        return [next(self._answers) for _ in windows]


def detector(mode: VadMode, ear: Ear | None = None, **config: float) -> VoiceDetector:
    heard = ear or Ear()
    return VoiceDetector(
        VadConfig(mode=mode, **config),  # type: ignore[arg-type]
        frame_vad=LoudnessVad,
        speech_model=lambda: heard,
    )


def judge(it: VoiceDetector, amplitude: float, count: int) -> list[Activity]:
    return [it.judge(frame(amplitude)[None])[0] for _ in range(count)]


def flags(activities: list[Activity]) -> list[tuple[bool, bool]]:
    return [(activity.voiced, activity.sounding) for activity in activities]


def test_webrtc_alone_decides_by_itself() -> None:
    it = detector(VadMode.WEBRTC)
    assert judge(it, SILENT, 1)[0] == Activity(False, False, 0.0, 0.0)
    activity = judge(it, FAINT, 1)[0]
    assert (activity.voiced, activity.sounding, activity.probability) == (True, True, 1.0)
    assert activity.level == pytest.approx(FAINT, rel=1e-5)


def test_silero_alone_is_always_awake_and_sounds_only_what_it_takes_for_speech() -> None:
    """Otherwise everything is a candidate for ever, and each segment has two seconds of lead."""
    it = detector(VadMode.SILERO)
    assert set(flags(judge(it, FAINT, 50))) == {(False, False)}
    assert flags(judge(it, LOUD, 4))[-1] == (True, True)
    assert flags(judge(it, SILENT, 4))[-1] == (False, False)


def test_both_let_through_what_both_hear() -> None:
    it = detector(VadMode.BOTH)
    assert set(flags(judge(it, SILENT, 20))) == {(False, False)}
    assert set(flags(judge(it, FAINT, 20))) == {(False, True)}
    assert flags(judge(it, LOUD, 4))[-1] == (True, True)


def test_speech_is_over_only_below_the_release() -> None:
    ear = Ear([0.49, 0.5, 0.4, 0.3, 0.29, 0.4, 0.49, 0.6])
    it = detector(VadMode.SILERO, ear, threshold=0.5, release=0.3)
    voiced, fading = [], []
    for _ in range(8):
        windows = np.full(WINDOW_SAMPLES, 0.1, np.float32)
        # 8 windows are 12.8 frames: where a window is complete, the flag is of that window.
        before = len(ear.heard)
        while len(ear.heard) == before:
            (activity,) = it.judge(windows[None, :FRAME_SAMPLES])
        voiced.append(activity.voiced)
        fading.append(activity.fading)
    assert voiced == [False, True, True, True, False, False, False, True]
    assert fading == [False, False, True, True, False, False, False, False]


def test_the_second_step_sleeps_while_the_first_hears_nothing() -> None:
    ear = Ear()
    it = detector(VadMode.BOTH, ear)
    judge(it, SILENT, 500)
    assert ear.heard == []
    judge(it, LOUD, 10)
    heard = ear.windows
    assert heard > 0
    judge(it, SILENT, 75)
    assert ear.windows > heard
    asleep = ear.windows
    judge(it, SILENT, 200)
    assert ear.windows - asleep <= 2


def test_it_wakes_with_what_came_before_and_then_misses_nothing() -> None:
    ear = Ear()
    it = detector(VadMode.BOTH, ear)
    noise = np.random.default_rng(7).standard_normal((40, FRAME_SAMPLES)).astype(np.float32)
    whisper, speech = noise[:20] * 1e-5, noise[20:] * 0.2
    for each in (*whisper, *speech):
        it.judge(each[None])
    assert ear.resets == 1
    expected = np.concatenate([*whisper[-16:], *speech])
    heard = np.concatenate(ear.heard)
    np.testing.assert_array_equal(heard, expected[: len(heard)])
    assert len(expected) - len(heard) < WINDOW_SAMPLES


def test_it_forgets_what_it_heard_before_it_slept() -> None:
    ear = Ear()
    it = detector(VadMode.BOTH, ear)
    judge(it, LOUD, 30)
    judge(it, SILENT, 200)
    judge(it, LOUD, 30)
    assert ear.resets == 2
    assert level(ear.heard[0]) == 0.0


def test_an_answer_of_long_ago_is_not_believed_after_sleep() -> None:
    it = detector(VadMode.BOTH, Ear([1.0] * 1_000))
    judge(it, LOUD, 10)
    asleep = judge(it, SILENT, 300)
    assert asleep[0].voiced  # to the model, which is asked on, it is speech
    quiet = detector(VadMode.BOTH)
    judge(quiet, LOUD, 10)
    judge(quiet, SILENT, 300)
    first = judge(quiet, FAINT, 1)[0]
    assert (first.voiced, first.probability) == (False, 0.0)


class Meter(LoudnessVad):
    """Remembers how loud what it was asked about was."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: list[float] = []

    def flags(self, frames: Samples) -> list[bool]:
        self.levels += map(level, frames)
        return super().flags(frames)


@pytest.mark.parametrize("mode, lifted", [(VadMode.BOTH, True), (VadMode.WEBRTC, False)])
def test_quiet_speech_is_lifted_only_where_a_second_step_tells_it_from_noise(
    mode: VadMode, lifted: bool
) -> None:
    meter = Meter()
    it = VoiceDetector(VadConfig(mode=mode), frame_vad=lambda _: meter, speech_model=LoudnessModel)
    (activity,) = judge(it, 0.003, 1)
    assert activity.level == pytest.approx(0.003, rel=1e-5)
    assert meter.levels[0] == pytest.approx(0.03 if lifted else 0.003, rel=1e-3)
    judge(it, 0.5, 1)
    assert meter.levels[1] == pytest.approx(0.5, rel=1e-3)
    judge(it, 0.003, 1)
    assert meter.levels[2] == pytest.approx(0.003, rel=1e-3)  # beside loud speech it is background


def test_frames_given_together_are_judged_as_one_by_one() -> None:
    """Asleep, woken, falling asleep within one call, and awake throughout."""
    pattern = [SILENT] * 40 + [FAINT] * 9 + [LOUD] * 30 + [SILENT] * 90 + [LOUD] * 3 + [SILENT] * 70
    sound = np.stack([frame(amplitude) for amplitude in pattern * 2])
    for mode in VadMode:
        single = detector(mode)
        one_by_one = [activity for each in sound for activity in single.judge(each[None])]
        for size in (2, 5, 7, 100, len(sound)):
            many = detector(mode)
            together = [
                activity
                for at in range(0, len(sound), size)
                for activity in many.judge(sound[at : at + size])
            ]
            assert together == one_by_one


def test_several_frames_are_one_run_of_the_network() -> None:
    runs: list[int] = []

    class Counting(Ear):
        def probabilities(self, windows: Samples) -> list[float]:
            runs.append(len(windows))
            return super().probabilities(windows)

    it = detector(VadMode.SILERO, Counting())
    it.judge(np.stack([frame(LOUD)] * 10))
    assert runs == [6]


# -- the real ones -----------------------------------------------------------------------------


def test_webrtcvad_hears_nothing_in_silence_and_something_in_a_buzz() -> None:
    vad = WebRtcVad(2)
    assert not any(vad.flags(np.stack([frame(0.0)] * 10)))
    assert any(vad.flags(np.stack([frame(0.5)] * 10)))


def test_silero_hears_the_same_window_by_window_as_all_at_once() -> None:
    windows = np.random.default_rng(3).standard_normal((12, WINDOW_SAMPLES)).astype(np.float32)
    windows *= np.linspace(0.01, 0.3, 12, dtype=np.float32)[:, None]
    at_once = Silero().probabilities(windows)
    stream = Silero()
    one_by_one = [stream.probabilities(windows[i : i + 1])[0] for i in range(12)]
    np.testing.assert_allclose(one_by_one, at_once, atol=1e-4)
    assert all(0 <= p <= 1 for p in at_once)
    stream.reset()
    np.testing.assert_allclose(stream.probabilities(windows), at_once, atol=1e-4)


def segments(samples: Samples, mode: VadMode = VadMode.BOTH) -> list[tuple[int, int]]:
    """Start and end of all that is opened in samples at 16 kHz, in milliseconds."""
    it, segmenter = VoiceDetector(VadConfig(mode=mode)), Segmenter(Endpointing())
    out: list[tuple[int, int]] = []
    whole = len(samples) - len(samples) % FRAME_SAMPLES
    padded = np.concatenate([samples[:whole], np.zeros(FRAME_SAMPLES * 50, np.float32)])
    for at, activity in enumerate(it.judge(padded.reshape(-1, FRAME_SAMPLES))):
        for step in segmenter.push(at * FRAME_SAMPLES, activity):
            if isinstance(step, Closed):
                out.append((step.start // 16, step.end // 16))
    return out


_T = np.arange(16_000 * 8) / 16_000
_NOISE = np.random.default_rng(1).standard_normal(len(_T))
NO_SPEECH = {
    "silence": np.zeros_like(_T),
    "mains hum": 0.1 * np.sin(2 * np.pi * 50 * _T),
    "tone": 0.3 * np.sin(2 * np.pi * 440 * _T),
    "chord": 0.1 * sum(np.sin(2 * np.pi * pitch * _T) for pitch in (220, 277, 330)),
    "siren": 0.3 * np.sin(2 * np.pi * (700 * _T + 30 * np.sin(2 * np.pi * _T))),
    "beat": 0.3 * np.sin(2 * np.pi * 300 * _T) * (0.5 + 0.5 * np.sin(2 * np.pi * 4 * _T)),
    "hiss": 0.05 * _NOISE,
    "roar": 0.3 * _NOISE,
    "faint hiss": 0.0005 * _NOISE,
    "clicks": 0.9 * (np.arange(len(_T)) % 8_000 == 0),
}


@pytest.mark.parametrize("mode", [VadMode.BOTH, VadMode.SILERO])
@pytest.mark.parametrize("sound", NO_SPEECH)
def test_what_is_no_speech_opens_nothing(sound: str, mode: VadMode) -> None:
    samples = np.clip(NO_SPEECH[sound], -1, 1).astype(np.float32)
    assert segments(samples, mode) == []


@pytest.mark.speech
@pytest.mark.parametrize("gain", [1.0, 0.03])
def test_speech_is_inside_the_segments(gain: float) -> None:
    from load.decode import read_audio

    spoken = [r for r in recordings() if r.set == "librispeech_misc" and r.word_ends][:6]
    assert spoken
    inside = []
    for recording in spoken:
        found = segments(read_audio(recording.path, 16_000)[0] * np.float32(gain))
        inside += [
            any(start <= word_end * 1000 - 50 < end for start, end in found)
            for word_end in recording.word_ends
        ]
    assert inside.count(False) <= len(inside) // 50
