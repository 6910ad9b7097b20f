"""The command line inside this process: the real one, but for a scripted engine."""

from __future__ import annotations

import json
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from streaming.cli import engine as engine_module
from streaming.cli import main
from streaming.decoding import DecodeRequest
from streaming.engine.fake import FakeEngine
from tests.protocol.sounds import encoded, silence, speech

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Result:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The JSON documents on standard output, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


Command = Callable[..., Result]
WriteWav = Callable[..., Path]


@pytest.fixture
def fake_engine() -> FakeEngine:
    """Hears ``w0 w1 …`` where it is loud."""
    return FakeEngine(concurrency=2)


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fake_engine: FakeEngine
) -> Command:
    """Runs ``wirescribe`` with arguments; synthetic speech needs the simple voice detector."""
    monkeypatch.setenv("WIRESCRIBE_VAD__MODE", "webrtc")
    monkeypatch.setattr(engine_module, "find_model", lambda *_: None)
    monkeypatch.setattr(engine_module, "loader", lambda *_: lambda: [fake_engine])

    def command(*arguments: str | Path) -> Result:
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as error:  # argparse
            status = error.code if isinstance(error.code, int) else 1
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return command


def asked(engine: FakeEngine) -> list[DecodeRequest]:
    """What was to be decoded, without the silence that warms an engine up."""
    return [request for batch in engine.batches for request in batch if request.audio.any()]


def utterances(*lengths_ms: int, pause_ms: int = 1_500) -> Samples:
    """Speech of these lengths, each followed by a pause that ends its segment."""
    parts = [part for ms in lengths_ms for part in (speech(ms), silence(pause_ms))]
    return np.concatenate(parts)


@pytest.fixture
def wav(tmp_path: Path) -> WriteWav:
    """Writes a WAV file of 16 kHz channels and returns its path."""

    def write(name: str, *channels: Samples) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        longest = max(map(len, channels))
        padded: Sequence[Samples] = [np.pad(c, (0, longest - len(c))) for c in channels]
        with wave.open(str(path), "wb") as file:
            file.setnchannels(len(channels))
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes(encoded(np.stack(padded, axis=1).reshape(-1)))
        return path

    return write
