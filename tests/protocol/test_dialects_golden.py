"""The recorded exchanges of the dialects hold, played through codec, session and engine alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from streaming.transports.codec import Codec
from tests.protocol.exchange import GOLDEN, Replay, golden_files, load
from tests.protocol.record import DIALECTS

EXCHANGES = [
    pytest.param(path, codec, id=f"{folder.name}-{path.stem}")
    for folder, codec in DIALECTS.items()
    if folder != GOLDEN  # the native ones have more to say: test_native_golden.py
    for path in golden_files(folder)
]


@pytest.mark.parametrize(("path", "codec"), EXCHANGES)
def test_played_again_nothing_has_changed(path: Path, codec: Callable[[], Codec]) -> None:
    lines = load(path)
    assert Replay(codec()).play(lines) == lines


@pytest.mark.parametrize("path", golden_files(GOLDEN / "vosk"), ids=lambda path: path.stem)
def test_vosk_has_one_reply_for_each_question(path: Path) -> None:
    lines = load(path)
    questions = [
        line
        for line in lines
        if "client_audio" in line
        or any(it in line.get("client_text", "") for it in ("eof", "reset"))
    ]
    replies = [line for line in lines if "server" in line]
    closed = next((line["closed"] for line in lines if "closed" in line), 1000)  # or hangs up
    last_words = closed != 1000 and len(questions) > 0  # of who is cut off
    assert len(replies) == len(questions) + last_words
