"""What one test could leave behind for the next in the same process, put back as it was.

Setting up logging, catching a signal or writing into the environment is right for a process of its
own, and wrong for a neighbour: which test suffers would hang on the order.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

_SIGNALS = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))
_RUNNER = "PYTEST_CURRENT_TEST"  # the runner's own, other in each phase of a test


@dataclass(frozen=True, slots=True)
class _Logger:
    """All of a logger that ``configure_logging`` or a library may set."""

    handlers: tuple[logging.Handler, ...] = ()
    level: int = logging.NOTSET
    propagate: bool = True
    disabled: bool = False

    @classmethod
    def of(cls, logger: logging.Logger) -> _Logger:
        return cls(tuple(logger.handlers), logger.level, logger.propagate, logger.disabled)

    def restore(self, logger: logging.Logger) -> None:
        if self == _Logger.of(logger):
            return
        logger.handlers[:] = self.handlers
        logger.setLevel(self.level)
        logger.propagate, logger.disabled = self.propagate, self.disabled


@contextmanager
def process_state_kept() -> Iterator[None]:
    """Logging, structlog, the environment and signal handlers are afterwards as they were."""
    loggers = {logger: _Logger.of(logger) for logger in _loggers()}
    configured, configuration = structlog.is_configured(), structlog.get_config()
    processors = list(configuration["processors"])
    environment = _environment()
    in_main = threading.current_thread() is threading.main_thread()
    handlers = {number: signal.getsignal(number) for number in _SIGNALS} if in_main else {}
    try:
        yield
    finally:
        for logger in _loggers():
            loggers.get(logger, _Logger()).restore(logger)
        structlog.contextvars.clear_contextvars()
        structlog.reset_defaults()
        if configured:
            structlog.configure(**{**configuration, "processors": processors})
        _restore_environment(environment)
        for number, handler in handlers.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)


def _loggers() -> list[logging.Logger]:
    known = list(logging.root.manager.loggerDict.values())
    return [logging.root, *(one for one in known if isinstance(one, logging.Logger))]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != _RUNNER}


def _restore_environment(before: dict[str, str]) -> None:
    now = _environment()
    if now == before:
        return
    for name in now.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)
