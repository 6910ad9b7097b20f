"""Where transcripts go, decided beforehand; written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from streaming.cli.errors import CommandError
from streaming.cli.formats import Format
from streaming.cli.inputs import Input
from streaming.cli.outputs import plan_outputs, write_file


def given(*names: str) -> list[Input]:
    return [Input(name, Path(name), Path(name)) for name in names]


def planned(inputs: list[Input], output: Path | str, form: Format = Format.TEXT) -> list[str]:
    return [str(path) for path in plan_outputs(inputs, str(output), form)]


def test_without_an_output_all_goes_to_standard_output() -> None:
    assert plan_outputs(given("a.wav", "b.wav"), None, Format.TEXT) == [None, None]
    assert plan_outputs(given("a.wav"), "-", Format.VTT) == [None]


@pytest.mark.parametrize("form", [Format.SRT, Format.VTT])
def test_captions_of_several_files_need_a_folder(form: Format) -> None:
    with pytest.raises(CommandError, match=f"--format: '{form}' of 2 files"):
        plan_outputs(given("a.wav", "b.wav"), None, form)


def test_one_input_makes_a_file_and_several_a_folder(tmp_path: Path) -> None:
    assert planned(given("a.wav"), tmp_path / "x") == [str(tmp_path / "x")]
    assert planned(given("a.wav", "b.mp3"), tmp_path / "x", Format.VTT) == [
        str(tmp_path / "x" / "a.vtt"),
        str(tmp_path / "x" / "b.vtt"),
    ]


def test_a_folder_that_is_there_or_is_written_as_one_is_a_folder(tmp_path: Path) -> None:
    assert planned(given("a.wav"), tmp_path) == [str(tmp_path / "a.txt")]
    assert planned(given("a.wav"), f"{tmp_path}/new/") == [str(tmp_path / "new" / "a.txt")]


def test_sources_of_one_name_get_transcripts_of_several(tmp_path: Path) -> None:
    inputs = given("a.wav", "a.mp3", "b.wav")
    assert [Path(path).name for path in planned(inputs, tmp_path)] == [
        "a.wav.txt",
        "a.mp3.txt",
        "b.txt",
    ]
    twice = [Input(f"{n}/a.wav", Path(f"{n}/a.wav"), Path("a.wav")) for n in (1, 2, 3)]
    names = [Path(path).name for path in planned(twice, tmp_path)]
    assert len(set(names)) == 3


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_known_before(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IREAD | stat.S_IEXEC)
    try:
        with pytest.raises(CommandError, match="can't be written"):
            planned(given("a.wav"), tmp_path)
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("", encoding="utf-8")
    with pytest.raises(CommandError, match="can't be written: File exists"):
        planned(given("a.wav", "b.wav"), tmp_path / "x")


def test_the_source_is_not_overwritten(tmp_path: Path) -> None:
    source = tmp_path / "talk.txt"
    source.write_text("sound", encoding="utf-8")
    inputs = [Input(str(source), source, Path("talk.txt"))]
    for output in (source, tmp_path):
        with pytest.raises(CommandError, match="would overwrite"):
            planned(inputs, output)


def test_what_is_written_is_there_whole_with_the_usual_rights(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.txt"
    write_file(path, "one\nzwei ß\n")
    (tmp_path / "plain").touch()

    assert path.read_bytes() == "one\nzwei ß\n".encode()
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert os.listdir(path.parent) == ["a.txt"]  # noqa: PTH208


def test_what_cannot_be_written_leaves_nothing_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CommandError, match=r"--output: '.*a\.txt' can't be written: No space"):
        write_file(tmp_path / "a.txt", "text")
    assert list(tmp_path.iterdir()) == []
