"""Deepgram's ``POST /v1/listen``: a recording in the body, its text in the answer."""

from __future__ import annotations

import contextlib
import time
import uuid
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from streaming import __version__
from streaming.access import authorise, refusal_headers
from streaming.errors import BadConfiguration, InternalError, WirescribeError
from streaming.logs import get_logger
from streaming.principal import Principal
from streaming.rest.cache import cache_key
from streaming.rest.decode import Recording
from streaming.rest.desk import ClientGone, Visit, outcome
from streaming.rest.files import Files
from streaming.rest.transcript import Transcript
from streaming.rest.upload import Spool, receive_body, too_big
from streaming.transports import deepgram_text
from streaming.transports.deepgram_options import Listen, read_file_query
from streaming.transports.deepgram_refusals import denial

if TYPE_CHECKING:
    from streaming.service import Service

_log = get_logger(__name__)
_ROUTE: Final = "deepgram_rest"


class Recordings:
    """The route, as an ASGI application: it must hear when its client leaves."""

    def __init__(self, service: Service, files: Files) -> None:
        self._service = service
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever comes of it."""
        request, request_id = Request(scope, receive), str(uuid.uuid4())
        ended: BaseException | None = None
        answered: list[Response] = []
        try:
            principal = authorise(request, self._service)
            async with self._files.desk.visit(request, principal, _ROUTE) as visit:
                await visit.see_through(
                    self._serve(request, principal, visit, request_id, answered)
                )
        except (ClientGone, ClientDisconnect):
            ended = ClientGone()
        except WirescribeError as error:
            ended, answered = error, [_refused(error, request_id)]
        except Exception as error:
            ended = error
            _log.exception("file_failed")
            failure = InternalError("the server failed on this recording")
            answered = [_refused(failure, request_id)]
        finally:
            self._service.metrics.files.ended(_ROUTE, outcome(ended))
        for response in answered:
            with contextlib.suppress(OSError):
                await response(scope, receive, send)

    async def _serve(
        self,
        request: Request,
        principal: Principal,
        visit: Visit,
        request_id: str,
        answered: list[Response],
    ) -> None:
        listen = read_file_query(request.query_params.multi_items())
        config = self._service.parse_start(listen.options)
        settings = self._service.settings.files
        if request.headers.get("content-type", "").partition(";")[0] == "application/json":
            raise BadConfiguration(
                "url: this server fetches nothing; send the recording itself as the body",
                field="url",
            )
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > settings.max_upload_bytes:
            raise too_big(settings.max_upload_bytes)
        spool = await receive_body(
            request.stream(),
            most_bytes=settings.max_upload_bytes,
            idle_s=settings.upload_idle_s,
            folder=settings.spool_dir,
        )
        with contextlib.closing(spool):
            visit.all_received.set()
            if not spool.size:
                raise BadConfiguration("body: is empty; send the recording in it", field="body")
            key = cache_key(spool.digest, config, self._service.engine_info, principal, mix=True)
            heard = await self._files.cache.find(key)
            self._service.metrics.files.looked_up(hit=heard is not None)
            if heard is None:
                count = self._files.desk.counter(request, principal)
                async with (
                    self._files.desk.turn(),
                    self._files.desk.opened(spool, mix=True) as sound,
                ):
                    began = time.monotonic()
                    visit.recording = Recording(
                        self._service,
                        sound,
                        config,
                        most_ms=self._files.desk.most_ms(principal),
                        count=count,
                    )
                    heard = await _heard(visit.recording)
                    taken_s = time.monotonic() - began
                self._service.metrics.files.heard(heard.duration_ms / 1000, taken_s)
                await self._files.cache.keep(key, heard)
            model = self._service.engine_info.model
            body = _reply(heard, listen, spool, model, request_id)
        headers = {"dg-request-id": request_id, "Cache-Control": "no-store"}
        answered.append(JSONResponse(body, headers=headers))


async def _heard(recording: Recording) -> Transcript:
    async with aclosing(recording.finals()) as heard:
        finals = [final async for final in heard]
    return Transcript(tuple(finals), recording.received_ms, recording.damage)


def _reply(
    heard: Transcript, listen: Listen, spool: Spool, model: str, request_id: str
) -> dict[str, Any]:
    words = [
        word
        for final in heard.finals
        for word in deepgram_text.words(
            final.words,
            final.language if listen.languages_told else None,
            punctuated=listen.punctuated,
        )
    ]
    spoken = sum(word["confidence"] for word in words)
    model_uuid = str(uuid.uuid5(uuid.NAMESPACE_URL, model))
    alternative = {
        "transcript": deepgram_text.transcript(heard.text, punctuated=listen.punctuated),
        "confidence": round(spoken / len(words), 4) if words else 0.0,
        "words": words,
    }
    language = {"detected_language": heard.language} if listen.languages_told else {}
    return {
        "metadata": {
            "transaction_key": "deprecated",
            "request_id": request_id,
            "sha256": spool.digest,
            "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "duration": heard.duration_ms / 1000,
            "channels": 1,
            "models": [model_uuid],
            "model_info": {model_uuid: {"name": model, "version": __version__, "arch": "whisper"}},
            **({"warnings": [heard.damage]} if heard.damage else {}),
        },
        "results": {"channels": [{"alternatives": [alternative], **language}]},
    }


def _refused(error: WirescribeError, request_id: str) -> Response:
    said = denial(error, request_id)
    headers = {**refusal_headers(error), **said.headers}
    return JSONResponse(dict(said.body), said.status, headers)


def deepgram_route(service: Service, files: Files) -> Route:
    """Return the route."""
    return Route("/v1/listen", Recordings(service, files), methods=["POST"])
