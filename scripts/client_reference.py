"""Writes docs/api-python.md from the docstrings of streaming.client.

python -m scripts.client_reference
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints, is_typeddict

import streaming.client as client

TARGET = Path(__file__).parents[1] / "docs" / "api-python.md"

INTRODUCTION = """\
# The Python client's API

All of it is in `streaming.client`; what it does when connections are lost is in
[clients.md](clients.md), programs to begin with are in [examples](../examples/README.md). This page
is written by `python -m scripts.client_reference` from the docstrings. Times are milliseconds of
the audio that was sent.
"""

SECTIONS = {
    "With an event loop": ("connect", "Stream", "transcribe_file"),
    "Without an event loop": ("connect_sync", "SyncStream", "transcribe_file_sync"),
    "Sound": ("open_recording", "Recording", "Microphone", "input_devices"),
    "Options": (
        "Options", "StreamWishes", "Wishes", "Backoff", "Encoding", "Overflow", "Preset", "Task",
    ),
    "Events of the server": (
        "Event", "Started", "Limits", "Queued", "SpeechStarted", "SpeechEnded", "Partial", "Final",
        "Word", "Finalized", "Ack", "Language", "Warned", "Ended", "Failed",
    ),
    "Events of the client": ("Reconnecting", "Reconnected", "AudioLost"),
    "Errors": (
        "ClientError", "UsageError", "ConnectError", "ServerError", "ConnectionLostError",
        "MessageError", "RecordingError", "CaptureError",
    ),
    "States": ("State",),
}  # fmt: skip


def reference() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *_sections()])


def _sections() -> Iterator[str]:
    for title, names in SECTIONS.items():
        yield f"## {title}\n"
        for name in names:
            yield from _entry(name, getattr(client, name))


def _entry(name: str, it: Any) -> Iterator[str]:
    yield f"### `{name}`\n"
    if not inspect.isclass(it) and not inspect.isfunction(it):
        yield f"`{_clean(str(it))}`\n"
        return
    if is_typeddict(it):
        yield _text(it)
        yield _table((field, _type(kind)) for field, kind in get_type_hints(it).items())
    elif dataclasses.is_dataclass(it):
        yield _text(it)
        yield _table((field.name, _with_default(field)) for field in dataclasses.fields(it))
    elif inspect.isclass(it):
        if name.startswith("connect"):
            yield _code(name, it.__init__)
        yield _text(it)
        yield from _members(it)
    else:
        yield _code(name, it)
        yield _text(it)


def _members(kind: type) -> Iterator[str]:
    for name, member in vars(kind).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            shown = inspect.signature(member.fget or str).return_annotation
            yield f"**`{name}`**: `{_type(shown)}`\n"
            yield _text(member)
        elif inspect.isfunction(member):
            yield _code(name, member)
            yield _text(member)


class _Plain:
    """An annotation that is shown as it was written."""

    def __init__(self, annotation: str) -> None:
        self._annotation = annotation

    def __repr__(self) -> str:
        return self._annotation


def _code(name: str, function: Any) -> str:
    signature = inspect.signature(function)
    given = [
        each.replace(annotation=_Plain(each.annotation))
        for each in signature.parameters.values()
        if each.name != "self"
    ]
    result = _Plain(signature.return_annotation)
    said = str(signature.replace(parameters=given, return_annotation=result))
    said = _clean(said).removesuffix(" -> None")
    waits = "async " if inspect.iscoroutinefunction(function) else ""
    whole = f"{waits}{name}{said}"
    if len(whole) > 100:
        inside, _, rest = said[1:].rpartition(")")
        parts = re.split(r", (?![^\[(]*[\])])", inside)
        whole = f"{waits}{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){rest}"
    return f"```python\n{whole}\n```\n"


def _text(it: Any) -> str:
    text = inspect.cleandoc(it.__doc__ or "")
    text = re.sub(r"::\n\n((?:    .*\n?|\n)+)", _block, text)
    return text.replace("``", "`") + "\n"


def _block(match: re.Match[str]) -> str:
    return f"\n\n```python\n{inspect.cleandoc(match[1])}\n```\n\n"


def _table(rows: Iterator[tuple[str, str]]) -> str:
    lines = [f"| `{name}` | `{kind}` |".replace("\\", "") for name, kind in rows]
    escaped = [re.sub(r"(?<=\w) \| (?=\w)", r" \\| ", line) for line in lines]
    return "\n".join(["| field | |", "|---|---|", *escaped]) + "\n"


def _with_default(field: Any) -> str:
    if field.default is dataclasses.MISSING:
        return _type(field.type)
    return f"{_type(field.type)} = {field.default!r}"


def _type(kind: Any) -> str:
    return _clean(kind if isinstance(kind, str) else inspect.formatannotation(kind))


def _clean(text: str) -> str:
    return re.sub(r"\b(?:streaming\.client\.\w+|collections\.abc|typing|types)\.", "", text)


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
