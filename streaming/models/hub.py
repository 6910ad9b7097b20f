"""The model hub as seen from here: what a repository holds, and one file of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository: its size, and its SHA-256 or git blob id, as the hub states them."""

    name: str
    size_bytes: int | None
    sha256: str | None = None
    git_blob: str | None = None


@dataclass(frozen=True, slots=True)
class HubSnapshot:
    """One commit of a repository and the files at its root."""

    repo: str
    revision: str
    files: tuple[HubFile, ...]


class HubError(Exception):
    """The hub could not be asked, or said no.

    ``reason`` is one line; ``lasting`` says that another try won't help; ``kind`` is ``"network"``,
    ``"offline"`` (switched off by the user), ``"missing"``, ``"refused"`` or ``"other"``.
    """

    def __init__(self, reason: str, *, kind: str, lasting: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.lasting = lasting


class Hub(Protocol):
    """Two questions to a model hub; both raise ``HubError``, the second ``OSError`` too."""

    def describe(self, repo: str) -> HubSnapshot:
        """Return the newest commit of a repository."""
        ...

    def download(self, snapshot: HubSnapshot, file: HubFile, folder: Path) -> None:
        """Put that file into the folder, resuming what an earlier try left there."""
        ...


class HuggingFaceHub:
    """The Hugging Face hub, or a mirror of it, through the hub's own library.

    The library reads ``HF_ENDPOINT``, ``HF_TOKEN``, ``HF_HUB_OFFLINE`` and the usual proxy
    variables. It is imported at the first call: it takes a while, and a server whose model is
    cached never needs it.
    """

    def __init__(self, endpoint: str | None = None) -> None:
        self._endpoint = endpoint

    def describe(self, repo: str) -> HubSnapshot:
        """Ask the hub for the newest commit and its files' digests."""
        from huggingface_hub import HfApi

        with _translated(repo):
            info = HfApi(endpoint=self._endpoint).model_info(
                repo, files_metadata=True, timeout=_TIMEOUT_S
            )
        files = tuple(
            HubFile(file.rfilename, file.size, file.lfs.sha256 if file.lfs else None, file.blob_id)
            for file in info.siblings or ()
            if "/" not in file.rfilename
        )
        if info.sha is None:
            raise HubError(f"{repo} has no commit", kind="missing", lasting=True)
        return HubSnapshot(repo, info.sha, files)

    def download(self, snapshot: HubSnapshot, file: HubFile, folder: Path) -> None:
        """Let the library fetch the file; its own progress bars stay off."""
        from huggingface_hub import hf_hub_download

        with _translated(snapshot.repo), _without_bars():
            hf_hub_download(
                snapshot.repo,
                file.name,
                revision=snapshot.revision,
                local_dir=folder,
                endpoint=self._endpoint,
            )


@contextlib.contextmanager
def _without_bars() -> Iterator[None]:
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    if are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


@contextlib.contextmanager
def _translated(repo: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        translated = _translate(repo, error)
        if translated is None:
            raise
        raise translated from error


def _translate(repo: str, error: Exception) -> HubError | None:
    """Return what the library's exception means, or None for one of the file system."""
    from huggingface_hub import errors

    if isinstance(error, errors.OfflineModeIsEnabled):
        return HubError("HF_HUB_OFFLINE is set", kind="offline", lasting=True)
    if isinstance(error, errors.GatedRepoError):
        return HubError(f"{repo} asks for consent or a token", kind="refused", lasting=True)
    if isinstance(
        error, errors.RepositoryNotFoundError | errors.RevisionNotFoundError
    ) or _is_remote_entry_missing(error):
        return HubError(f"{repo} or a file of it is not on the hub", kind="missing", lasting=True)
    if isinstance(error, errors.HfHubHTTPError):
        return _translate_status(error)
    chain = [type(each).__name__ for each in _causes(error)]
    if isinstance(error, errors.LocalEntryNotFoundError) or _names_network(error):
        return HubError(f"the hub can't be reached ({chain[-1]})", kind="network", lasting=False)
    if isinstance(error, OSError) and error.errno is None:
        # The library's way to say that fewer or more bytes came than were announced.
        return HubError("the download broke off", kind="network", lasting=False)
    if isinstance(error, OSError):
        return None
    return HubError(f"the hub's library raised {chain[0]}", kind="other", lasting=False)


def _translate_status(error: Exception) -> HubError:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is None:
        return HubError("the hub can't be reached", kind="network", lasting=False)
    passing = status in {408, 425, 429} or status >= 500
    kind = "refused" if status in {401, 403} else "other"
    return HubError(f"the hub answered {status}", kind=kind, lasting=not passing)


def _is_remote_entry_missing(error: Exception) -> bool:
    from huggingface_hub import errors

    return isinstance(error, errors.EntryNotFoundError) and not isinstance(
        error, errors.LocalEntryNotFoundError
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__


def _names_network(error: Exception) -> bool:
    """Return whether it comes from the HTTP library below, which changed twice already."""
    names = {base.__name__ for base in type(error).__mro__}
    return bool(
        names
        & {"TransportError", "RequestException", "ConnectionError", "TimeoutError", "gaierror"}
    )
