"""The scenarios of the conformance suite: what a server does, and what a client makes of it.

Data in ``scenarios/*.json``, played to the Python client by ``test_python.py`` and to the
JavaScript client by ``client_js/test/conformance.test.ts``. ``README.md`` says what each field is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("scenarios")

Step = dict[str, Any]


def scenarios() -> list[dict[str, Any]]:
    """All of them; a name is the file's and the scenario's."""
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        for scenario in json.loads(path.read_text(encoding="utf-8")):
            found.append(scenario | {"name": f"{path.stem}: {scenario['name']}"})
    return found


@dataclass(frozen=True)
class Signal:
    """Sound in which each frame can be told from its neighbours."""

    encoding: str = "pcm_s16le"
    sample_rate: int = 16_000
    channels: int = 1

    @property
    def frame_bytes(self) -> int:
        """One sample of every channel."""
        return self.channels * (2 if self.encoding == "pcm_s16le" else 1)

    def frames(self, ms: int) -> int:
        """How many frames lie before a moment."""
        return ms * self.sample_rate // 1000

    def sound(self, start_ms: int, end_ms: int, muted: tuple[int, ...] = ()) -> bytes:
        """The bytes between two moments; ``muted`` channels are silent."""
        made = bytearray()
        for frame in range(self.frames(start_ms), self.frames(end_ms)):
            for channel in range(self.channels):
                made += self.silent if channel in muted else self._sample(frame)
        return bytes(made)

    @property
    def silent(self) -> bytes:
        """A sample of silence."""
        return b"\0\0" if self.encoding == "pcm_s16le" else b"\xff"

    def _sample(self, frame: int) -> bytes:
        if self.encoding == "pcm_s16le":
            return (frame % 30_011 + 1).to_bytes(2, "little")
        return bytes([frame % 199 + 1])

    def expected(self, parts: list[Any]) -> bytes:
        """The bytes of a list such as ``[[0, 500], {"silence": 100}]``."""
        made = b""
        for part in parts:
            if isinstance(part, list):
                made += self.sound(*part)
            elif "silence" in part:
                made += self.silent * self.channels * self.frames(part["silence"])
            else:
                made += self.sound(part["from"], part["to"], tuple(part["muted"]))
        return made


def event(told: Any) -> dict[str, Any]:
    """An event of a script: a short form such as ``{"ack": [1000, 500]}``, or as on the wire."""
    match told:
        case {"partial": [segment, revision, start, end, text, *rest]}:
            fields = {"segment": segment, "revision": revision, "start_ms": start, "end_ms": end}
            tail = {"text": text, "committed": "", "tentative": text, "language": "en"}
            made = {"type": "partial", "channel": rest[0] if rest else 0} | fields | tail
        case {"final": [segment, start, end, text, *rest]}:
            fields = {"segment": segment, "start_ms": start, "end_ms": end, "text": text}
            sure = {"confidence": 0.9, "language": "en", "language_confidence": 1.0}
            channel = {"channel": rest[0] if rest else 0, "reason": "silence"}
            made = {"type": "final"} | channel | fields | sure
        case {"ack": [received, decoded]}:
            made = {"type": "ack", "received_ms": received, "decoded_ms": decoded}
        case {"error": fields}:
            made = {"type": "error"} | fields
        case {"say": fields}:
            made = dict(fields)
        case _:
            raise ValueError(f"no event: {told}")
    if "seq" in told:
        made["seq"] = told["seq"]
    return made


def started(fields: dict[str, Any]) -> dict[str, Any]:
    """A ``started``: these fields, and for the rest those of session ``s1``."""
    return {
        "type": "started",
        "session_id": "s1",
        "resume_token": "t1",
        "model": "scripted",
        "device": "none",
        "language": "en",
        "limits": {},
    } | fields


def wanted(expected: Any) -> dict[str, Any]:
    """An expected event; its type alone is enough."""
    return {"type": expected} if isinstance(expected, str) else dict(expected)


def fits(told: dict[str, Any], expected: Any) -> bool:
    """Whether an event is the expected one: every field named is as it says."""
    fields = wanted(expected)
    delay = told.get("delay_ms")
    if (least := fields.pop("delay_at_least_ms", None)) is not None and not delay >= least:
        return False
    if (most := fields.pop("delay_at_most_ms", None)) is not None and not delay <= most:
        return False
    if fields.pop("waits", False) and delay is not None:
        return False
    if detail := fields.pop("detail", None):
        given = told.get("detail", {})
        if any(given.get(name) != value for name, value in detail.items()):
            return False
    return all(told.get(name) == value for name, value in fields.items())
