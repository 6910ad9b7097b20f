"""The only place that sets up logging: readable on a terminal, JSON lines elsewhere.

What is bound to the context (a session's id, say) appears on every line written under it. Lines
never hold transcripts, audio, tokens or telephone numbers: events are short names with figures.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog

_SERVER_LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "websockets")


def get_logger(name: str) -> Any:
    """Return a logger; call it as ``log.info("event_name", figure=1)``."""
    return structlog.stdlib.get_logger(name)


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Put ``fields`` on every line logged inside, tasks started inside included."""
    with structlog.contextvars.bound_contextvars(**fields):
        yield


def configure_logging(level: str = "INFO", *, json: bool | None = None) -> None:
    """Send everything, the libraries' lines included, to standard error in one format.

    ``json`` None means: when standard error is not a terminal.
    """
    as_json = not sys.stderr.isatty() if json is None else json
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_query,
    ]
    # structlog's own choice of traceback shows local variables: transcripts and prompts.
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # a logger made before must hear of this
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ]
            if as_json
            else [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _SERVER_LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.WARNING)  # what matters of theirs; we announce ourselves
    logging.getLogger("uvicorn.access").disabled = True  # our own lines say more, and no query


def _without_query(_: Any, __: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Cut query strings from the libraries' lines: tokens may stand in them."""
    text = event.get("event")
    if isinstance(text, str) and "?" in text and ("/" in text or "HTTP" in text):
        return {**event, "event": text.split("?", 1)[0] + "?…"}
    return event
