"""One job as it is known and kept: whose it is, what is to be done, and how far that has come."""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar

from streaming.principal import Principal

FORM: Final = 1
"""Of what is kept; another one is never read as this."""

_ID: Final = re.compile(r"job_[0-9a-f]{32}")
_T = TypeVar("_T")


class State(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Whether nothing more happens to it."""
        return self not in (State.QUEUED, State.RUNNING)


class Delivery(StrEnum):
    """How a webhook stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who handed a job in, by public names; ``address`` is what it is counted under."""

    key: str = ""
    key_id: str = ""
    subject: str = ""
    address: str = ""

    @classmethod
    def of(cls, principal: Principal, address: str) -> Owner:
        """Return who a client is."""
        return cls(principal.key, principal.key_id, principal.subject, address)

    @property
    def principal(self) -> Principal:
        """The client again, as far as a job needs it."""
        return Principal(self.key, self.key_id, self.subject)

    @property
    def holder(self) -> tuple[str, str]:
        """What bounds and turns count it by: the key, or the address where there is none."""
        return (self.key, self.key_id) if self.key else ("", self.address)

    def lets_see(self, principal: Principal) -> bool:
        """Whether a client may see the job: the same key, and no token made for somebody else."""
        if (self.key, self.key_id) != (principal.key, principal.key_id):
            return False
        return not principal.subject or principal.subject == self.subject


@dataclass(frozen=True, slots=True)
class Webhook:
    """Who is told of the end, and how often that was tried; times are seconds since 1970."""

    url: str
    secret: str
    state: Delivery = Delivery.PENDING
    attempts: int = 0
    next_at: float | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job came to nothing, in words that are safe to show."""

    code: str
    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What is kept of a job beside its recording and its text.

    ``options`` are those of its session, gone when it is over; ``most_ms`` is what its client may
    have heard at most; ``tries`` counts how often it was begun since a final last came of it.
    Times are seconds since 1970.
    """

    id: str
    owner: Owner
    name: str
    size: int
    digest: str
    created_at: float
    task: str = "transcribe"
    options: Mapping[str, Any] = field(default_factory=dict)
    response_format: str = "json"
    most_ms: int | None = None
    state: State = State.QUEUED
    started_at: float | None = None
    ended_at: float | None = None
    duration_ms: int | None = None
    decoded_ms: int = 0
    tries: int = 0
    failure: Failure | None = None
    webhook: Webhook | None = None

    def dump(self) -> bytes:
        """Return it as JSON, for :meth:`load`."""
        said = {"form": FORM, **dataclasses.asdict(self)}
        return json.dumps(said, ensure_ascii=False, indent=1).encode()

    @classmethod
    def load(cls, data: bytes) -> Job:
        """Read what :meth:`dump` wrote; ValueError where it isn't that."""
        try:
            said = json.loads(data)
            if said.pop("form") != FORM:
                raise ValueError("is of another form")
            job = cls(
                **{
                    **said,
                    "owner": Owner(**said["owner"]),
                    "state": State(said["state"]),
                    "failure": _part(Failure, said["failure"]),
                    "webhook": _part(Webhook, said["webhook"]),
                }
            )
            if job.webhook is not None:
                delivery = Delivery(job.webhook.state)
                job = dataclasses.replace(
                    job, webhook=dataclasses.replace(job.webhook, state=delivery)
                )
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"is no job: {type(error).__name__}") from error
        job.check()
        return job

    def check(self) -> None:
        """ValueError where a field is what it can't be: a file may have been damaged, or edited."""
        if not is_id(self.id):
            raise ValueError("id: is none")
        for value in (self.name, self.digest, self.task, self.response_format, self.owner.key):
            if not isinstance(value, str):
                raise ValueError("a text is none")
        for number in (self.size, self.created_at, self.decoded_ms, self.tries):
            if isinstance(number, bool) or not isinstance(number, int | float) or number < 0:
                raise ValueError("a number is none")
        for maybe in (self.started_at, self.ended_at, self.duration_ms, self.most_ms):
            if maybe is not None and not isinstance(maybe, int | float):
                raise ValueError("a number is none")
        if not isinstance(self.options, dict):
            raise ValueError("options: are none")
        if self.state.over != (self.ended_at is not None):
            raise ValueError("state: does not fit its times")
        hook = self.webhook
        if hook is not None and not (isinstance(hook.url, str) and isinstance(hook.secret, str)):
            raise ValueError("webhook: is none")


def new_id() -> str:
    """Return a name that nobody can guess."""
    return f"job_{secrets.token_hex(16)}"


def is_id(text: object) -> bool:
    """Whether a text can be the name of a job; nothing else is ever looked for on disk."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def _part(kind: type[_T], said: Mapping[str, Any] | None) -> _T | None:
    return None if said is None else kind(**said)
