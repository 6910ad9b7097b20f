"""The recorded exchanges of OpenAI's dialect hold, and are events to OpenAI's own package."""

from __future__ import annotations

from pathlib import Path

import pytest
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from tests.protocol.exchange import load
from tests.protocol.openai_exchange import exchanges, replayed

EXCHANGES = pytest.mark.parametrize("path", exchanges(), ids=lambda path: path.stem)


@EXCHANGES
def test_replayed(path: Path) -> None:
    lines = load(path)
    assert replayed(lines) == lines


@pytest.mark.parametrize(
    "path", [path for path in exchanges() if "beta" not in path.stem], ids=lambda path: path.stem
)
def test_every_event_is_one_of_the_package(path: Path) -> None:
    """Strictly, by its types; while it runs, the package itself is lenient."""
    adapter: TypeAdapter[object] = TypeAdapter(RealtimeServerEvent)
    for line in load(path):
        if "server" in line:
            adapter.validate_python(line["server"])
