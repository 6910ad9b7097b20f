"""``server.py`` as it is, but its engine hears marked words and fails on request.

``/chaos`` beside the other routes tells how much the process holds (``GET``) and sets the engine's
next fault (``POST``, an object with ``kind``, ``count``, ``seconds``; ``{}`` ends it), or how far
the wall clock has jumped (``clock_s``).
``CHAOS_ENGINE`` in the environment is an object with ``delay_s`` and ``concurrency``, or with a
``model`` that decodes instead.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from streaming import serve
from streaming.app import create_app
from streaming.engine.base import Engine
from streaming.service import Service
from streaming.settings import EngineSettings
from tests.chaos.engine import ChaosEngine, Fault

_true_time = time.time
_asked: dict[str, Any] = json.loads(os.environ.get("CHAOS_ENGINE", "{}"))
_model = _asked.pop("model", None)
_engine = ChaosEngine(**_asked)


def _loader(settings: EngineSettings) -> Callable[[], list[Engine]]:
    return lambda: [_engine]


async def _chaos(request: Request) -> JSONResponse:
    if request.method == "POST":
        asked: dict[str, Any] = await request.json()
        if "clock_s" in asked:
            offset_s = asked["clock_s"]
            time.time = lambda: _true_time() + offset_s
            return JSONResponse({})
        _engine.strike(Fault(**asked) if asked else None)
        return JSONResponse({})
    gc.collect()
    service = request.app.state.service
    return JSONResponse({"tasks": len(asyncio.all_tasks()), "sessions": len(service.connections)})


def _app(service: Service) -> Starlette:
    app = create_app(service)
    app.state.service = service
    app.router.routes.append(Route("/chaos", _chaos, methods=["GET", "POST"]))
    return app


if __name__ == "__main__":
    if _model is None:
        serve.engine_loader = _loader
    else:
        sys.argv += ["--model", _model]
    serve.create_app = _app  # type: ignore[attr-defined]
    script = Path(__file__).parents[2] / "server.py"
    sys.argv[0] = str(script)
    runpy.run_path(str(script), run_name="__main__")
