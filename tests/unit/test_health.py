"""The probes, state by state, without a server around them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from streaming import __version__
from streaming.engine.base import EngineInfo
from streaming.engine_room import EngineRoom
from streaming.health import Health
from streaming.lifecycle import Life
from streaming.metrics import Metrics
from streaming.service import Service
from streaming.settings import EngineSettings, Settings

ROUTE = {
    Life.STARTING: [],
    Life.READY: [Life.READY],
    Life.DRAINING: [Life.READY, Life.DRAINING],
    Life.STOPPED: [Life.STOPPED],
}


class Room(EngineRoom):
    """Engines of which the test says how they are."""

    def __init__(self, response_ms: int | None, state: str) -> None:
        super().__init__(EngineSettings(), list, Metrics())
        self._response_ms = response_ms
        self._state = state

    @property
    def state(self) -> str:
        return self._state

    async def response_ms(self, timeout_s: float) -> int | None:
        return self._response_ms

    def gpu_memory_used(self) -> str | None:
        return "9783 MiB"


class Told(Service):
    """A service of which the test says how it is; it loads nothing."""

    def __init__(
        self,
        life: Life,
        *,
        full: bool = False,
        response_ms: int | None = 7,
        state: str = "ok",
    ) -> None:
        super().__init__(Settings.model_validate({"limits": {"max_sessions": 1}}), list)
        for step in ROUTE[life]:
            self.lifecycle.move(step)
        if full:
            self.slots.take()
        self.engine_room = Room(response_ms, state)

    @property
    def engine_info(self) -> EngineInfo:
        return EngineInfo("large-v3", "cuda:0", "float16", ("en",), partial_model="large-v3-turbo")


REQUEST = Request({"type": "http", "method": "GET", "path": "/", "headers": []})


def body(response: Response) -> dict[str, Any]:
    found = json.loads(bytes(response.body))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("life", Life)
async def test_whoever_can_answer_lives(life: Life) -> None:
    assert (await Health(Told(life)).live(REQUEST)).status_code == 200


@pytest.mark.parametrize(
    "life, full, status, text",
    [
        (Life.STARTING, False, 503, "starting"),
        (Life.READY, False, 200, "ready"),
        (Life.READY, True, 503, "full"),
        (Life.DRAINING, True, 503, "draining"),
        (Life.STOPPED, False, 503, "stopped"),
    ],
)
async def test_ready_is_who_would_take_a_session(
    life: Life, full: bool, status: int, text: str
) -> None:
    response = await Health(Told(life, full=full)).ready(REQUEST)
    assert (response.status_code, bytes(response.body).decode().strip()) == (status, text)
    assert ("retry-after" in response.headers) == (status == 503)


@pytest.mark.parametrize("state", ["restarting", "failing", "lost"])
async def test_new_sessions_belong_elsewhere_while_the_engine_is_not_in_order(state: str) -> None:
    response = await Health(Told(Life.READY, state=state, response_ms=None)).ready(REQUEST)
    assert (response.status_code, bytes(response.body).decode().strip()) == (503, "degraded")
    told = body(await Health(Told(Life.READY, state=state, response_ms=None)).health(REQUEST))
    assert (told["status"], told["engine"]) == ("degraded", state)


async def test_a_healthy_server_tells_everything() -> None:
    response = await Health(Told(Life.READY)).health(REQUEST)
    assert response.status_code == 200
    assert body(response) == {
        "status": "ok",
        "model_loaded": True,
        "gpu_memory_used": "9783 MiB",
        "response_time_ms": 7,
        "version": __version__,
        "model": "large-v3",
        "partial_model": "large-v3-turbo",
        "device": "cuda:0",
        "compute_type": "float16",
        "engine": "ok",
        "engine_restarts": 0,
        "sessions": {"active": 0, "waiting": 0, "capacity": 1},
    }


@pytest.mark.parametrize("life", [Life.READY, Life.DRAINING])
async def test_an_engine_that_does_not_answer_is_degraded(life: Life) -> None:
    response = await Health(Told(life, response_ms=None)).health(REQUEST)
    assert response.status_code == 503
    assert (body(response)["status"], body(response)["response_time_ms"]) == ("degraded", None)


async def test_a_server_that_loads_says_so() -> None:
    response = await Health(Told(Life.STARTING)).health(REQUEST)
    assert response.status_code == 503
    told = body(response)
    assert (told["status"], told["model_loaded"], told["model"]) == ("starting", False, None)
