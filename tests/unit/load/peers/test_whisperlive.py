from __future__ import annotations

import json
from pathlib import Path

import pytest

from load.peers.dialect import Refused
from load.peers.display import Display
from load.peers.whisperlive import LAUNCHER, WhisperLive, command
from tests.unit.load.peers.scripted_peers import segment


def session() -> WhisperLive:
    return WhisperLive("en", uid="u")


def segments(*found: dict[str, object]) -> dict[str, object]:
    return {"uid": "u", "segments": list(found)}


def test_it_asks_for_what_the_peers_own_client_asks_for() -> None:
    hello = json.loads(session().greeting or "")
    assert hello["language"] == "en"
    assert hello["use_vad"] is True
    assert (hello["send_last_n_segments"], hello["same_output_threshold"]) == (10, 10)
    assert hello["audio_format"] == "int16"


def test_ready_refused_and_over() -> None:
    ours = session()
    assert not ours.is_ready({"uid": "u", "language": "en", "language_prob": 0.9})
    assert ours.is_ready({"uid": "u", "message": "SERVER_READY", "backend": "faster_whisper"})
    assert not ours.is_over(segments())
    assert ours.is_over({"uid": "u", "message": "DISCONNECT"})
    with pytest.raises(Refused, match=r"WAIT: 9\.5"):
        ours.is_ready({"uid": "u", "status": "WAIT", "message": 9.5})
    with pytest.raises(Refused, match="Failed to load model"):
        ours.take({"uid": "u", "status": "ERROR", "message": "Failed to load model: x"}, 1.0)


def test_a_warning_is_no_refusal() -> None:
    assert session().take({"uid": "u", "status": "WARNING", "message": "slow"}, 1.0) is None


def test_the_open_segment_is_tentative_and_replaced() -> None:
    ours = session()
    first = ours.take(segments(segment(0.1, 1.0, "the male", False)), 1.0)
    second = ours.take(segments(segment(0.1, 2.0, "The mill stands", False)), 2.0)
    assert first == Display(1.0, tentative="the male")
    assert second == Display(2.0, tentative="The mill stands")


def test_completed_segments_are_final_and_kept_when_the_server_no_longer_sends_them() -> None:
    ours = session()
    ours.take(segments(segment(0.0, 2.0, "One.", True), segment(2.0, 3.0, "two", False)), 3.0)
    ours.take(segments(segment(0.0, 2.0, "One.", True), segment(2.0, 4.0, "Two.", True)), 4.0)
    shown = ours.take(
        segments(segment(2.0, 4.0, "Two.", True), segment(4.0, 5.0, "three", False)), 5.0
    )
    assert shown == Display(5.0, final="One. Two.", tentative="three")


def test_a_completed_segment_that_lies_before_the_known_ones_is_not_added() -> None:
    ours = session()
    ours.take(segments(segment(0.0, 2.0, "One.", True)), 3.0)
    shown = ours.take(segments(segment(1.0, 2.5, "one again", True)), 4.0)
    assert shown == Display(4.0, final="One.")


def test_an_open_segment_stands_until_completed_ones_have_passed_it() -> None:
    ours = session()
    done = segment(0.0, 2.0, "One.", True)
    ours.take(segments(done, segment(2.0, 3.0, "two", False)), 3.0)
    without = ours.take(segments(done), 4.0)
    assert without == Display(4.0, final="One.", tentative="two")
    passed = ours.take(segments(done, segment(2.0, 4.0, "Two.", True)), 5.0)
    assert passed == Display(5.0, final="One. Two.")


def test_it_waits_as_long_as_the_peers_own_client() -> None:
    assert session().patience_s == 15.0


def test_the_command_starts_the_launcher_with_its_own_python() -> None:
    built = command(Path("py"), 4000, Path("model"), ["--batch-inference"])
    expected = ["--port", "4000", "--model-dir", "model", "--batch-inference"]
    assert built == ["py", str(LAUNCHER), *expected]
    assert LAUNCHER.is_file()
