"""What every message of the native protocol must look like, once; and what a session may say.

:func:`check` holds one message against its fields and their types. :class:`Transcript` holds a
whole exchange against the rules that span messages. Every test that reads events uses them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]


def integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def count(value: Any) -> bool:
    return integer(value) and value >= 0


def text(value: Any) -> bool:
    return isinstance(value, str)


def named(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def one_of(*values: str) -> Check:
    return lambda value: value in values


def limits(value: Any) -> bool:
    names = {"max_session_ms", "max_idle_ms", "max_message_bytes", "max_backlog_ms"}
    return isinstance(value, dict) and names <= set(value) and all(map(count, value.values()))


def words(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(word, dict)
        and set(word) == {"text", "start_ms", "end_ms", "confidence"}
        and named(word["text"])
        and word["text"] == word["text"].strip()
        and count(word["start_ms"])
        and count(word["end_ms"])
        and word["start_ms"] <= word["end_ms"]
        and share(word["confidence"])
        for word in value
    )


REQUIRED: Mapping[str, Mapping[str, Check]] = {
    "started": {
        "session_id": named,
        "resume_token": named,
        "model": named,
        "device": named,
        "language": named,
        "limits": limits,
    },
    "queued": {"position": lambda value: count(value) and value > 0, "eta_ms": count},
    "speech_started": {"channel": count, "at_ms": count},
    "speech_ended": {"channel": count, "at_ms": count},
    "partial": {
        "segment": count,
        "revision": count,
        "channel": count,
        "start_ms": count,
        "end_ms": count,
        "text": named,
        "committed": text,
        "tentative": text,
        "language": named,
    },
    "final": {
        "segment": count,
        "channel": count,
        "start_ms": count,
        "end_ms": count,
        "text": named,
        "confidence": share,
        "language": named,
        "language_confidence": share,
        "reason": one_of("silence", "max_length", "finalize", "end"),
    },
    "finalized": {"through_ms": count},
    "ack": {"received_ms": count, "decoded_ms": count},
    "language": {"channel": count, "language": named, "confidence": share},
    "warning": {
        "code": one_of(
            "slow_partials", "draining", "clipping", "no_audio", "limit_near", "suppressed"
        ),
        "message": named,
    },
    "error": {"code": named, "message": named, "retryable": flag},
    "ended": {"audio_ms": count, "segments": count, "words": count},
}

# Messages that last carry their number: see "Resuming" in docs/protocol.md.
LASTING = frozenset(
    {"speech_started", "speech_ended", "final", "finalized", "language", "warning", "ended"}
)
PASSING_WARNINGS = frozenset({"slow_partials", "draining"})

OPTIONAL: Mapping[str, Mapping[str, Check]] = {
    "started": {"partial_model": named, "resumed_from_ms": count},
    "final": {"words": words},
    "finalized": {"id": text},
    "error": {"retry_after_ms": count, "field": named},
}

# What stands beside code and message of a warning.
WARNING_DETAIL: Mapping[str, Mapping[str, Check]] = {
    "draining": {"deadline_ms": count},
    "clipping": {"clipped_samples": count},
    "no_audio": {"silent_ms": count},
    "slow_partials": {"behind_ms": count},
    "limit_near": {"limit": named, "remaining_ms": count},
    "suppressed": {
        "segment": count,
        "channel": count,
        "start_ms": count,
        "end_ms": count,
        "reason": named,
    },
}

CLOSE_CODES: Mapping[str, int] = {
    "internal": 1011,
    "engine_fault": 1011,
    "model_unavailable": 1011,
    "restarting": 1012,
    "overloaded": 1013,
    "message_too_big": 1009,
    "bad_message": 4400,
    "not_authorised": 4401,
    "origin_refused": 4403,
    "idle_timeout": 4408,
    "taken_over": 4409,
    "unsupported_audio": 4415,
    "bad_configuration": 4422,
    "unknown_session": 4422,
    "quota_exceeded": 4429,
    "session_too_long": 4440,
    "client_too_slow": 4460,
}


def check(event: Any) -> dict[str, Any]:
    """Return the event when all its fields are there and right; AssertionError says which isn't."""
    assert isinstance(event, dict), event
    kind = str(event.get("type"))
    assert kind in REQUIRED, f"unknown type {kind!r}"
    required = dict(REQUIRED[kind])
    optional = dict(OPTIONAL.get(kind, {}))
    if kind in LASTING:
        optional["seq"] = count
    if kind == "warning":
        required |= WARNING_DETAIL.get(event.get("code", ""), {})
    for name, right in required.items():
        assert name in event, f"{kind} without {name}: {event}"
        assert right(event[name]), f"{kind}.{name} is {event[name]!r}"
    for name, right in optional.items():
        assert name not in event or right(event[name]), f"{kind}.{name} is {event[name]!r}"
    unknown = set(event) - set(required) - set(optional) - {"type"}
    assert not unknown, f"{kind} with unknown fields {unknown}"
    _consistent(kind, event)
    return event


def _consistent(kind: str, event: Mapping[str, Any]) -> None:
    if "start_ms" in event:
        assert event["start_ms"] <= event["end_ms"], event
    if kind == "partial":
        assert event["revision"] >= 1, event
        assert event["text"] == event["committed"] + event["tentative"], event
    if kind == "error":
        assert event["code"] in CLOSE_CODES, event


class Transcript:
    """Everything one session said so far, checked as it comes."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._committed: dict[int, str] = {}
        self._revision: dict[int, int] = {}
        self._done: dict[int, int] = {}
        self._speaking: dict[int, bool] = {}
        self._ack = {"received_ms": -1, "decoded_ms": -1}
        self._through = -1
        self._over: str | None = None
        self._begun = False
        self._seq = 0

    @property
    def seq(self) -> int:
        """The number of the last message that lasts."""
        return self._seq

    def lost(self) -> int:
        """Go on behind a lost socket; return the number of the last message that came."""
        self._over, self._begun = None, False
        return self._seq

    def add(self, event: Any) -> dict[str, Any]:
        """Take the next event."""
        checked = check(event)
        kind = checked["type"]
        assert self._over is None, f"{kind} after {self._over}"
        waited = bool(self.events) and not self._begun
        if kind == "queued":
            assert not self._begun, "queued after started"
        elif kind not in ("started", "error") and not (kind == "ended" and waited):
            assert self._begun, f"{kind} before started"
        if kind == "started":
            assert not self._begun, "started twice"
            self._begun = True
        lasting = kind in LASTING and checked.get("code") not in PASSING_WARNINGS
        assert not self._seq or ("seq" in checked) == lasting, f"wrongly numbered: {checked}"
        if "seq" in checked:
            assert checked["seq"] == self._seq + 1, f"message {checked['seq']} after {self._seq}"
            self._seq += 1
        rule = getattr(self, f"_{kind}_rule", None)
        if rule is not None:
            rule(checked)
        if kind in ("error", "ended"):
            self._over = kind
        self.events.append(checked)
        return checked

    def of(self, kind: str) -> list[dict[str, Any]]:
        """All events of one type."""
        return [event for event in self.events if event["type"] == kind]

    @property
    def finals(self) -> list[dict[str, Any]]:
        """All finals."""
        return self.of("final")

    def text(self, channel: int = 0) -> str:
        """What was said on a channel, by its finals."""
        return " ".join(final["text"] for final in self.finals if final["channel"] == channel)

    # -- rules over several messages -----------------------------------------------------------

    def _speech_started_rule(self, event: dict[str, Any]) -> None:
        assert not self._speaking.get(event["channel"]), "speech started twice"
        self._speaking[event["channel"]] = True

    def _speech_ended_rule(self, event: dict[str, Any]) -> None:
        assert self._speaking.get(event["channel"]), "speech ended that had not started"
        self._speaking[event["channel"]] = False

    def _partial_rule(self, event: dict[str, Any]) -> None:
        segment = event["segment"]
        assert segment not in self._done, "a partial after its final"
        assert event["revision"] > self._revision.get(segment, 0), "revisions must grow"
        before = self._committed.get(segment, "")
        assert event["committed"].startswith(before), "committed text was taken back"
        self._revision[segment] = event["revision"]
        self._committed[segment] = event["committed"]

    def _settle(self, event: dict[str, Any]) -> None:
        segment, channel = event["segment"], event["channel"]
        assert segment not in self._done, "a segment ended twice"
        before = [number for number, where in self._done.items() if where == channel]
        assert all(number < segment for number in before), "finals out of order in a channel"
        self._done[segment] = channel

    def _final_rule(self, event: dict[str, Any]) -> None:
        self._settle(event)
        for word in event.get("words", ()):
            assert event["start_ms"] <= word["start_ms"] <= word["end_ms"] <= event["end_ms"], event

    def _warning_rule(self, event: dict[str, Any]) -> None:
        if event["code"] == "suppressed":
            self._settle(event)

    def _finalized_rule(self, event: dict[str, Any]) -> None:
        assert event["through_ms"] >= self._through, "finalized goes back"
        self._through = event["through_ms"]

    def _ack_rule(self, event: dict[str, Any]) -> None:
        for name, before in self._ack.items():
            assert event[name] >= before, f"{name} goes back"
            self._ack[name] = event[name]
        assert event["decoded_ms"] <= event["received_ms"], event

    def _ended_rule(self, event: dict[str, Any]) -> None:
        assert event["segments"] == len(self._done), event
        assert not any(self._speaking.values()), "speech that never ended"
        if all("words" in final for final in self.finals):
            assert event["words"] == sum(len(final["words"]) for final in self.finals), event
