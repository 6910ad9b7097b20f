"""``docs/protocol.md`` and ``docs/operations.md`` say what the server does: examples and tables."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from streaming import errors
from streaming.audio.formats import Encoding
from streaming.endpointing import Preset
from streaming.engine.fake import FakeEngine
from streaming.errors import WirescribeError
from streaming.events import EndReason, WarningCode
from streaming.options import SessionConfig, parse_configure, parse_start
from streaming.settings import Settings
from streaming.transports.codec import Configure, Start
from streaming.transports.native import NativeCodec
from tests.protocol.schema import CLOSE_CODES, REQUIRED, WARNING_DETAIL, check

DOCS = Path(__file__).parents[2] / "docs"
PROTOCOL = (DOCS / "protocol.md").read_text(encoding="utf-8")
OPERATIONS = (DOCS / "operations.md").read_text(encoding="utf-8")
CLIENT = {"start", "configure", "finalize", "keepalive", "end"}


def examples(text: str) -> list[dict[str, Any]]:
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


@pytest.mark.parametrize("example", examples(PROTOCOL), ids=lambda example: example["type"])
def test_every_example_is_a_message_of_the_protocol(example: dict[str, Any]) -> None:
    if example["type"] not in CLIENT:
        check(example)
        return
    (command,) = NativeCodec().text(json.dumps(example))
    languages = FakeEngine().info.languages
    if isinstance(command, Start):
        parse_start(command.options, languages=languages)
    if isinstance(command, Configure):
        parse_configure(command.options, SessionConfig(), languages=languages)


def test_every_type_has_an_example() -> None:
    assert {example["type"] for example in examples(PROTOCOL)} == REQUIRED.keys() | CLIENT


def test_every_error_stands_in_the_table_with_its_close_code() -> None:
    table = dict.fromkeys(CLOSE_CODES, "")
    for close, codes, retryable in re.findall(
        r"^\| (\d{4}) \| (.*?) \| .* \| (yes|no) \|$", PROTOCOL, re.MULTILINE
    ):
        for code in re.findall(r"`(\w+)`", codes):
            table[code] = f"{close} {retryable}"
    kinds = {
        kind.code: kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, WirescribeError)
    }
    assert table == {
        code: f"{close} {'yes' if kinds[code].retryable else 'no'}"
        for code, close in CLOSE_CODES.items()
    }


def test_every_warning_stands_in_the_table_with_its_detail() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| ((?:`\w+`(?:, )?)+) \|$", PROTOCOL, re.MULTILINE))
    detail = {code: set(re.findall(r"`(\w+)`", rows[code])) for code in map(str, WarningCode)}
    assert detail == {code: set(fields) for code, fields in WARNING_DETAIL.items()}


def test_every_option_value_and_reason_is_named() -> None:
    for name in (
        *Encoding,
        *EndReason,
        *Preset,
        "sentence_silence_ms",
        "transcribe",
        "translate",
        "hotwords",
        "max_segment_ms",
    ):
        assert f"`{name}`" in PROTOCOL or f".{name}`" in PROTOCOL, name


def test_the_defaults_are_those_of_the_server() -> None:
    config = SessionConfig()
    told = dict(re.findall(r"^\| `([\w.]+)` \| .* \| `?([\w]+)`? \|$", PROTOCOL, re.MULTILINE))
    assert told["audio.encoding"] == config.audio.encoding
    assert int(told["audio.sample_rate"]) == config.audio.sample_rate
    assert int(told["audio.channels"]) == config.audio.channels
    assert told["task"] == config.task
    assert told["partials"] == str(config.partials).lower()
    assert int(told["endpointing.silence_ms"]) == config.endpointing.silence_ms
    assert int(told["endpointing.max_segment_ms"]) == config.endpointing.max_segment_ms


def test_every_limit_stands_in_operations() -> None:
    limits = set(Settings().limits.model_fields_set) | set(type(Settings().limits).model_fields)
    named = set(re.findall(r"`(\w+)`", OPERATIONS))
    assert limits <= named


def test_the_health_example_has_the_fields_of_the_server() -> None:
    (example,) = examples(OPERATIONS)
    assert list(example) == [
        "status",
        "model_loaded",
        "gpu_memory_used",
        "response_time_ms",
        "version",
        "model",
        "partial_model",
        "device",
        "compute_type",
        "engine",
        "engine_restarts",
        "sessions",
    ]
