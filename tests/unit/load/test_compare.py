from __future__ import annotations

import json
import sys
import wave
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from load import compare
from load.cli import main
from load.clock import MonotonicClock
from load.compare import Comparison, chosen, compare_report, execute, order
from load.peers import bout
from load.peers.bout import Pace
from load.peers.contender import Contender, contenders
from load.peers.page import compare_page
from load.peers.table import compare_table
from load.programme import Programme, Utterance
from load.wire import WireFormat
from tests.unit.load.peers.scripted_peers import SENTENCE

SCRIPTED = Path(__file__).parent / "peers" / "scripted_peers.py"
ROOT = Path(__file__).parents[3]
FAKE_OURS = ROOT / "tests" / "integration" / "fake_server.py"
WORDS = tuple(SENTENCE.split()[:6])
Command = Callable[[Path, int, Path, Sequence[str]], list[str]]


def speech(name: str = "s") -> Programme:
    ends = tuple(0.4 + 0.5 * index for index in range(6))
    said = Utterance("a.wav", "s", 0, 0.0, 3.2, " ".join(WORDS), WORDS, ends)
    # Noise, which the gate before our fake engine takes for speech.
    samples = np.random.default_rng(1).normal(0.0, 0.1, (1, 51200)).astype(np.float32)
    return Programme(name, WireFormat(), samples, (said,), "en")


def runs_script(kind: str) -> Command:
    return lambda python, port, model, extra: [
        *(sys.executable, str(SCRIPTED), kind, "--port", str(port)),
        *extra,
    ]


def scripted_contender(name: str, kind: str | None = None) -> Contender:
    return replace(
        contenders()[name], command=runs_script(kind or name), requirements=None, variables=()
    )


def ours_with_a_fake_engine() -> Contender:
    return replace(
        contenders()["wirescribe"],
        command=lambda python, port, model, extra: [
            *(sys.executable, str(FAKE_OURS), "--port", str(port)),
            *extra,
        ],
        variables=(("WIRESCRIBE_VAD__MODE", "webrtc"), ("PYTHONPATH", str(ROOT))),
    )


def comparison(*some: Contender, rounds: int = 1, streams: Sequence[int] = (2,)) -> Comparison:
    return Comparison(
        contenders=some,
        programmes={many: tuple(speech(f"s{i}") for i in range(many)) for many in streams},
        model_dir=Path("models/some-model"),
        cache=Path("nowhere"),
        rounds=rounds,
        pace=Pace(speed=8.0, phase_s=0.0, drain_s=20.0),
    )


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses between steps are for servers that hold models; ours hold none."""
    monkeypatch.setattr(compare, "_REST_S", 0.0)
    monkeypatch.setattr(bout, "_LEAD_S", 0.2)
    monkeypatch.setattr(bout, "_LOOK_S", 0.1)


def reported(given: Comparison) -> dict[str, Any]:
    cells = execute(given, MonotonicClock(), lambda said: None)
    report = compare_report(given, cells, command=["python", "-m", "load"], label="scripted")
    loaded: dict[str, Any] = json.loads(json.dumps(report))
    return loaded


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The peer's client waits 15 s for text that may still come; the scripted one has none."""
    from load.peers import whisperlive

    original = whisperlive.WhisperLive.__init__

    def brief(self: Any, language: str | None, *, uid: str, patience_s: float = 0.3) -> None:
        original(self, language, uid=uid, patience_s=patience_s)

    monkeypatch.setattr(whisperlive.WhisperLive, "__init__", brief)


@pytest.mark.usefixtures("impatient")
def test_servers_are_started_played_and_scored_alike() -> None:
    broken = replace(
        scripted_contender("whisperlivekit"),
        name="broken",
        label="Broken",
        command=lambda *_: [sys.executable, "-c", "raise SystemExit('no model')"],
    )
    live, kit = scripted_contender("whisperlive"), scripted_contender("whisperlivekit")
    report = reported(comparison(live, kit, broken))
    cells = {cell["contender"]: cell for cell in report["cells"]}
    for name in ("whisperlive", "whisperlivekit"):
        figures = cells[name]["figures"]
        assert (figures["sessions"], figures["failed"]) == (2, 0)
        assert figures["errors"] == {
            "tokens": 12,
            "hits": 12,
            "substitutions": 0,
            "deletions": 0,
            "insertions": 0,
        }
        assert (figures["coverage"], figures["lost_words"]) == (1.0, 0)
        assert figures["first_shown"]["count"] == 12
        assert figures["peak_rss_mib"] > 0
        assert figures["promised_taken_back"] == 0
    assert cells["whisperlive"]["figures"]["final"]["count"] == 12
    assert cells["whisperlivekit"]["figures"]["final"] is None
    assert cells["broken"]["figures"] is None
    assert "exited with 1: no model" in cells["broken"]["failures"][0]

    said = compare_table(report)
    assert "2 streams, p50 / p95" in said
    assert "Broken" in said
    assert "no model" in said
    page = compare_page(report)
    assert page.count("<svg") == 5
    assert "SimulStreaming" in page
    assert "no model" in page


def test_our_own_server_is_one_of_them() -> None:
    report = reported(comparison(ours_with_a_fake_engine()))
    (cell,) = report["cells"]
    assert cell["failures"] == []
    assert (cell["figures"]["sessions"], cell["figures"]["failed"]) == (2, 0)
    assert all(session["text"] for session in cell["sessions"])
    assert report["contenders"][0]["versions"].keys() == {"wirescribe"}


@pytest.mark.usefixtures("impatient")
def test_a_peer_that_takes_nobody_is_a_result() -> None:
    report = reported(comparison(scripted_contender("whisperlive", "full")))
    (cell,) = report["cells"]
    assert cell["failures"] == []
    assert cell["figures"]["failures"] == {"refused": 2}
    assert cell["figures"]["lost_words"] == 12
    assert "2 (refused ×2)" in compare_table(report)


def test_a_program_that_is_not_there_is_a_result() -> None:
    gone = replace(
        scripted_contender("whisperlivekit"),
        command=lambda *_: [str(ROOT / "no" / "such" / "file")],
    )
    (cell,) = reported(comparison(gone))["cells"]
    assert "No such file" in cell["failures"][0]


def test_a_peer_without_an_environment_is_a_result(tmp_path: Path) -> None:
    pins = tmp_path / "pins.txt"
    pins.write_text("x==1\n", encoding="utf-8")
    peer = replace(scripted_contender("whisperlive"), requirements=pins)
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the folder should be", encoding="utf-8")
    given = replace(comparison(peer, rounds=2), cache=blocked)
    report = reported(given)
    (cell,) = report["cells"]
    assert len(cell["failures"]) == 2
    assert cell["figures"] is None


def test_rounds_are_interleaved_and_begin_with_another_server_each() -> None:
    one, two = contenders()["wirescribe"], contenders()["whisperlive"]
    found = [(n, s, c.name) for n, s, c in order(comparison(one, two, rounds=2, streams=(1, 2)))]
    assert found == [
        (0, 1, "wirescribe"),
        (0, 1, "whisperlive"),
        (0, 2, "wirescribe"),
        (0, 2, "whisperlive"),
        (1, 1, "whisperlive"),
        (1, 1, "wirescribe"),
        (1, 2, "whisperlive"),
        (1, 2, "wirescribe"),
    ]


def test_the_report_names_no_folder_of_the_machine() -> None:
    given = comparison(scripted_contender("whisperlivekit"), streams=(1,))
    report = reported(given)
    assert report["model"] == "some-model"
    assert str(Path.home()) not in json.dumps(report["contenders"])


def test_further_arguments_are_given_by_name() -> None:
    some = chosen(["wirescribe", "whisperlivekit"], ["whisperlivekit=--asr-coalesce-min-s 1"])
    assert some[1].extra == ("--asr-coalesce-min-s", "1")
    for wrong in ("whisperlive=--x", "whisperlivekit"):
        with pytest.raises(ValueError, match="expected NAME=ARGUMENTS"):
            chosen(["wirescribe", "whisperlivekit"], [wrong])


def manifest(folder: Path) -> Path:
    with wave.open(str(folder / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((speech().samples[0] * 32767).astype("<i2").tobytes())
    row = {"file": "a.wav", "set": "made", "language": "en", "duration_s": 3.2}
    row |= {"text": " ".join(WORDS), "word_ends": [0.4 + 0.5 * index for index in range(6)]}
    path = folder / "manifest.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    return path


def test_the_command_line_writes_the_report_and_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = {
        "wirescribe": ours_with_a_fake_engine(),
        "whisperlivekit": scripted_contender("whisperlivekit"),
    }
    monkeypatch.setattr(compare, "contenders", lambda: known)
    monkeypatch.setattr(compare, "Pace", partial(Pace, speed=8.0))
    (tmp_path / "model.bin").write_bytes(b"")
    out, page = tmp_path / "out" / "c.json", tmp_path / "out" / "c.html"
    code = main(
        [
            *("compare", "--manifest", str(manifest(tmp_path)), "--model-dir", str(tmp_path)),
            *("--streams", "1", "--seconds", "2", "--phase", "0"),
            *("--json", str(out), "--html", str(page), "--label", "made up"),
            *("--markdown", str(tmp_path / "c.md")),
        ]
    )
    assert code == 0
    report = json.loads(out.read_text(encoding="utf-8"))
    assert report["schema"] == compare.COMPARE_SCHEMA
    assert [one["name"] for one in report["contenders"]] == ["wirescribe", "whisperlivekit"]
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    head, rule, *lines = (tmp_path / "c.md").read_text(encoding="utf-8").splitlines()
    assert head.count("|") == rule.count("|") == 11
    assert [line.count("|") for line in lines] == [11, 11]
    assert "word first shown" in capsys.readouterr().out


def test_a_folder_without_a_model_is_refused_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["compare", "--manifest", str(manifest(tmp_path)), "--model-dir", str(tmp_path)]
    assert main(given) == 2
    assert "no model.bin" in capsys.readouterr().err


@pytest.mark.usefixtures("impatient")
def test_a_failed_warm_up_is_told() -> None:
    report = reported(comparison(scripted_contender("whisperlive", "full"), streams=(1,)))
    assert report["cells"][0]["warm_up_failures"] == ["WAIT: 9.5"]
    assert "warming up: WAIT: 9.5" in compare_table(report)
