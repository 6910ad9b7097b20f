from __future__ import annotations

import json
import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from streaming.auth.keyfile import (
    KeyFile,
    KeyFileDamaged,
    change_key_file,
    check_unlike,
    default_keys_file,
    is_open_to_others,
    read_key_file,
)
from streaming.auth.keys import Key

ONE = Key("one", "1" * 64, created_at=7, expires_at=9, max_sessions=2, max_session_s=60)
TWO = Key("two", "2" * 64, revoked_at=8)


def added(*keys: Key) -> KeyFile:
    content = KeyFile()
    for key in keys:
        content = content.with_key(key)
    return content


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "keys.json"


def test_what_is_written_is_read(path: Path) -> None:
    written = change_key_file(path, lambda it: it.with_key(ONE).with_key(TWO))
    assert read_key_file(path) == written
    assert written.keys == (ONE, TWO)
    assert written.find("two") == TWO
    assert written.find("three") is None


def test_the_first_change_makes_the_secret_that_tokens_are_signed_with(path: Path) -> None:
    first = change_key_file(path, lambda it: it.with_key(ONE)).token_secret
    assert len(first) == 32
    assert change_key_file(path, lambda it: it.with_key(TWO)).token_secret == first
    other = change_key_file(path.with_name("other.json"), lambda it: it).token_secret
    assert other != first


def test_a_key_of_the_same_name_takes_its_place() -> None:
    again = Key("one", "3" * 64)
    assert added(ONE, TWO, again).keys == (TWO, again)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_it_is_its_owners_alone(path: Path) -> None:
    before = os.umask(0)
    try:
        change_key_file(path, lambda it: it.with_key(ONE))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not is_open_to_others(path)
    path.chmod(0o640)
    assert is_open_to_others(path)


def test_what_a_change_raises_leaves_it_as_it_was(path: Path) -> None:
    before = change_key_file(path, lambda it: it.with_key(ONE))

    def fails(content: KeyFile) -> KeyFile:
        raise LookupError

    with pytest.raises(LookupError):
        change_key_file(path, fails)
    assert read_key_file(path) == before
    assert {each.name for each in path.parent.iterdir()} <= {"keys.json", "keys.json.lock"}


def test_writing_that_fails_leaves_it_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = change_key_file(path, lambda it: it.with_key(ONE))

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyFileDamaged, match="can't be written: No space left"):
        change_key_file(path, lambda it: it.with_key(TWO))
    assert read_key_file(path) == before
    assert {each.name for each in path.parent.iterdir()} <= {"keys.json", "keys.json.lock"}


def test_changes_at_the_same_time_are_all_made(path: Path) -> None:
    def add(number: int) -> None:
        key = Key(f"key-{number}", f"{number + 1:02x}" * 32)
        change_key_file(path, lambda it: it.with_key(key))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {key.name for key in read_key_file(path).keys} == {f"key-{n}" for n in range(8)}


def test_a_file_that_is_not_there(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_key_file(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyFileDamaged, match="can't be read"):
        read_key_file(tmp_path)
    with pytest.raises(KeyFileDamaged):
        change_key_file(tmp_path, lambda it: it)


GOOD = {"name": "one", "digest": "1" * 64}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"version": 1, "keys": [', "is not JSON"),
        (b" " * (4 * 2**20 + 1), "larger than"),
        ([], "version is not 1"),
        ({"version": 2}, "version is not 1"),
        ({"version": 1, "kyes": []}, "'kyes' is unknown"),
        ({"version": 1, "keys": {}}, "keys no list"),
        ({"version": 1, "token_secret": "zz"}, "not hexadecimal"),
        ({"version": 1, "token_secret": 1}, "not text"),
        ({"version": 1, "keys": ["one"]}, "keys[0] is not an object"),
        ({"version": 1, "keys": [{"name": "one"}]}, "keys[0].digest is missing"),
        ({"version": 1, "keys": [GOOD, {**GOOD, "x": 1}]}, "keys[1]: 'x' is unknown"),
        ({"version": 1, "keys": [{**GOOD, "expires_at": "9"}]}, "expires_at is not a whole"),
        ({"version": 1, "keys": [{**GOOD, "max_sessions": True}]}, "max_sessions is not a whole"),
        ({"version": 1, "keys": [{**GOOD, "max_sessions": 0}]}, "max_sessions 0"),
        ({"version": 1, "keys": [{**GOOD, "name": "a b"}]}, "not a key's name"),
        ({"version": 1, "keys": [{**GOOD, "digest": "1"}]}, "SHA-256"),
        ({"version": 1, "keys": [GOOD, GOOD]}, "two keys are named 'one'"),
    ],
)
def test_a_damaged_file_is_named_and_told_what(tmp_path: Path, content: object, said: str) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(content if type(content) is bytes else json.dumps(content).encode())
    with pytest.raises(KeyFileDamaged) as caught:
        read_key_file(path)
    assert said in caught.value.message
    assert str(path) in caught.value.message
    with pytest.raises(KeyFileDamaged):  # and nobody writes over what may yet be mended
        change_key_file(path, lambda it: it.with_key(TWO))


def test_one_key_under_two_names() -> None:
    with pytest.raises(ValueError, match="'b' stands there twice"):
        check_unlike([Key("a", "1" * 64), Key("b", "1" * 64)])


@pytest.mark.skipif(sys.platform == "win32", reason="not Windows' place")
def test_where_it_is_by_default(tmp_path: Path) -> None:
    assert default_keys_file({"XDG_CONFIG_HOME": "/etc/xdg"}) == Path(
        "/etc/xdg/wirescribe/keys.json"
    )
    for ignored in ("", "relative"):
        found = default_keys_file({"XDG_CONFIG_HOME": ignored})
        assert found == Path("~/.config/wirescribe/keys.json").expanduser()


def test_a_user_without_a_home_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(path: Path) -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "expanduser", nowhere)
    assert default_keys_file({}) is None
