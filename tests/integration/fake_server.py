"""``server.py`` as it is, but for the model: the shipped fake engine decodes.

``FAKE_ENGINE`` in the environment is a JSON object: ``delay_s`` (for each stretch of sound),
``load_s`` (how long loading takes), ``fail`` (a message: loading fails with it) and ``broken`` (a
text: sound is heard as it, in a hypothesis that no session can digest).
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

from streaming import serve
from streaming.decoding import DecodeRequest, Hypothesis, Word
from streaming.engine.base import Engine
from streaming.engine.fake import FakeEngine, Script, count_words
from streaming.errors import ModelUnavailable
from streaming.settings import EngineSettings


def slowly(delay_s: float, broken: str | None) -> Script:
    """Takes its time for sound; the warm-up's silence is answered at once."""

    def script(request: DecodeRequest) -> Hypothesis:
        if request.audio.any():
            time.sleep(delay_s)
            if broken is not None:
                return Hypothesis(broken, cast(tuple[Word, ...], None), "en", 1.0)
        return count_words(request)

    return script


def fake_loader(settings: EngineSettings) -> Callable[[], list[Engine]]:
    asked = json.loads(os.environ.get("FAKE_ENGINE", "{}"))

    def load() -> list[Engine]:
        time.sleep(asked.get("load_s", 0))
        if "fail" in asked:
            raise ModelUnavailable(asked["fail"])
        return [FakeEngine(slowly(asked.get("delay_s", 0), asked.get("broken")))]

    return load


if __name__ == "__main__":
    serve.engine_loader = fake_loader
    script = Path(__file__).parents[2] / "server.py"
    sys.argv[0] = str(script)
    runpy.run_path(str(script), run_name="__main__")
