"""What can go wrong with a job, and how HTTP says it."""

from __future__ import annotations

from streaming.errors import RequestError, ServerError


class UnknownJob(RequestError):
    """A job that isn't there, any more or for this client."""

    code, close_code, http_status = "job_not_found", 4422, 404


class JobNotDone(RequestError):
    """There is no text yet."""

    code, close_code, http_status, retryable = "job_not_done", 4409, 409, True


class JobWithoutText(RequestError):
    """There will be no text: the job has failed, or was cancelled."""

    code, close_code, http_status = "job_without_text", 4409, 409


class JobDamaged(ServerError):
    """What was kept of a job can't be read."""

    code = "job_damaged"
    retryable = False
