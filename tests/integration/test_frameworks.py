"""Frameworks with their own plug-ins for other vendors' services, set to this server's address.

They run where `python -m tests.sdk.frameworks` has made their environment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from streaming.auth.keys import digest_of, new_key
from tests.integration.harness import serving
from tests.protocol.sounds import spoken
from tests.sdk.frameworks import interpreter, run

SECRET = new_key()
SAID = "w0 w1 w2"
PACE = "5"


async def test_plug_ins_of_pipecat_and_livekit(tmp_path: Path) -> None:
    python = interpreter()
    if python is None:
        pytest.skip("pipecat and LiveKit are not installed: python -m tests.sdk.frameworks")
    recording = tmp_path / "a.pcm"
    recording.write_bytes(spoken(1_200, then_silent_ms=300))
    with serving(auth={"keys": (f"app:{digest_of(SECRET)}",)}) as server:
        told = (server.http, SECRET, str(recording), PACE)
        pipecat, livekit = await asyncio.gather(
            run(python, "pipecat_deepgram.py", *told),
            run(python, "livekit_stt.py", *told, "deepgram", "openai"),
        )
    assert not [line for line in pipecat if "error" in line]
    *_, final = pipecat
    assert final == {"final": SAID, "finalized": True}  # the answer to its Finalize
    assert any(SAID.startswith(line.get("interim", "-")) for line in pipecat)
    by_plugin = {
        name: [(line["type"], line["text"]) for line in livekit if line["plugin"] == name]
        for name in ("deepgram", "openai")
    }
    for lines in by_plugin.values():
        _is_a_turn(lines)
        assert lines[-1] == ("recognize", SAID)


def _is_a_turn(lines: Sequence[tuple[str, str]]) -> None:
    """One turn: it begins, words come while it lasts, it has one text, and it ends."""
    kinds = [kind for kind, _ in lines]
    assert kinds[0] == "start_of_speech"
    assert "interim_transcript" in kinds
    assert kinds.count("end_of_speech") == 1
    assert [text for kind, text in lines if kind == "final_transcript"] == [SAID]
