from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from streaming.auth.keyfile import KeyFileDamaged, change_key_file
from streaming.auth.keyring import Keyring
from streaming.auth.keys import Key, digest_of, new_key
from streaming.errors import BadConfiguration

SECRETS = [new_key() for _ in range(3)]
ONE, TWO, THREE = (Key(f"key-{n}", digest_of(secret)) for n, secret in enumerate(SECRETS))


class Told:
    """What a keyring says of its file."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.problems: list[str] = []

    def __call__(self, outcome: str, problem: KeyFileDamaged | None) -> None:
        self.outcomes.append(outcome)
        if problem is not None:
            self.problems.append(problem.message)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    change_key_file(path, lambda it: it.with_key(ONE))
    return path


def test_a_key_is_found_by_itself_alone() -> None:
    keyring = Keyring([ONE, TWO])
    assert keyring.find(SECRETS[0]) == ONE
    assert keyring.find(SECRETS[1]) == TWO
    assert keyring.find(SECRETS[2]) is None
    for other in ("", "x", ONE.digest, ONE.name, ONE.id, SECRETS[0] + "x", SECRETS[0].lower()):
        assert keyring.find(other) is None
    assert keyring.get(ONE.id) == ONE
    assert keyring.get("nobody") is None


def test_the_one_that_stands_for_nobody_is_nobodys() -> None:
    assert Keyring().get("0" * 16) is None


def test_no_keys_at_all() -> None:
    assert not Keyring().any
    assert Keyring().token_secret == b""


def test_those_of_the_file_and_of_the_settings(path: Path) -> None:
    keyring = Keyring([TWO], path)
    assert set(keyring.keys) == {ONE, TWO}
    assert len(keyring.token_secret) == 32


def test_a_change_counts_from_the_next_question_on(path: Path) -> None:
    told = Told()
    keyring = Keyring((), path, told)
    change_key_file(path, lambda it: it.with_key(TWO))
    assert keyring.find(SECRETS[1]) == TWO
    change_key_file(path, lambda it: it.with_key(replace(TWO, revoked_at=5)))
    found = keyring.find(SECRETS[1])
    assert found is not None
    assert found.revoked_at == 5
    assert told.outcomes == ["loaded", "loaded"]


def test_a_file_that_comes_later(tmp_path: Path) -> None:
    path = tmp_path / "later.json"
    keyring = Keyring((), path)
    seen = [keyring.any]
    change_key_file(path, lambda it: it.with_key(ONE))
    assert [*seen, keyring.any] == [False, True]
    assert keyring.find(SECRETS[0]) == ONE


def test_a_list_that_has_become_empty_is_still_a_list(path: Path) -> None:
    keyring = Keyring((), path)
    path.write_text('{"version": 1}')
    assert keyring.any
    assert keyring.keys == ()


@pytest.mark.parametrize("content", ["", "{", '{"version": 1, "keys": [{}]}'])
def test_damage_takes_nothing_away_and_is_told_once(path: Path, content: str) -> None:
    told = Told()
    keyring = Keyring((), path, told)
    path.write_text(content)
    assert keyring.find(SECRETS[0]) == ONE
    assert keyring.find(SECRETS[0]) == ONE
    assert told.outcomes == ["damaged"]
    assert str(path) in told.problems[0]
    path.unlink()
    change_key_file(path, lambda it: it.with_key(TWO))
    assert keyring.find(SECRETS[0]) is None
    assert keyring.find(SECRETS[1]) == TWO
    assert told.outcomes == ["damaged", "loaded"]


def test_a_file_that_is_gone_takes_nothing_away(path: Path) -> None:
    told = Told()
    keyring = Keyring((), path, told)
    path.unlink()
    assert keyring.find(SECRETS[0]) == ONE
    assert keyring.any
    assert told.outcomes == ["gone"]


def test_a_mounted_file_may_be_swapped_as_a_whole(tmp_path: Path) -> None:
    """As orchestrators do with secrets: a link is turned to another folder."""
    change_key_file(tmp_path / "0" / "keys.json", lambda it: it.with_key(ONE))
    change_key_file(tmp_path / "1" / "keys.json", lambda it: it.with_key(TWO))
    current = tmp_path / "current"
    current.symlink_to(tmp_path / "0")
    keyring = Keyring((), current / "keys.json")
    assert keyring.find(SECRETS[0]) == ONE
    (tmp_path / "next").symlink_to(tmp_path / "1")
    os.replace(tmp_path / "next", current)  # noqa: PTH105 - of the link, not of its end
    assert keyring.find(SECRETS[0]) is None
    assert keyring.find(SECRETS[1]) == TWO


def test_a_name_in_both_places_is_damage_to_the_file(path: Path) -> None:
    told = Told()
    keyring = Keyring([TWO], path, told)
    change_key_file(path, lambda it: it.with_key(replace(THREE, name=TWO.name)))
    assert keyring.find(SECRETS[2]) is None
    assert keyring.find(SECRETS[1]) == TWO
    assert told.outcomes == ["damaged"]


def test_damage_at_the_very_start_is_raised(path: Path) -> None:
    with pytest.raises(KeyFileDamaged, match="two keys are named"):
        Keyring([replace(TWO, name=ONE.name)], path)
    path.write_text("{")
    with pytest.raises(KeyFileDamaged):
        Keyring((), path)


def test_settings_that_name_one_key_twice() -> None:
    with pytest.raises(BadConfiguration, match=r"auth\.keys: two keys"):
        Keyring([ONE, ONE])
