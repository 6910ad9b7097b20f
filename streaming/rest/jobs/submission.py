"""The fields of a job that is handed in, checked: those of OpenAI's audio routes, and a webhook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streaming.decoding import Task
from streaming.errors import BadConfiguration, shown
from streaming.principal import Principal
from streaming.rest.jobs.destinations import Destinations
from streaming.rest.jobs.job import Job, Owner, Webhook
from streaming.rest.jobs.signing import new_secret
from streaming.rest.models import check_model
from streaming.rest.openai_fields import read_options, read_shape
from streaming.rest.upload import Form, Spool
from streaming.service import Service
from streaming.settings.jobs import JobSettings, key_of


@dataclass(frozen=True, slots=True)
class Submission:
    """What is to be done; ``new_secret``: what its webhook is signed with, if made up here."""

    file: Spool
    task: Task
    options: Mapping[str, Any]
    response_format: str
    webhook: Webhook | None
    new_secret: str | None

    def job(self, name: str, owner: Owner, now: float, most_ms: int) -> Job:
        """Return the job that comes of it."""
        return Job(
            id=name,
            owner=owner,
            name=self.file.name,
            size=self.file.size,
            digest=self.file.digest,
            created_at=now,
            task=self.task.value,
            options=self.options,
            response_format=self.response_format,
            most_ms=most_ms,
            webhook=self.webhook,
        )


def read_submission(form: Form, service: Service, principal: Principal) -> Submission:
    """Check the fields; BadConfiguration or UnknownModel name the one at fault."""
    if model := form.one("model"):
        check_model(model, service.engine_info)
    said = form.one("task") or Task.TRANSCRIBE.value
    try:
        task = Task(said)
    except ValueError:
        raise BadConfiguration(
            f"task: {shown(said)} is neither 'transcribe' nor 'translate'", field="task"
        ) from None
    if (form.one("stream") or "false").lower() not in ("false", "0"):
        raise BadConfiguration("stream: a job's text is fetched when it is over", field="stream")
    shape = read_shape(form)
    options = read_options(form, task, words=True)  # any form may be asked for later
    service.parse_start(options)
    webhook, secret = _webhook(form, service.settings.jobs, principal)
    if form.file is None:
        raise BadConfiguration("file: is missing", field="file")
    if not form.file.size:
        raise BadConfiguration("file: is empty", field="file")
    return Submission(form.file, task, options, shape.form.value, webhook, secret)


def _webhook(
    form: Form, settings: JobSettings, principal: Principal
) -> tuple[Webhook | None, str | None]:
    """Return who is to be told, and the secret where it was made up here."""
    url, secret = form.one("webhook_url"), form.one("webhook_secret")
    if not url:
        if secret:
            raise BadConfiguration(
                "webhook_secret: there is no webhook_url", field="webhook_secret"
            )
        return None, None
    Destinations(settings.webhook_hosts).check(url, anonymous=principal.anonymous)
    if secret:
        try:
            key_of(secret)
        except ValueError as error:
            raise BadConfiguration(f"webhook_secret: {error}", field="webhook_secret") from None
        return Webhook(url, secret), None
    if settings.webhook_secret is not None and settings.webhook_secret.get_secret_value():
        return Webhook(url, settings.webhook_secret.get_secret_value()), None
    made = new_secret()
    return Webhook(url, made), made
