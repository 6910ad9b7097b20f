from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from load.manifest import ManifestError, Recording, Selection, parse_line, read_manifest

ROW: dict[str, Any] = {
    "file": "a/b.wav",
    "set": "a",
    "language": "en",
    "text": "two words",
    "word_ends": [0.5, 1.0],
    "duration_s": 1.2,
    "kind": "read",
    "licence": "CC0",
}


def line(**changes: Any) -> str:
    return json.dumps({name: v for name, v in (ROW | changes).items() if v is not ...})


def test_a_line() -> None:
    assert parse_line(line(), Path("/speech")) == Recording(
        path=Path("/speech/a/b.wav"),
        file="a/b.wav",
        set="a",
        language="en",
        kind="read",
        texts=("two words",),
        word_ends=(0.5, 1.0),
        duration_s=1.2,
    )


def test_sound_that_is_not_speech_and_two_channels() -> None:
    quiet = parse_line(line(text=None, word_ends=...), Path())
    assert quiet.texts == (None,)
    assert not quiet.is_speech
    assert quiet.words == ()
    both = parse_line(line(text=None, text_channels=["left", "right"], word_ends=None), Path())
    assert both.texts == ("left", "right")
    assert both.is_speech


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "line 3: not JSON"),
        ("[]", "line 3: not a JSON object"),
        (line(set=...), "line 3: field 'set' is missing"),
        (line(word_ends=[1.0]), "line 3: 1 word_ends for 2 words"),
        (line(word_ends=[1.0, 0.5]), "line 3: word_ends don't grow"),
    ],
)
def test_a_bad_line_is_named(text: str, says: str) -> None:
    with pytest.raises(ManifestError, match=says):
        parse_line(text, Path(), number=3)


def test_a_file_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    path.write_text(line() + "\n\n" + line(language="de", set="b") + "\n", encoding="utf-8")
    recordings = read_manifest(path)
    assert [recording.language for recording in recordings] == ["en", "de"]
    assert recordings[0].path == tmp_path / "a/b.wav"
    with pytest.raises(ManifestError, match="can't be read"):
        read_manifest(tmp_path / "missing.jsonl")


def test_choosing() -> None:
    one = parse_line(line(), Path())
    two = parse_line(line(set="b", language="de", kind="command", word_ends=...), Path())
    both = [one, two]
    assert Selection().choose(both) == both
    assert Selection(sets=frozenset({"b"})).choose(both) == [two]
    assert Selection(languages=frozenset({"en"})).choose(both) == [one]
    assert Selection(kinds=frozenset({"command"})).choose(both) == [two]
    assert Selection(without_sets=frozenset({"b"})).choose(both) == [one]
    assert Selection(timed_only=True).choose(both) == [one]
    with pytest.raises(ManifestError, match="no recording matches"):
        Selection(sets=frozenset({"c"})).choose(both)
