from __future__ import annotations

import os
from pathlib import Path

from load.peers.contender import contenders


def test_ours_comes_first_and_needs_no_environment(tmp_path: Path) -> None:
    known = contenders()
    assert list(known) == ["wirescribe", "whisperlive", "whisperlivekit", "whisperlivekit-la"]
    assert known["wirescribe"].environment(tmp_path) is None
    assert known["wirescribe"].versions().keys() == {"wirescribe"}


def test_peers_come_from_pinned_lists_and_name_what_decodes(tmp_path: Path) -> None:
    for name in ("whisperlive", "whisperlivekit", "whisperlivekit-la"):
        peer = contenders()[name]
        environment = peer.environment(tmp_path)
        assert environment is not None
        assert environment.folder.parent == tmp_path
        versions = peer.versions()
        assert {"faster-whisper", "ctranslate2"} < versions.keys()
        assert len(versions) == 3


def test_nobody_asks_a_hub_and_every_peer_has_all_cpus() -> None:
    cpus = str(len(os.sched_getaffinity(0)))
    for name, one in contenders().items():
        launch = one.launch(Path("py"), Path("model"))
        assert launch.environment["HF_HUB_OFFLINE"] == "1"
        assert str(launch.port) in launch.command
        assert launch.environment.get("OMP_NUM_THREADS") == (None if name == "wirescribe" else cpus)


def test_further_arguments_end_up_in_the_command() -> None:
    peer = contenders()["whisperlivekit"].with_extra(["--buffer_trimming_sec", "8"])
    assert list(peer.launch(Path("py"), Path("m")).command)[-2:] == ["--buffer_trimming_sec", "8"]


def test_both_policies_of_one_peer_share_an_environment(tmp_path: Path) -> None:
    folders = {
        environment.folder
        for name in ("whisperlivekit", "whisperlivekit-la")
        if (environment := contenders()[name].environment(tmp_path)) is not None
    }
    assert len(folders) == 1
