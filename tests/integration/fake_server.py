"""``server.py`` as it is, but for the model: the shipped fake engine decodes.

``FAKE_ENGINE`` in the environment is a JSON object: ``delay_s`` (for each stretch of sound),
``load_s`` (how long loading takes), ``fail`` (a message: loading fails with it), ``broken`` (a
text: no session can digest what is heard, which is this), ``marks`` (words are those that the
sound is marked with), ``hangs`` (of so many engines in a row, each hangs at sound) and ``stop_s``
(how long the server waits at its end for what is being decoded).
"""

from __future__ import annotations

import itertools
import json
import os
import runpy
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from streaming import serve
from streaming.decoding import DecodeRequest, Hypothesis
from streaming.engine.base import Engine
from streaming.engine.fake import FakeEngine, Script, count_words
from streaming.errors import ModelUnavailable
from streaming.session import Session
from streaming.settings import EngineSettings
from tests.support.marked import read_marks

_loaded = itertools.count()


def scripted(asked: Mapping[str, Any], number: int) -> Script:
    """Takes its time for sound; the warm-up's silence is answered at once."""
    hear = read_marks if asked.get("marks") else count_words

    def script(request: DecodeRequest) -> Hypothesis:
        if request.audio.any():
            time.sleep(3_600 if number < asked.get("hangs", 0) else asked.get("delay_s", 0))
        return hear(request)

    return script


def fake_loader(settings: EngineSettings) -> Callable[[], list[Engine]]:
    asked = json.loads(os.environ.get("FAKE_ENGINE", "{}"))
    if "broken" in asked:

        def work_done(*_: object) -> NoReturn:
            said = asked["broken"]  # stands in the frame that the log tells of
            raise LookupError(len(said))

        Session.work_done = work_done  # type: ignore[assignment, method-assign]

    serve._STOP_S = asked.get("stop_s", serve._STOP_S)

    def load() -> list[Engine]:
        time.sleep(asked.get("load_s", 0))
        if "fail" in asked:
            raise ModelUnavailable(asked["fail"])
        return [FakeEngine(scripted(asked, next(_loaded)))]

    return load


if __name__ == "__main__":
    serve.engine_loader = fake_loader
    script = Path(__file__).parents[2] / "server.py"
    sys.argv[0] = str(script)
    runpy.run_path(str(script), run_name="__main__")
