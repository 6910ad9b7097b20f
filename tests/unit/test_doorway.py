from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import structlog

from streaming.auth.gate import Gate
from streaming.auth.keyfile import KeyFileDamaged, change_key_file
from streaming.auth.keys import Key, digest_of, new_key
from streaming.doorway import open_gate
from streaming.errors import BadConfiguration, NotAuthorised
from streaming.metrics import Metrics
from streaming.settings import Settings

SECRET, OTHER = new_key(), new_key()


def scope(secret: str | None, **headers: str) -> dict[str, Any]:
    sent = {"host": "127.0.0.1", **headers}
    if secret is not None:
        sent["authorization"] = f"Bearer {secret}"
    return {
        "client": ("198.51.100.7", 1),
        "scheme": "http",
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in sent.items()],
    }


def opened(file: Path | None = None, **auth: object) -> tuple[Gate, Metrics]:
    metrics = Metrics()
    settings = Settings.model_validate(
        {"auth": auth, "server": {"trusted_proxies": ("198.51.100.0/24",)}}
    )
    return open_gate(settings, metrics, file), metrics


def test_refusals_are_counted_and_logged_without_what_was_sent() -> None:
    gate, metrics = opened(keys=(f"app:{digest_of(SECRET)}",))
    assert 'wirescribe_auth_failures_total{reason="unknown"} 0.0' in metrics.text().decode()
    with structlog.testing.capture_logs() as lines, pytest.raises(NotAuthorised):
        gate.check(gate.read(scope(OTHER, x_forwarded_for="203.0.113.9")))
    assert lines == [
        {
            "event": "not_let_in",
            "log_level": "info",
            "reason": "unknown",
            "address": "203.0.113.9",
        }
    ]
    text = metrics.text().decode()
    assert 'wirescribe_auth_failures_total{reason="unknown"} 1.0' in text
    assert OTHER not in text
    assert gate.check(gate.read(scope(SECRET))).key == "app"
    assert metrics.text().decode().count('auth_failures_total{reason="unknown"} 1.0') == 1


def test_the_file_that_a_setting_names_counts_before_the_default(tmp_path: Path) -> None:
    default, named = tmp_path / "default.json", tmp_path / "named.json"
    change_key_file(default, lambda it: it.with_key(Key("one", digest_of(SECRET))))
    change_key_file(named, lambda it: it.with_key(Key("two", digest_of(OTHER))))
    gate, _ = opened(default)
    assert gate.check(gate.read(scope(SECRET))).key == "one"
    gate, _ = opened(default, keys_file=named)
    assert gate.check(gate.read(scope(OTHER))).key == "two"
    gate, _ = opened(tmp_path / "none.json")
    assert not gate.protected


def test_what_becomes_of_the_file_is_counted_and_logged(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    change_key_file(path, lambda it: it.with_key(Key("one", digest_of(SECRET))))
    gate, metrics = opened(path)
    with structlog.testing.capture_logs() as lines:
        path.write_text("{")
        assert gate.check(gate.read(scope(SECRET))).key == "one"
        path.unlink()
        assert gate.check(gate.read(scope(SECRET))).key == "one"
        change_key_file(path, lambda it: it.with_key(Key("two", digest_of(OTHER))))
        assert gate.check(gate.read(scope(OTHER))).key == "two"
    assert [line["outcome"] for line in lines] == ["damaged", "gone", "loaded"]
    assert lines[0]["log_level"] == "error"
    assert "is not JSON" in lines[0]["problem"]
    text = metrics.text().decode()
    for outcome in ("damaged", "gone", "loaded"):
        assert f'wirescribe_auth_keys_loads_total{{outcome="{outcome}"}} 1.0' in text


def test_a_file_that_others_can_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    change_key_file(path, lambda it: it)
    path.chmod(0o640)
    with structlog.testing.capture_logs() as lines:
        opened(path)
    assert [line["event"] for line in lines] == ["keys_file_open_to_others"]


def test_what_can_not_be_is_said_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text("{")
    with pytest.raises(KeyFileDamaged):
        opened(path)
    with pytest.raises(BadConfiguration, match=r"auth\.keys"):
        opened(keys=(f"app:{'1' * 64}", f"app:{'2' * 64}"))
