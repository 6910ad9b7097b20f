"""``/v1/jobs``: handing recordings in, asking how they stand, fetching their text, cancelling."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from streaming.access import authorise
from streaming.decoding import Task
from streaming.errors import BadConfiguration, InternalError, WirescribeError, shown
from streaming.logs import get_logger
from streaming.principal import Principal
from streaming.quotas import network
from streaming.rest.answer import Answer
from streaming.rest.desk import ClientGone, Visit, outcome
from streaming.rest.errors import openai_refusal
from streaming.rest.jobs.errors import JobNotDone, JobWithoutText
from streaming.rest.jobs.job import Job, Owner, State
from streaming.rest.jobs.jobs import Jobs
from streaming.rest.jobs.submission import read_submission
from streaming.rest.openai_fields import read_shape
from streaming.rest.openai_replies import reply
from streaming.rest.upload import Form, receive_form, too_big

if TYPE_CHECKING:
    from streaming.service import Service

_log = get_logger(__name__)

_ROUTE: Final = "jobs"
_PRIVATE: Final = {"Cache-Control": "no-store"}
_AGAIN_S: Final = 2  # when to ask again how a job stands
_PAGE: Final = range(1, 101)


class Submission:
    """``POST /v1/jobs``, as an ASGI application: it must hear when its client leaves."""

    def __init__(self, service: Service, jobs: Jobs) -> None:
        self._service = service
        self._jobs = jobs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever comes of it."""
        request, answer = Request(scope, receive), Answer(send)
        refused: BaseException | None = None
        try:
            principal = authorise(request, self._service)
            await self._jobs.shelf.open()
            async with self._jobs.files.desk.visit(request, principal, _ROUTE) as visit:
                await visit.see_through(self._serve(request, principal, visit, answer))
        except (ClientGone, ClientDisconnect, OSError):
            refused = ClientGone()
        except WirescribeError as error:
            refused = error
            await answer.fail(error, scope, receive)
        except Exception as error:
            refused = error
            _log.exception("job_not_taken")
            await answer.fail(InternalError("the server failed on this request"), scope, receive)
        if refused is not None:  # what was taken counts when it ends
            self._service.metrics.files.ended(_ROUTE, outcome(refused))

    async def _serve(
        self, request: Request, principal: Principal, visit: Visit, answer: Answer
    ) -> None:
        jobs, limits = self._jobs, self._service.settings.files
        length = request.headers.get("content-length", "")
        size = int(length) if length.isdecimal() else 0
        if size > limits.max_upload_bytes:
            raise too_big(limits.max_upload_bytes)
        owner = Owner.of(principal, network(jobs.files.desk.address(request)))
        with jobs.shelf.room(owner, size):
            async with jobs.incoming() as (name, path):
                form = await receive_form(
                    request.stream(),
                    request.headers.get("content-type", ""),
                    most_bytes=limits.max_upload_bytes,
                    idle_s=limits.upload_idle_s,
                    kept=path,
                )
                with contextlib.closing(form):
                    visit.all_received.set()
                    submission = read_submission(form, self._service, principal)
                    job = submission.job(
                        name, owner, jobs.shelf.clock(), jobs.files.desk.most_ms(principal)
                    )
                    await jobs.shelf.admit(job)
        body = jobs.show(job)
        if submission.new_secret is not None:  # told this once
            body["webhook"]["secret"] = submission.new_secret
        headers = {**_PRIVATE, "Location": f"/v1/jobs/{name}", "Retry-After": str(_AGAIN_S)}
        await answer.whole(JSONResponse(body, 202, headers))


class Desk:
    """What is asked of jobs that are there."""

    def __init__(self, service: Service, jobs: Jobs) -> None:
        self._service = service
        self._jobs = jobs

    async def all(self, request: Request) -> Response:
        """``GET /v1/jobs``: a client's own, the newest first, page by page as OpenAI lists."""
        principal = await self._enter(request)
        query = request.query_params
        most = query.get("limit", "20")
        if not most.isdecimal() or int(most) not in _PAGE:
            raise BadConfiguration(
                f"limit: {shown(most)} is not a number from {_PAGE[0]} to {_PAGE[-1]}",
                field="limit",
            )
        status = query.get("status")
        if status is not None and status not in list(State):
            known = ", ".join(State)
            raise BadConfiguration(f"status: {shown(status)} is not one of {known}", field="status")
        found = self._jobs.shelf.of(principal, network(self._jobs.files.desk.address(request)))
        if after := query.get("after"):
            last = self._jobs.shelf.find(after, principal)
            found = [job for job in found if (job.created_at, job.id) < (last.created_at, last.id)]
        found = [job for job in found if status in (None, job.state)]
        page = found[: int(most)]
        body = {
            "object": "list",
            "data": [self._jobs.show(job) for job in page],
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
            "has_more": len(found) > len(page),
        }
        return JSONResponse(body, headers=_PRIVATE)

    async def one(self, request: Request) -> Response:
        """``GET /v1/jobs/{id}``: how one stands."""
        job = await self._find(request)
        again = {} if job.state.over else {"Retry-After": str(_AGAIN_S)}
        return JSONResponse(self._jobs.show(job), headers={**_PRIVATE, **again})

    async def result(self, request: Request) -> Response:
        """``GET /v1/jobs/{id}/result``: its text, in any form."""
        job = await self._find(request)
        form = Form()
        form.fields = list(request.query_params.multi_items())
        shape = read_shape(form, usual=job.response_format)
        if not job.state.over:
            raise JobNotDone(
                f"the job is {job.state.value}: there is no text yet",
                retry_after_ms=_AGAIN_S * 1000,
            )
        if job.state is not State.COMPLETED:
            why = f": {job.failure.message}" if job.failure else ""
            raise JobWithoutText(f"the job is {job.state.value}, and has no text{why}")
        transcript = await self._jobs.shelf.transcript(job)
        body, media_type = reply(transcript, shape, Task(job.task))
        return Response(body, media_type=media_type, headers=_PRIVATE)

    async def cancel(self, request: Request) -> Response:
        """``POST /v1/jobs/{id}/cancel``: stop it; one that is over stays as it is."""
        job = await self._find(request)
        await self._jobs.runner.cancel(job)
        return JSONResponse(self._jobs.show(await self._find(request)), headers=_PRIVATE)

    async def delete(self, request: Request) -> Response:
        """``DELETE /v1/jobs/{id}``: stop it, and leave nothing of it."""
        job = await self._find(request)
        await self._jobs.remove(job)
        body = {"id": job.id, "object": "job", "deleted": True}
        return JSONResponse(body, headers=_PRIVATE)

    async def _enter(self, request: Request) -> Principal:
        principal = authorise(request, self._service)
        self._service.check_life()
        return principal

    async def _find(self, request: Request) -> Job:
        principal = await self._enter(request)
        return self._jobs.shelf.find(request.path_params["id"], principal)


def _answered(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Say what goes wrong as OpenAI does, and have it done though its client leaves."""

    async def answer(request: Request) -> Response:
        try:
            return await asyncio.shield(asyncio.ensure_future(endpoint(request)))
        except WirescribeError as error:
            return openai_refusal(error)

    return answer


def job_routes(service: Service, jobs: Jobs | None) -> list[BaseRoute]:
    """Return the routes; none where jobs are not taken."""
    if jobs is None:
        return []
    desk = Desk(service, jobs)
    paths: list[tuple[str, Any, str]] = [
        ("/v1/jobs", desk.all, "GET"),
        ("/v1/jobs/{id}", desk.one, "GET"),
        ("/v1/jobs/{id}", desk.delete, "DELETE"),
        ("/v1/jobs/{id}/result", desk.result, "GET"),
        ("/v1/jobs/{id}/cancel", desk.cancel, "POST"),
    ]
    return [
        Route("/v1/jobs", Submission(service, jobs), methods=["POST"]),
        *(Route(path, _answered(endpoint), methods=[method]) for path, endpoint, method in paths),
    ]
