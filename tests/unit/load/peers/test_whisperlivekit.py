from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from load.peers.dialect import Refused
from load.peers.display import Display
from load.peers.whisperlivekit import (
    LAUNCHER,
    WhisperLiveKit,
    local_agreement,
    simul_streaming,
)
from tests.unit.load.peers.scripted_peers import state

Command = Callable[[Path, int, Path, Sequence[str]], list[str]]


def test_the_language_is_asked_for_in_the_address() -> None:
    assert WhisperLiveKit("de").path == "/asr?language=de"
    assert WhisperLiveKit(None).path == "/asr"


def test_ready_and_over() -> None:
    ours = WhisperLiveKit("en")
    assert ours.is_ready({"type": "config", "useAudioWorklet": True, "mode": "full"})
    assert not ours.is_ready(state("", ""))
    assert not ours.is_over(state("", ""))
    assert ours.is_over({"type": "ready_to_stop"})
    assert ours.take({"type": "ready_to_stop"}, 1.0) is None


def test_lines_are_promised_and_the_buffer_is_tentative() -> None:
    shown = WhisperLiveKit("en").take(state("One two", "three"), 2.0)
    assert shown == Display(2.0, promised="One two", tentative="three")


def test_silence_and_empty_lines_say_nothing() -> None:
    message = state("", "")
    message["lines"] = [
        {"speaker": -2, "text": "quiet", "start": "0:00:00.00", "end": "0:00:06.00"},
        {"speaker": 1, "text": None, "start": "0:00:06.00", "end": "0:00:07.00"},
        {"speaker": 1, "text": " One.", "start": "0:00:07.00", "end": "0:00:08.00"},
        {"speaker": 1, "text": " Two.", "start": "0:00:08.00", "end": "0:00:09.00"},
    ]
    assert WhisperLiveKit("en").take(message, 9.0) == Display(9.0, promised="One. Two.")


@pytest.mark.parametrize(
    "message",
    [{"type": "error", "error": "no such language"}, state("", "") | {"error": "FFmpeg failed"}],
)
def test_an_error_refuses(message: dict[str, object]) -> None:
    with pytest.raises(Refused):
        WhisperLiveKit("en").take(message, 1.0)
    with pytest.raises(Refused):
        WhisperLiveKit("en").is_ready(message)


def pairs(built: list[str]) -> dict[str, str]:
    return dict(pairwise(built))


@pytest.mark.parametrize("command", [local_agreement, simul_streaming])
def test_both_policies_listen_on_loopback_and_download_nothing(command: Command) -> None:
    built = command(Path("py"), 4000, Path("model"), ["--asr-coalesce-min-s", "1"])
    given = pairs(built)
    assert built[0] == "py"
    assert (given["--host"], given["--port"]) == ("127.0.0.1", "4000")
    assert given["--warmup-file"] == ""
    assert "--pcm-input" in built
    assert built[-2:] == ["--asr-coalesce-min-s", "1"]


def test_each_policy_has_its_own_weights() -> None:
    agreement = local_agreement(Path("py"), 4000, Path("model"), [])
    assert agreement[1:3] == ["-m", "whisperlivekit.basic_server"]
    assert pairs(agreement)["--model_dir"] == "model"
    assert pairs(agreement)["--backend-policy"] == "localagreement"
    simul = simul_streaming(Path("py"), 4000, Path("model"), [])
    assert simul[1] == str(LAUNCHER)
    assert LAUNCHER.is_file()
    assert pairs(simul)["--ct2-model-dir"] == "model"
    assert pairs(simul)["--backend-policy"] == "simulstreaming"
