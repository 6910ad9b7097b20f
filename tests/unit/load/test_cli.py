from __future__ import annotations

import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from load.cli import main
from load.decode import Samples
from load.offline import Decoding, decode_programmes, summarise
from load.programme import continuous, single
from load.report import add_ratios, offline_report, read_report
from load.run import Plan, RunError
from load.wire import WireFormat
from streaming.client import Options
from tests.support.scripted import ScriptedSession, scripted_server_thread


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    rows = []
    for name, text in (("one.wav", "hello there"), ("two.wav", "good bye"), ("hum.wav", None)):
        with wave.open(str(tmp_path / name), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            file.writeframes(np.zeros(4800, "<i2").tobytes())
        row: dict[str, object] = {
            "file": name,
            "set": "made",
            "language": "en",
            "text": text,
            "duration_s": 0.3,
        }
        if text is None:
            row |= {"set": "nonspeech", "language": None}
        else:
            row["word_ends"] = [0.1, 0.2]
        rows.append(json.dumps(row))
    path = tmp_path / "manifest.jsonl"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


async def hears_hello(session: ScriptedSession) -> None:
    await session.begin()
    await session.until("end")
    words = [
        {"text": "Hello", "start_ms": 0, "end_ms": 100, "confidence": 1.0},
        {"text": "there.", "start_ms": 100, "end_ms": 200, "confidence": 1.0},
    ]
    final = {"segment": 0, "channel": 0, "start_ms": 0, "end_ms": 300, "text": "Hello there."}
    await session.send({"type": "final", **final, "reason": "end", "words": words})
    await session.finish(segments=1, words=2)


async def refuses(session: ScriptedSession) -> None:
    await session.socket.recv()
    await session.send({"type": "error", "code": "overloaded", "message": "no room"})
    await session.socket.close(1013)


def run_arguments(manifest: Path, url: str, *more: str) -> list[str]:
    return ["run", "--manifest", str(manifest), "--url", url, "--phase", "0", *more]


def test_a_run_is_scored_and_reported(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "reports" / "run.json"
    with scripted_server_thread(hears_hello) as url:
        code = main(run_arguments(manifest, url, "--streams", "3", "--json", str(out)))
    assert code == 0
    report = read_report(out)
    summary = report["summary"]
    assert (summary["sessions"], summary["failed"], summary["lost_s"]) == (3, 0, 0)
    (rate,) = summary["rates"]
    # "hello there" is right, "good bye" became "hello there".
    assert (rate["language"], rate["count"]["hits"], rate["count"]["substitutions"]) == ("en", 2, 2)
    assert summary["invented_words"] == 2
    assert {stream["name"] for stream in report["streams"]} == {"one.wav", "two.wav", "hum.wav"}
    assert report["command"][:4] == ["python", "-m", "load", "run"]
    shown = capsys.readouterr().out
    assert "50.0 % (2s 0d 0i / 4 words)" in shown
    assert main(["report", str(out), str(out)]) == 0
    assert capsys.readouterr().out.count("3 × files") == 2


def test_failed_sessions_fail_the_run(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with scripted_server_thread(refuses) as url:
        code = main(run_arguments(manifest, url, "--set", "made", "--mode", "continuous"))
    assert code == 1
    assert "overloaded ×1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--url", "ws://192.0.2.1:8000"], "only a server on this machine"),
        (["--set", "nowhere"], "no recording matches"),
        (["--streams", "0"], "layout.streams: 0 is not at least 1"),
        (["--speed", "0"], "pace.speed: 0.0 is not at least 0.01"),
        (["--url", "localhost"], "url: expected ws://"),
    ],
)
def test_what_cannot_be_run_says_why(
    manifest: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--manifest", str(manifest), *arguments]) == 2
    assert says in capsys.readouterr().err


def test_a_missing_manifest_and_a_strange_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--manifest", str(tmp_path / "none.jsonl")]) == 2
    strange = tmp_path / "strange.json"
    strange.write_text("{}", encoding="utf-8")
    assert main(["report", str(strange)]) == 2
    assert "not a report" in capsys.readouterr().err


def test_only_loopback_is_measured() -> None:
    with pytest.raises(RunError, match="only a server on this machine"):
        Plan(url="ws://example.org", programmes=(), options=Options(), at_once=1)


class ParrotTranscriber:
    """Says the same, whatever it hears."""

    def transcribe(self, samples: Samples, language: str | None, decoding: Decoding) -> list[str]:
        assert samples.dtype == np.float32
        return ["hello there"] if decoding.beam_size == 1 else ["hello", "bye"]


def test_streamed_is_held_against_offline(manifest: Path) -> None:
    from load.manifest import Selection, read_manifest

    spoken = Selection(sets=frozenset({"made"})).choose(read_manifest(manifest))
    decodings = [Decoding(1), Decoding(5)]
    programmes = [single(recording, WireFormat()) for recording in spoken]
    texts = list(decode_programmes(ParrotTranscriber(), programmes, decodings))
    offline = offline_report(texts, command=["x"], label="parrot")
    pooled = {(row["decoding"], row["set"]): row["rate"] for row in summarise(texts)}
    assert pooled["greedy", "all sets"] == pytest.approx(2 / 4)
    assert pooled["beam5", "all sets"] == pytest.approx(2 / 4)

    stream: dict[str, Any] = {
        "name": "stream-0",
        "files": ["one.wav", "one.wav", "two.wav"],
        "language": "en",
        "speech": True,
        "errors": {"tokens": 6, "substitutions": 1, "deletions": 1, "insertions": 1},
    }
    run: dict[str, Any] = {"streams": [stream, stream | {"speech": False}]}
    add_ratios(run, offline)
    # one.wav is right in greedy and half right in beam5, and was played twice.
    found = run["offline"]["en"]
    assert found["greedy"] == {"rate": pytest.approx(2 / 6), "ratio": pytest.approx(3 / 2)}
    assert found["beam5"] == {"rate": pytest.approx(3 / 6), "ratio": pytest.approx(1)}

    (whole,) = continuous(spoken, WireFormat(), streams=1, seconds=None, gap_s=0.1, seed=1)
    texts = list(decode_programmes(ParrotTranscriber(), [whole], decodings[:1]))
    stream["files"] = [utterance.file for utterance in whole.utterances]
    add_ratios(run, offline_report(texts, command=["x"], label="parrot"))
    assert run["offline"]["en"]["greedy"]["rate"] == pytest.approx(2 / 4)
