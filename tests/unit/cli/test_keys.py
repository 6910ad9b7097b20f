"""``wirescribe keys``, with a file of its own for each test."""

from __future__ import annotations

import io
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streaming.auth.keyfile import read_key_file
from streaming.auth.keys import digest_of, is_key, read_entry
from streaming.cli import main


class Keys:
    """The command, and what it left behind."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self._capsys = capsys

    def __call__(self, *arguments: str, status: int = 0) -> tuple[str, str]:
        assert main(["keys", *arguments, "--keys-file", str(self.path)]) == status
        said = self._capsys.readouterr()
        return said.out, said.err


@pytest.fixture
def keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Keys:
    return Keys(tmp_path / "keys.json", capsys)


def test_a_key_is_shown_once_and_kept_nowhere(keys: Keys) -> None:
    out, err = keys("create", "laptop")
    secret = out.strip()
    assert is_key(secret)
    assert out.count("\n") == 1
    assert secret not in err
    assert secret not in keys.path.read_text()
    (key,) = read_key_file(keys.path).keys
    assert (key.name, key.digest) == ("laptop", digest_of(secret))
    assert key.created_at is not None
    assert abs(key.created_at - time.time()) < 60
    assert secret not in "".join(keys("list"))


def test_what_it_may_do(keys: Keys) -> None:
    keys("create", "kiosk", "--expires", "2d", "--max-sessions", "3", "--max-session-s", "60")
    keys("create", "fair", "--expires", "2999-12-31")
    kiosk, fair = read_key_file(keys.path).keys
    assert kiosk.created_at is not None
    assert kiosk.expires_at == kiosk.created_at + 2 * 86_400
    assert (kiosk.max_sessions, kiosk.max_session_s) == (3, 60)
    assert fair.expires_at == datetime(3000, 1, 1, tzinfo=UTC).timestamp()
    lines = keys("list")[0].splitlines()
    assert lines[0].split("\t") == ["NAME", "CREATED", "STATE", "SESSIONS", "SESSION_S"]
    assert lines[2].split("\t")[2:] == ["good until 3000-01-01 00:00Z", "-", "-"]
    assert lines[1].split("\t")[3:] == ["3", "60"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "a b"], "is not a key's name"),
        (["create", "a", "--expires", "soon"], "'soon' is neither"),
        (["create", "a", "--expires", "2020-01-31"], "'2020-01-31' is past"),
        (["create", "a", "--max-sessions", "0"], "max_sessions 0"),
        (["create", "a", "--print", "--max-sessions", "1"], "only a file can hold"),
        (["revoke", "a"], "no key is named 'a'"),
    ],
)
def test_what_can_not_be_done_is_named_and_nothing_is_written(
    keys: Keys, arguments: list[str], said: str
) -> None:
    out, err = keys(*arguments, status=1)
    assert said in err
    assert out == ""
    assert not keys.path.exists()


def test_a_name_in_use_is_not_given_away(keys: Keys) -> None:
    keys("create", "laptop")
    before = keys.path.read_bytes()
    assert "is in use" in keys("create", "laptop", status=1)[1]
    assert keys.path.read_bytes() == before
    keys("revoke", "laptop")
    keys("create", "laptop")
    (key,) = read_key_file(keys.path).keys
    assert key.revoked_at is None


def test_revoking_is_written_down_once(keys: Keys) -> None:
    keys("create", "laptop")
    keys("revoke", "laptop")
    revoked = read_key_file(keys.path)
    keys("revoke", "laptop")
    assert read_key_file(keys.path) == revoked
    assert "revoked" in keys("list")[0]
    assert "no key is named 'other'" in keys("revoke", "other", status=1)[1]


def test_a_key_for_the_environment(keys: Keys) -> None:
    out, err = keys("create", "laptop", "--print")
    name, _, entry = err.strip().partition("=")
    assert name == "WIRESCRIBE_AUTH__KEYS"
    assert read_entry(entry).digest == digest_of(out.strip())
    assert not keys.path.exists()


def test_a_key_is_told_by_itself(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = keys("create", "laptop")[0]

    def check(text: str, status: int) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        return keys("check", status=status)[0]

    assert check(secret, 0) == "laptop: good\n"
    assert check("ws_" + "a" * 43, 1) == "not known here\n"
    assert "1 keys, 1 of them good" in check("", 0)
    monkeypatch.setenv("WIRESCRIBE_AUTH__KEYS", f"env:{digest_of('ws_' + 'a' * 43)}")
    assert check("ws_" + "a" * 43, 0) == "env: good\n"
    keys("revoke", "laptop")
    assert check(secret, 1).startswith("laptop: revoked ")


def test_a_file_that_others_can_read_is_said(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    keys("create", "laptop")
    keys.path.chmod(0o644)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert "chmod 600" in keys("check")[1]


def test_a_damaged_file_is_left_to_be_mended(keys: Keys) -> None:
    keys.path.write_text(json.dumps({"version": 1, "keys": [{"name": "a"}]}))
    before = keys.path.read_bytes()
    for arguments in (["create", "b"], ["list"], ["revoke", "a"]):
        out, err = keys(*arguments, status=1)
        assert "is damaged: keys[0].digest is missing" in err
        assert out == ""
    assert keys.path.read_bytes() == before


def test_no_keys_yet(keys: Keys) -> None:
    assert keys("list") == ("", f"no keys yet in {keys.path}\n")


def test_where_they_are_unless_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "home"))
    assert main(["keys", "create", "one"]) == 0
    assert (tmp_path / "home" / "wirescribe" / "keys.json").is_file()
    monkeypatch.setenv("WIRESCRIBE_AUTH__KEYS_FILE", str(tmp_path / "set.json"))
    assert main(["keys", "create", "two"]) == 0
    assert (tmp_path / "set.json").is_file()
    capsys.readouterr()
