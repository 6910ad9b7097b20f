"""docs/api-python.md is what its generator writes; the README's client is a program that runs."""

from __future__ import annotations

import re

from scripts.client_reference import SECTIONS, TARGET, reference
from streaming import client
from tests.support.scripted import ScriptedSession, scripted_server_thread
from tests.support.server import ROOT


def test_the_page_is_as_its_generator_writes_it() -> None:
    written = TARGET.read_text(encoding="utf-8")
    assert written == reference(), "write it anew: python -m scripts.client_reference"


def test_everything_public_is_in_it_once() -> None:
    shown = [name for names in SECTIONS.values() for name in names]
    assert sorted(shown) == sorted(client.__all__)


def test_the_readmes_client_runs() -> None:
    """As it stands there, but for the address and with some sound."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", readme, re.S)
    assert program.count("ws://127.0.0.1:8000") == 1
    heard: list[ScriptedSession] = []
    told: list[str] = []

    async def script(session: ScriptedSession) -> None:
        heard.append(session)
        await session.begin()
        await session.until("end")
        final = {"segment": 0, "channel": 0, "start_ms": 0, "end_ms": 90, "text": "Hello."}
        await session.send({"type": "final", **final})
        await session.finish()

    with scripted_server_thread(script) as url:
        code = compile(program.replace("ws://127.0.0.1:8000", url), "README.md", "exec")
        exec(code, {"pcm": bytes(3200), "print": told.append})  # noqa: S102 - our own
    assert told == ["Hello."]
    assert bytes(heard[0].audio) == bytes(3200)
