"""A job as its client is shown it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from streaming.rest.jobs.job import Job, State, Webhook


def job_object(job: Job, heard: tuple[int, int | None], expires_at: float | None) -> dict[str, Any]:
    """Return a job as JSON has it; ``heard``: how much of it, and how long it is if that is known.

    Times of day are whole seconds since 1970, as OpenAI has them.
    """
    decoded_ms, duration_ms = heard
    share = None
    if job.state is State.COMPLETED:
        share = 1.0
    elif duration_ms:
        share = round(min(1.0, decoded_ms / duration_ms), 4)
    return {
        "id": job.id,
        "object": "job",
        "status": job.state.value,
        "task": job.task,
        "file": {"name": job.name, "bytes": job.size},
        "created_at": _whole(job.created_at),
        "started_at": _whole(job.started_at),
        "ended_at": _whole(job.ended_at),
        "expires_at": _whole(expires_at),
        "progress": {"decoded_ms": decoded_ms, "duration_ms": duration_ms, "share": share},
        "error": None
        if job.failure is None
        else {
            "code": job.failure.code,
            "message": job.failure.message,
            "param": job.failure.field,
        },
        "webhook": None if job.webhook is None else _webhook(job.webhook),
        "result": f"/v1/jobs/{job.id}/result" if job.state is State.COMPLETED else None,
    }


def _webhook(hook: Webhook) -> dict[str, Any]:
    """Its address but for its host may be a secret, and is not shown again."""
    return {
        "host": urlsplit(hook.url).hostname,
        "status": hook.state.value,
        "attempts": hook.attempts,
        "last_answer": hook.status,
    }


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds)
