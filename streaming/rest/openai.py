"""OpenAI's audio routes: an upload in, its text out, whole or as it is heard."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from streaming.access import authorise
from streaming.decoding import Task
from streaming.errors import BadConfiguration, InternalError, WirescribeError
from streaming.events import Final as Segment
from streaming.logs import get_logger
from streaming.principal import Principal
from streaming.rest.answer import Answer, headers
from streaming.rest.cache import cache_key
from streaming.rest.decode import Recording
from streaming.rest.desk import ClientGone, Visit, outcome
from streaming.rest.errors import openai_refusal
from streaming.rest.files import Files
from streaming.rest.models import check_model, model_names, model_object
from streaming.rest.openai_fields import Asked, read_fields
from streaming.rest.openai_replies import delta, done, reply
from streaming.rest.progress import progress_told, timed
from streaming.rest.transcript import Transcript, pieces
from streaming.rest.upload import Form, Spool, receive_form, too_big

if TYPE_CHECKING:
    from streaming.service import Service

_log = get_logger(__name__)

_ROUTE: Final = "openai_rest"
_MIX: Final = True  # OpenAI knows no channels


class Audio:
    """``POST /v1/audio/transcriptions`` or ``/translations``, as an ASGI application."""

    def __init__(self, service: Service, files: Files, task: Task) -> None:
        self._service = service
        self._files = files
        self._task = task

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever comes of it."""
        request = Request(scope, receive)
        answer = Answer(send)
        ended: BaseException | None = None
        try:
            principal = authorise(request, self._service)
            async with self._files.desk.visit(request, principal, _ROUTE) as visit:
                await visit.see_through(self._serve(request, principal, visit, answer))
        except (ClientGone, ClientDisconnect):
            ended = ClientGone()
        except WirescribeError as error:
            ended = error
            await answer.fail(error, scope, receive)
        except OSError:  # of the socket
            ended = ClientGone()
        except Exception as error:
            ended = error
            _log.exception("file_failed")
            failure = InternalError("the server failed on this recording")
            await answer.fail(failure, scope, receive)
        finally:
            self._service.metrics.files.ended(_ROUTE, outcome(ended))

    async def _serve(
        self, request: Request, principal: Principal, visit: Visit, answer: Answer
    ) -> None:
        async with _received(request, self._service) as form:
            visit.all_received.set()
            asked = read_fields(form, self._task, self._service)
            if form.file is None:
                raise BadConfiguration("file: is missing", field="file")
            if not form.file.size:
                raise BadConfiguration("file: is empty", field="file")
            key = cache_key(
                form.file.digest, asked.config, self._service.engine_info, principal, mix=_MIX
            )
            known = await self._files.cache.find(key)
            self._service.metrics.files.looked_up(hit=known is not None)
            if known is not None:
                await self._tell(known, asked, answer)
                return
            heard = await self._heard(request, principal, visit, form.file, asked, answer)
            await self._files.cache.keep(key, heard)
            if asked.stream:
                await answer.end(done(heard, asked.shape))
            else:
                await self._reply(heard, asked, answer, hit=False)

    async def _heard(
        self,
        request: Request,
        principal: Principal,
        visit: Visit,
        file: Spool,
        asked: Asked,
        answer: Answer,
    ) -> Transcript:
        """Have a recording decoded when its turn has come."""
        desk = self._files.desk
        count = desk.counter(request, principal)
        async with AsyncExitStack() as stack:
            if asked.progress:  # from now on, what goes wrong is an event
                await answer.begin_events(hit=False)
                await stack.enter_async_context(progress_told(answer, visit, events=True))
            await stack.enter_async_context(desk.turn())
            sound = await stack.enter_async_context(desk.opened(file, mix=_MIX))
            began = time.monotonic()
            visit.recording = Recording(
                self._service,
                sound,
                asked.config,
                most_ms=desk.most_ms(principal),
                count=count,
            )
            if asked.stream and not asked.progress:
                await answer.begin_events(hit=False)
                await stack.enter_async_context(progress_told(answer, visit, events=False))
            heard = await _finals(visit.recording, asked, answer)
            self._service.metrics.files.heard(heard.duration_ms / 1000, time.monotonic() - began)
        return heard

    async def _tell(self, known: Transcript, asked: Asked, answer: Answer) -> None:
        if not asked.stream:
            await self._reply(known, asked, answer, hit=True)
            return
        await answer.begin_events(hit=True)
        for text, segment in zip(pieces(known.finals), known.finals, strict=True):
            await answer.event(delta(text, segment, asked.shape))
            if asked.progress:
                await answer.event(timed(segment))
        await answer.end(done(known, asked.shape))

    async def _reply(self, said: Transcript, asked: Asked, answer: Answer, *, hit: bool) -> None:
        body, media_type = reply(said, asked.shape, asked.config.task)
        await answer.whole(Response(body, media_type=media_type, headers=headers(hit=hit)))


async def _finals(recording: Recording, asked: Asked, answer: Answer) -> Transcript:
    """Read all finals; tell them one by one where that is asked for."""
    finals: list[Segment] = []
    async with aclosing(recording.finals()) as heard:
        async for final in heard:
            finals.append(final)
            if asked.stream:
                text = pieces(finals)[-1] if len(finals) == 1 else pieces(finals[-2:])[-1]
                await answer.event(delta(text, final, asked.shape))
                if asked.progress:
                    await answer.event(timed(final))
    return Transcript(tuple(finals), recording.received_ms, recording.damage)


@asynccontextmanager
async def _received(request: Request, service: Service) -> AsyncIterator[Form]:
    """Read a request's form; the upload is gone when the block is left."""
    settings = service.settings.files
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > settings.max_upload_bytes:
        raise too_big(settings.max_upload_bytes)
    form = await receive_form(
        request.stream(),
        request.headers.get("content-type", ""),
        most_bytes=settings.max_upload_bytes,
        idle_s=settings.upload_idle_s,
        folder=settings.spool_dir,
    )
    with contextlib.closing(form):
        yield form


class Models:
    """``GET /v1/models`` and ``/v1/models/{name}``."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def all(self, request: Request) -> Response:
        """List them."""
        try:
            authorise(request, self._service)
            self._service.check_life()
        except WirescribeError as error:
            return openai_refusal(error)
        names = model_names(self._service.engine_info)
        return JSONResponse({"object": "list", "data": [model_object(name) for name in names]})

    async def one(self, request: Request) -> Response:
        """Describe one."""
        name = request.path_params["name"]
        try:
            authorise(request, self._service)
            self._service.check_life()
            check_model(name, self._service.engine_info)
        except WirescribeError as error:
            return openai_refusal(error)
        return JSONResponse(model_object(name))


def openai_routes(service: Service, files: Files) -> list[BaseRoute]:
    """Return the routes of OpenAI's that are plain HTTP."""
    models = Models(service)
    transcriptions = Audio(service, files, Task.TRANSCRIBE)
    translations = Audio(service, files, Task.TRANSLATE)
    return [
        Route("/v1/audio/transcriptions", transcriptions, methods=["POST"]),
        Route("/v1/audio/translations", translations, methods=["POST"]),
        Route("/v1/models", models.all),
        Route("/v1/models/{name:path}", models.one),
    ]
