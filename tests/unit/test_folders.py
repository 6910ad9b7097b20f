"""The user's own folders."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from streaming.folders import users_own


def _found(environ: dict[str, str]) -> Path:
    return users_own(environ, windows="APPDATA", xdg="XDG_CONFIG_HOME", usual="~/.config")


@pytest.mark.parametrize(
    ("platform", "environ", "found"),
    [
        ("linux", {"XDG_CONFIG_HOME": "/etc/xdg", "APPDATA": "/app"}, "/etc/xdg"),
        ("linux", {"XDG_CONFIG_HOME": "relative"}, "~/.config"),
        ("linux", {"XDG_CONFIG_HOME": ""}, "~/.config"),
        ("linux", {}, "~/.config"),
        ("win32", {"XDG_CONFIG_HOME": "/etc/xdg", "APPDATA": "/app"}, "/app"),
        ("win32", {}, "~/.config"),
    ],
)
def test_the_platform_says_where(
    platform: str, environ: dict[str, str], found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert _found(environ) == Path(found).expanduser()


def test_who_has_no_home_has_no_usual_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(_: Path) -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "expanduser", homeless)
    with pytest.raises(RuntimeError):
        _found({})
