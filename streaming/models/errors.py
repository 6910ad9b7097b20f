"""Why a model can't be had: one message for the wire, one piece of advice for the operator.

The split follows the rule of :mod:`streaming.errors`: a message may travel to a client and so
names no path of the server; the advice is for whoever runs the server and names them all.
"""

from __future__ import annotations

import errno
from pathlib import Path

from streaming.errors import ModelUnavailable

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


class ModelError(ModelUnavailable):
    """A model that is unknown, incomplete, damaged or out of reach.

    ``message`` is safe to show to a client. ``advice`` says what the operator can do and may hold
    paths and commands. ``str()`` joins the two, for a terminal or a log.
    """

    def __init__(self, message: str, *, advice: str) -> None:
        super().__init__(message, field="model")
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message}\n{self.advice}"


class UnknownModel(ModelError):
    """Neither a name of the registry nor a directory that exists."""


class IncompleteModel(ModelError):
    """A directory given by the user that lacks a file or holds one that can't be read."""


class DamagedModel(ModelError):
    """A cached model that is not what was fetched, where it may not be fetched again."""


class FetchFailed(ModelError):
    """The files could not be fetched, or what came was not what was asked for."""


class CacheUnusable(ModelError):
    """The model cache can't be written: no space, no permission, a read-only file system."""


def cache_unusable(error: OSError, *, name: str, root: Path, needed_bytes: int) -> CacheUnusable:
    """Return what to tell the operator about an ``OSError`` met while writing the cache."""
    if error.errno in _NO_SPACE:
        return no_space(name=name, root=root, needed_bytes=needed_bytes)
    reason = error.strerror or type(error).__name__
    return CacheUnusable(
        f"model {name!r} could not be stored: {reason}",
        advice=(
            f"The model cache is {root}; this process must be able to write there. "
            "Set WIRESCRIBE_MODELS_DIR to another folder, or fetch the model once as a user who "
            f"may write there: wirescribe models fetch {name}"
        ),
    )


def no_space(*, name: str, root: Path, needed_bytes: int) -> CacheUnusable:
    """Return the error of a full disk; nothing of the model has been kept."""
    return CacheUnusable(
        f"model {name!r} could not be stored: no space left",
        advice=(
            f"Fetching it takes about {megabytes(needed_bytes)} free in {root}. Free some space, "
            "or set WIRESCRIBE_MODELS_DIR to a folder on a larger disk. Nothing was left behind."
        ),
    )


def is_no_space(error: OSError) -> bool:
    """Return whether the disk, or the user's share of it, is full."""
    return error.errno in _NO_SPACE


def megabytes(size_bytes: int) -> str:
    """Return a size as people read it: ``"145 MB"``, ``"3.1 GB"`` (powers of ten)."""
    if size_bytes >= 1_000_000_000:
        return f"{size_bytes / 1e9:.1f} GB"
    return f"{max(1, round(size_bytes / 1e6))} MB"
