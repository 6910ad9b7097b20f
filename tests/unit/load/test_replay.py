"""Long sessions: a short form of the six hours, and that the checks would notice."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from load.manifest import Recording
from load.recorded import RecordedCommands
from load.replay import Lap, Looped, Replay, add_command, replay, text
from streaming.audio.framing import to_int16
from streaming.decoding import DecodeRequest
from streaming.options import SessionConfig
from streaming.session import Session
from tests.support.voices import LOUD, SILENT, LoudnessDetector, frames

MINUTE = 60 * 16_000


def session(config: SessionConfig) -> Session:
    return Session(config, detector=LoudnessDetector)


def talk(seconds: int = 61) -> npt.NDArray[np.int16]:
    """Sentences of 4 s and pauses of 1.2 s, in noise that makes every sample another one."""
    frame_count = seconds * 50
    spoken = frames(LOUD if at % 260 < 200 else SILENT for at in range(frame_count))
    noise = np.random.default_rng(3).uniform(0.2, 1.0, len(spoken)).astype(np.float32)
    return to_int16(spoken * noise)


def run(samples: int, make: Callable[[SessionConfig], Session] = session, **options: int) -> Replay:
    options = {"lap_samples": 4 * MINUTE, **options}
    *_, last = replay(talk(), samples, **options, make=make)
    return last


def test_twenty_minutes_neither_grow_nor_drift() -> None:
    it = run(20 * MINUTE + 7_777)
    assert it.wrong == []
    assert [round(lap.audio_s) for lap in it.laps] == [240] * 5 + [0]
    assert it.checked > 2_000
    # Every lap has as much in it as the next: nothing is lost as time goes on.
    assert {lap.finals for lap in it.laps[:5]} <= {42, 43, 44}
    assert min(lap.partials for lap in it.laps[:5]) > 300
    # Of 32 s of samples it would hold 2 MiB; a lap's audio is 7 MiB.
    assert it.growth_mib < 2.0
    assert it.laps[0].cpu_ms_per_audio_s > 0
    assert it.laps[0].chunk_p99_ms > 0


@pytest.mark.parametrize("chunk", [320, 777, 16_000])
def test_positions_are_exact_however_the_sound_is_cut(chunk: int) -> None:
    it = run(2 * MINUTE, chunk_samples=chunk, lap_samples=MINUTE)
    assert it.wrong == []
    assert it.checked > 50
    assert sum(lap.finals for lap in it.laps) in range(20, 27)


class OffByOne(Session):
    """Says of its audio that it begins one sample later than it does."""

    def work(self):  # type: ignore[no-untyped-def]
        import dataclasses

        for request in super().work():
            late: DecodeRequest = dataclasses.replace(
                request, start_sample=request.start_sample + 1
            )
            yield late


def test_a_position_off_by_one_is_noticed() -> None:
    it = run(MINUTE // 2, make=lambda config: OffByOne(config, detector=LoudnessDetector))
    assert len(it.wrong) == it.checked > 10
    assert "its audio is not that of samples" in it.misses[0]


class Deaf(Session):
    """Loses a message now and then."""

    count = 0

    def receive_audio(self, data):  # type: ignore[no-untyped-def]
        self.count += 1
        return [] if self.count == 150 else super().receive_audio(data)


def test_audio_that_got_lost_is_noticed() -> None:
    it = run(MINUTE, make=lambda config: Deaf(config, detector=LoudnessDetector))
    assert any("59900 ms received, 960000 samples sent" in wrong for wrong in it.wrong)
    assert any("ended at 59900 ms" in wrong for wrong in it.wrong)


def test_what_goes_round_has_positions_of_its_own() -> None:
    source = Looped(np.arange(10, dtype=np.int16))
    assert source.read(8, 23).tolist() == [8, 9, *range(10), 0, 1, 2]
    with pytest.raises(ValueError, match="nothing to replay"):
        Looped(np.zeros(0, np.int16))


def laps(*figures: tuple[float, float]) -> Replay:
    return Replay(
        [
            Lap(audio_s=900, cpu_s=0.9 * cost, rss_mib=mib, finals=1, words=2)
            for cost, mib in figures
        ]
    )


def test_memory_is_that_of_most_of_a_lap_not_of_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([100.0, 101.4, 100.0, 100.2, 101.4, 101.4])
    monkeypatch.setattr("load.replay.resident_mib", lambda: next(seen))
    it = run(6 * MINUTE, lap_samples=3 * MINUTE)
    assert [lap.rss_mib for lap in it.laps] == [100.0, 101.4]
    assert next(seen, None) is None


def test_growth_and_slowing_down_are_missed_targets() -> None:
    flat = laps((4, 90), (5, 100), (4, 100.5), (4, 100.2), (9, 100.4), (4.1, 100.3))
    assert flat.misses == []
    assert flat.growth_mib == pytest.approx(0.3)
    assert flat.slowdown == pytest.approx(1.025)
    growing = laps((4, 90), (4, 100), (4, 101), (4, 102), (4, 103))
    assert growing.growth_mib_per_hour == pytest.approx(4)
    assert growing.misses == ["memory grew by 3.0 MiB"]
    slowing = laps((4, 100), (4, 100), (4, 100), (5, 100), (6, 100), (7, 100))
    assert slowing.misses == ["the end cost 1.50 times what the beginning did"]
    assert text(slowing).splitlines()[-1].startswith("MISSED: the end cost")


def test_the_command_prints_laps_and_writes_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import wave

    path = tmp_path / "talk.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(talk(12).tobytes())
    recording = Recording(path, "talk", "a", "en", "read", ("x",), (), 12.0)
    parser = argparse.ArgumentParser()
    add_command(RecordedCommands(parser.add_subparsers(), lambda _: None, lambda _: [recording]))
    out = tmp_path / "figures.json"
    arguments = parser.parse_args(["replay", "--hours", "0.01", "--lap", "20", "--json", str(out)])
    arguments.call(arguments, ["python", "-m", "load", "replay"])
    figures = json.loads(out.read_text(encoding="utf-8"))
    assert [lap["audio_s"] for lap in figures["laps"]] == [20, 16]
    assert figures["misses"] == [] or "cost" in figures["misses"][0]
    assert "requests hold the samples they name" in capsys.readouterr().out
    arguments = parser.parse_args(["replay", "--hours", "0"])
    with pytest.raises(ValueError, match="must be positive"):
        arguments.call(arguments, [])
