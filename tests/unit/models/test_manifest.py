from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from streaming.models.manifest import (
    Damage,
    FileDigest,
    Manifest,
    check_digests,
    check_sizes,
    read_manifest,
    remember_verified,
    sha256_of,
    was_verified,
    write_manifest,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.bin").write_bytes(b"abc")
    return tmp_path


@pytest.fixture
def manifest(folder: Path) -> Manifest:
    # FIPS 180-2, appendix B.1
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    return Manifest("tiny", "here", {"model.bin": FileDigest(3, abc)})


def test_a_manifest_survives_being_written(folder: Path, manifest: Manifest) -> None:
    write_manifest(folder, manifest)
    assert read_manifest(folder) == manifest


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "is missing"),
        ("", "can't be read"),
        ("[]", "can't be read"),
        ('{"format": 2}', "has format 2, not 1"),
        ('{"format": 1, "name": "x", "source": "y", "files": {"a": 1}}', "can't be read"),
        (
            '{"format": 1, "name": "x", "source": "y",'
            ' "files": {"../a": {"size": 1, "sha256": ""}}}',
            "names files outside its folder",
        ),
    ],
)
def test_a_bad_manifest_is_damage(tmp_path: Path, text: str | None, reason: str) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    assert read_manifest(tmp_path) == Damage(None, reason)


def test_the_right_files_pass_both_checks(folder: Path, manifest: Manifest) -> None:
    assert check_sizes(folder, manifest) is None
    assert check_digests(folder, manifest) is None


def test_sizes_show_a_truncated_and_a_missing_file(folder: Path, manifest: Manifest) -> None:
    (folder / "model.bin").write_bytes(b"ab")
    assert check_sizes(folder, manifest) == Damage("model.bin", "has 2 bytes instead of 3")
    (folder / "model.bin").unlink()
    assert str(check_sizes(folder, manifest)) == "model.bin is missing"


def test_only_digests_show_a_flipped_bit(folder: Path, manifest: Manifest) -> None:
    (folder / "model.bin").write_bytes(b"abb")
    assert check_sizes(folder, manifest) is None
    damage = check_digests(folder, manifest)
    assert damage is not None
    assert "SHA-256" in damage.reason


def test_digests_report_every_byte(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 2_500_000)
    lengths: list[int] = []
    sha256_of(tmp_path / "big", lengths.append)
    assert sum(lengths) == 2_500_000
    assert len(lengths) > 1


def test_verification_is_remembered_until_a_file_changes(folder: Path, manifest: Manifest) -> None:
    assert not was_verified(folder, manifest)
    remember_verified(folder, manifest)
    assert was_verified(folder, manifest)
    os.utime(folder / "model.bin", ns=(1, 1))
    assert not was_verified(folder, manifest)


def test_verification_is_bound_to_the_manifest(folder: Path, manifest: Manifest) -> None:
    remember_verified(folder, manifest)
    other = Manifest("tiny", "here", {"model.bin": FileDigest(3, "0" * 64)})
    assert not was_verified(folder, other)


def test_a_damaged_note_is_no_verification(folder: Path, manifest: Manifest) -> None:
    remember_verified(folder, manifest)
    (folder / ".verified.json").write_text(json.dumps([1])[:-1])
    assert not was_verified(folder, manifest)


def test_the_digest_depends_on_files_and_names_alone(manifest: Manifest) -> None:
    assert Manifest("other", "elsewhere", manifest.files).digest == manifest.digest
    renamed = {"other.bin": manifest.files["model.bin"]}
    assert Manifest("tiny", "here", renamed).digest != manifest.digest
