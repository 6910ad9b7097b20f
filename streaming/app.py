"""Routes, and nothing else: which address leads to which room."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from streaming.access import NamesOnly, Tokens, refused
from streaming.errors import WirescribeError
from streaming.health import Health
from streaming.metrics import CONTENT_TYPE
from streaming.rest.deepgram import deepgram_route
from streaming.rest.files import Files
from streaming.rest.jobs.jobs import jobs_of
from streaming.rest.jobs.routes import job_routes
from streaming.rest.openai import openai_routes
from streaming.service import Service
from streaming.sessions import Captions
from streaming.transports.connection import Connection
from streaming.transports.deepgram import DeepgramCodec
from streaming.transports.native import NativeCodec
from streaming.transports.openai_realtime.doors import Realtime
from streaming.transports.vosk import VoskCodec
from streaming.vitals import ServiceVitals
from streaming.vosk_port import PATH, VoskPort

WEB = Path(__file__).parent / "web"

# The page loads nothing from elsewhere and runs nothing inline. Microphone and screen capture are
# its purpose; every other power of the browser is declined.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' blob:; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self' ws: wss:; worker-src 'self' blob:; font-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "microphone=(self), display-capture=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class _PageHeaders:
    """Adds the security headers to every HTTP answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                headers += [(k.lower().encode(), v.encode()) for k, v in _HEADERS.items()]
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-cache"))
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, send_with_headers)


def create_app(service: Service) -> Starlette:
    """Build the application around a service; who starts and stops it is the caller."""
    health = Health(service)
    service.metrics.watch(ServiceVitals(service))
    files = Files(service)

    async def page(request: Request) -> Response:
        return FileResponse(WEB / "index.html", media_type="text/html; charset=utf-8")

    async def metrics(request: Request) -> Response:
        service.gate.check_metrics(service.gate.read(request.scope))
        return Response(service.metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    async def stream(socket: WebSocket) -> None:
        await Connection(socket, NativeCodec(), service).run()

    async def deepgram(socket: WebSocket) -> None:
        await Connection(socket, DeepgramCodec(), service).run()

    async def vosk(socket: WebSocket) -> None:
        await Connection(socket, VoskCodec(), service).run()

    async def missing(request: Request, error: Exception) -> Response:
        return JSONResponse(
            {"error": {"code": "not_found", "message": f"no route {request.url.path}"}}, 404
        )

    routes: list[BaseRoute] = [
        Route("/", page),
        Route("/health", health.health),
        Route("/livez", health.live),
        Route("/healthz", health.live),
        Route("/readyz", health.ready),
        Route("/metrics", metrics),
        Route("/v1/sessions/{session_id}/captions.{format}", Captions(service).fetch),
        Route("/v1/tokens", Tokens(service).create, methods=["POST"]),
        WebSocketRoute("/v1/stream", stream),
        WebSocketRoute("/v1/listen", deepgram),
        *Realtime(service).routes,
        WebSocketRoute(PATH, vosk),
        *openai_routes(service, files),
        deepgram_route(service, files),
        *job_routes(service, jobs_of(service, files)),
        Mount("/assets", StaticFiles(directory=WEB / "assets", check_dir=False)),
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(VoskPort, service.settings.server.vosk_port),
            Middleware(_PageHeaders),
            Middleware(NamesOnly, service),
        ],
        exception_handlers={404: missing, WirescribeError: refused},
    )
