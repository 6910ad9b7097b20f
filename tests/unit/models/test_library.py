from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from streaming.models.errors import (
    CacheUnusable,
    DamagedModel,
    FetchFailed,
    IncompleteModel,
    ModelError,
    UnknownModel,
)
from streaming.models.hub import HubError
from streaming.models.manifest import Damage
from streaming.models.pip import PipFailed, PipMissing
from streaming.models.progress import FetchProgress
from tests.unit.models.fakes import (
    FILES,
    ScriptedHub,
    Sleeps,
    TinyIndex,
    library,
    network_trouble,
    small_spec,
)


def visible(root: Path) -> list[str]:
    """What lies in a cache beside its own hidden folders."""
    return sorted(each.name for each in root.iterdir() if not each.name.startswith("."))


def leftovers(root: Path, name: str) -> list[str]:
    staging = root / ".staging" / name
    return sorted(each.name for each in staging.iterdir()) if staging.exists() else []


def test_the_embedded_model_is_put_together_from_its_wheels(index: TinyIndex, root: Path) -> None:
    files = library(root, index=index).resolve("base")
    assert files.path == root / "base"
    assert {name: (files.path / name).read_bytes() for name in FILES} == FILES
    assert files.size_bytes == sum(map(len, FILES.values()))
    assert visible(root) == ["base"]
    assert sorted(each.name for each in files.path.iterdir()) == sorted(
        [*FILES, "manifest.json", ".verified.json"]
    )


def test_a_cached_model_needs_no_index_and_has_the_same_digest(
    index: TinyIndex, root: Path
) -> None:
    first = library(root, index=index).resolve("base")
    again = library(root).resolve("base", offline=True)
    assert again == first


def test_progress_ends_with_everything_assembled(index: TinyIndex, root: Path) -> None:
    seen: list[FetchProgress] = []
    library(root, index=index).resolve("base", progress=seen.append)
    assert [step.stage for step in seen][-1] == "assemble"
    assert seen[-1].done_bytes == seen[-1].total_bytes == sum(map(len, FILES.values()))
    assert all(0 <= step.done_bytes <= step.total_bytes for step in seen)


def remove(path: Path) -> None:
    path.unlink()


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("harm", [remove, truncate, flip])
@pytest.mark.parametrize("file", ["model.bin", "tokenizer.json"])
def test_a_damaged_model_is_moved_aside_and_fetched_again(
    index: TinyIndex, root: Path, harm: Callable[[Path], None], file: str
) -> None:
    shelf = library(root, index=index)
    path = shelf.resolve("base").path
    harm(path / file)
    assert shelf.resolve("base").path == path
    assert (path / file).read_bytes() == FILES[file]
    assert index.downloads == 2
    aside = [name for name in visible(root) if name.startswith("base.damaged-")]
    assert len(aside) == 1
    assert (root / aside[0] / "config.json").exists()


def test_only_the_last_damaged_model_is_kept(index: TinyIndex, root: Path) -> None:
    (root / "base.damaged-20200101T000000Z").mkdir(parents=True)
    (root / "base.en.damaged-20200101T000000Z").mkdir()
    shelf = library(root, index=index)
    truncate(shelf.resolve("base").path / "model.bin")
    shelf.resolve("base")
    assert "base.damaged-20200101T000000Z" not in visible(root)
    assert len([name for name in visible(root) if name.startswith("base.damaged-")]) == 1
    assert "base.en.damaged-20200101T000000Z" in visible(root)


def test_a_damaged_model_is_left_alone_when_it_may_not_be_fetched(
    index: TinyIndex, root: Path
) -> None:
    path = library(root, index=index).resolve("base").path
    truncate(path / "model.bin")
    with pytest.raises(DamagedModel, match=r"model\.bin has \d+ bytes instead of \d+") as caught:
        library(root).resolve("base", offline=True)
    assert "wirescribe models fetch base" in caught.value.advice
    assert visible(root) == ["base"]


def test_a_manifest_that_was_tampered_with_does_not_vouch_for_the_embedded_model(
    index: TinyIndex, root: Path
) -> None:
    shelf = library(root, index=index)
    path = shelf.resolve("base").path
    other = TinyIndex(path.parent / "other")
    (path / "model.bin").write_bytes(b"x" * len(FILES["model.bin"]))
    text = (path / "manifest.json").read_text()
    pinned = other.source.files[0].sha256
    (path / "manifest.json").write_text(text.replace(pinned, "0" * 64))
    assert shelf.check(index.spec).damage is not None


def test_an_absent_model_offline_says_how_to_get_it(root: Path) -> None:
    with pytest.raises(FetchFailed, match="'small' is not in the cache") as caught:
        library(root).resolve("small", offline=True)
    assert "wirescribe models fetch small" in caught.value.advice
    assert not root.exists()


def test_a_near_miss_is_recognised(root: Path) -> None:
    with pytest.raises(UnknownModel, match="did you mean 'large-v3-turbo'") as caught:
        library(root).resolve("large-v3-tubro")
    assert "distil-small.en" in caught.value.advice


@pytest.mark.parametrize("name", ["", "\0", "no/such/dir", "x" * 5000, "~nobody-here/model"])
def test_what_is_neither_name_nor_directory_is_refused(root: Path, name: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        library(root).resolve(name)
    assert len(caught.value.message) < 200


def test_a_name_wins_over_a_directory_of_that_name(
    index: TinyIndex, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "base").mkdir()
    monkeypatch.chdir(tmp_path)
    assert library(root, index=index).resolve("base").path == root / "base"
    with pytest.raises(IncompleteModel):
        library(root).resolve("./base")


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (PipMissing(), "ensurepip"),
        (
            PipFailed("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", lasting=True),
            "PIP_FIND_LINKS",
        ),
    ],
)
def test_lasting_trouble_with_pip_is_not_tried_again(
    index: TinyIndex, root: Path, trouble: Exception, says: str
) -> None:
    def fail() -> None:
        raise trouble

    index.before = fail
    sleeps = Sleeps()
    with pytest.raises(FetchFailed) as caught:
        library(root, index=index, sleeps=sleeps).resolve("base")
    assert says in caught.value.advice
    assert sleeps.pauses_s == []
    assert visible(root) == leftovers(root, "base") == []


def test_passing_trouble_with_pip_is_tried_three_times(index: TinyIndex, root: Path) -> None:
    def fail() -> None:
        raise PipFailed("ReadTimeoutError", lasting=False)

    index.before = fail
    sleeps = Sleeps()
    with pytest.raises(FetchFailed, match="package index"):
        library(root, index=index, sleeps=sleeps).resolve("base")
    assert index.downloads == 3
    assert sleeps.pauses_s == [1.0, 2.0]


def test_a_full_disk_leaves_nothing_behind(index: TinyIndex, root: Path) -> None:
    def fill() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    index.before = fill
    with pytest.raises(CacheUnusable, match="no space left") as caught:
        library(root, index=index).resolve("base")
    assert str(root) in caught.value.advice
    assert str(root) not in caught.value.message
    assert visible(root) == leftovers(root, "base") == []


def test_a_disk_that_is_too_small_is_noticed_before_anything_is_fetched(
    index: TinyIndex, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10})())
    with pytest.raises(CacheUnusable, match="no space left"):
        library(root, index=index).resolve("base")
    assert index.downloads == 0


def test_a_cache_that_cant_be_made_is_an_error_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CacheUnusable) as caught:
        library(tmp_path / "file" / "models").resolve("small")
    assert "WIRESCRIBE_MODELS_DIR" in caught.value.advice


def test_two_that_fetch_at_once_fetch_once(index: TinyIndex, root: Path) -> None:
    inside, proceed = threading.Event(), threading.Event()

    def hold() -> None:
        inside.set()
        assert proceed.wait(30)

    index.before = hold
    found: list[Path] = []
    shelves = [library(root, index=index) for _ in range(4)]
    threads = [
        threading.Thread(target=lambda shelf=shelf: found.append(shelf.resolve("base").path))
        for shelf in shelves
    ]
    for thread in threads:
        thread.start()
    assert inside.wait(30)
    proceed.set()
    for thread in threads:
        thread.join(30)
    assert found == [root / "base"] * 4
    assert index.downloads == 1


def test_a_hub_model_is_fetched_with_the_large_file_last(root: Path) -> None:
    hub = ScriptedHub(files=FILES | {"preprocessor_config.json": b"{}", "README.md": b"hello"})
    files = library(root, hub=hub).resolve("small")
    assert hub.calls == [
        "describe Systran/faster-whisper-small",
        "download config.json",
        "download tokenizer.json",
        "download vocabulary.json",
        "download preprocessor_config.json",
        "download model.bin",
    ]
    assert sorted(each.name for each in files.path.iterdir()) == sorted(
        [*FILES, "preprocessor_config.json", "manifest.json", ".verified.json"]
    )
    assert library(root).resolve("small", offline=True) == files


def test_an_alias_shares_the_folder_of_its_model(root: Path) -> None:
    assert library(root, hub=ScriptedHub()).resolve("turbo").path == root / "large-v3-turbo"
    assert library(root).resolve("large-v3-turbo", offline=True).mel_bins == 128


def test_passing_trouble_with_the_hub_is_sat_out(root: Path) -> None:
    hub = ScriptedHub(troubles=[network_trouble(), network_trouble()])
    sleeps = Sleeps()
    library(root, hub=hub, sleeps=sleeps).resolve("small")
    assert sleeps.pauses_s == [1.0, 2.0]


def test_a_hub_that_stays_away_is_given_up_after_three_tries(root: Path) -> None:
    hub = ScriptedHub(troubles=[network_trouble()] * 5)
    with pytest.raises(FetchFailed, match="answered 503") as caught:
        library(root, hub=hub).resolve("small")
    assert len(hub.calls) == 3
    assert "HF_ENDPOINT" in caught.value.advice
    assert visible(root) == []


@pytest.mark.parametrize(
    ("kind", "says"),
    [("offline", "HF_HUB_OFFLINE"), ("refused", "HF_TOKEN"), ("missing", "models list")],
)
def test_lasting_trouble_with_the_hub_is_not_tried_again(root: Path, kind: str, says: str) -> None:
    hub = ScriptedHub(troubles=[HubError("no", kind=kind, lasting=True)])
    with pytest.raises(FetchFailed) as caught:
        library(root, hub=hub).resolve("small")
    assert len(hub.calls) == 1
    assert says in caught.value.advice
    assert "directory" in caught.value.advice or "path" in caught.value.advice


def test_a_file_that_comes_wrong_is_fetched_again(root: Path) -> None:
    spoiled = {"model.bin", "config.json"}

    def spoil(name: str, data: bytes) -> bytes:
        if name in spoiled:
            spoiled.remove(name)
            return data[:-1] + b"?"
        return data

    hub = ScriptedHub(spoil=spoil)
    path = library(root, hub=hub).resolve("small").path
    assert hub.calls.count("download model.bin") == hub.calls.count("download config.json") == 2
    assert {name: (path / name).read_bytes() for name in FILES} == FILES


def test_a_file_that_keeps_coming_wrong_never_becomes_visible(root: Path) -> None:
    hub = ScriptedHub(spoil=lambda name, data: b"rubbish" if name == "model.bin" else data)
    with pytest.raises(FetchFailed, match=r"model\.bin came with another digest"):
        library(root, hub=hub).resolve("small")
    assert visible(root) == []
    assert "model.bin" not in leftovers(root, "small")


def test_a_repository_without_a_model_is_refused(root: Path) -> None:
    hub = ScriptedHub(files={"model.safetensors": b"", "config.json": b""})
    with pytest.raises(FetchFailed, match=r"lacks model\.bin, tokenizer\.json, vocabulary\.json"):
        library(root, hub=hub).resolve("small")


def test_a_disk_that_fills_during_a_hub_fetch_is_emptied_again(root: Path) -> None:
    def fill(name: str, data: bytes) -> bytes:
        if name == "model.bin":
            raise OSError(errno.ENOSPC, "No space left on device")
        return data

    hub = ScriptedHub(spoil=fill)
    with pytest.raises(CacheUnusable, match="no space left"):
        library(root, hub=hub).resolve("small")
    assert visible(root) == leftovers(root, "small") == []


def test_what_an_ended_fetch_left_is_taken_up(root: Path) -> None:
    staging = root / ".staging" / "small"
    staging.mkdir(parents=True)
    (staging / "model.bin.incomplete").write_bytes(b"half")
    path = library(root, hub=ScriptedHub()).resolve("small").path
    assert not (path / "model.bin.incomplete").exists()


def test_a_hub_model_without_a_manifest_counts_as_damaged(root: Path) -> None:
    shelf = library(root, hub=ScriptedHub())
    path = shelf.resolve("small").path
    (path / "manifest.json").unlink()
    assert shelf.check(small_spec()).damage == Damage(None, "is missing")
    shelf.resolve("small")
    assert shelf.check(small_spec()).damage is None


def test_every_model_error_can_be_shown_and_printed(root: Path) -> None:
    with pytest.raises(ModelError) as caught:
        library(root).resolve("nonesuch")
    assert caught.value.code == "model_unavailable"
    assert str(caught.value) == f"{caught.value.message}\n{caught.value.advice}"


def test_a_read_only_cache_serves_what_it_holds(index: TinyIndex, root: Path) -> None:
    shelf = library(root, index=index)
    path = shelf.resolve("base").path
    (path / ".verified.json").unlink()
    path.chmod(0o555)
    root.chmod(0o555)
    try:
        assert library(root).resolve("base").path == path
    finally:
        root.chmod(0o755)
        path.chmod(0o755)
