"""Probes: whether the process lives, whether it takes sessions, and how it is."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from streaming import __version__
from streaming.lifecycle import Life
from streaming.service import Service
from streaming.station import State

_ENGINE_TIMEOUT_S = 5.0


class Health:
    """The three probes of one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def live(self, request: Request) -> Response:
        """Answer 200 as long as the event loop turns; load is no reason to be killed."""
        return Response(status_code=200, content="alive\n", media_type="text/plain")

    async def ready(self, request: Request) -> Response:
        """Answer 200 when a new session would be let in at once."""
        life = self._service.lifecycle.life
        state = life.value
        if life is Life.READY and self._service.engine_room.state != State.SERVING:
            state = "degraded"
        elif life is Life.READY and self._service.admission.full:
            state = "full"
        ready = state == Life.READY.value
        headers = {} if ready else {"Retry-After": "2"}
        return Response(f"{state}\n", 200 if ready else 503, headers, "text/plain")

    async def health(self, request: Request) -> Response:
        """Report in full; 503 and ``degraded`` when the engine doesn't answer."""
        service = self._service
        loaded = service.lifecycle.life in (Life.READY, Life.DRAINING)
        room = service.engine_room
        response_ms = await room.response_ms(_ENGINE_TIMEOUT_S) if loaded else None
        healthy = response_ms is not None
        info = service.engine_info if loaded else None
        status = "ok" if healthy else ("degraded" if loaded else service.lifecycle.life.value)
        body = {
            "status": status,
            "model_loaded": loaded,
            "gpu_memory_used": room.gpu_memory_used(),
            "response_time_ms": response_ms,
            "version": __version__,
            "model": info.model if info else None,
            "partial_model": info.partial_model if info else None,
            "device": info.device if info else None,
            "compute_type": info.compute_type if info else None,
            "engine": room.state,
            "engine_restarts": room.restarts,
            "sessions": {
                "active": service.slots.active,
                "waiting": service.admission.waiting,
                "capacity": service.slots.capacity,
            },
        }
        return JSONResponse(body, 200 if healthy else 503)
