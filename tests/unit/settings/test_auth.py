from __future__ import annotations

from pathlib import Path

import pytest

from streaming.cli.reference import in_force
from streaming.errors import BadConfiguration
from streaming.settings.auth import AuthSettings
from streaming.sources import read_settings

DIGEST = "0123456789abcdef" * 4


def read(**environ: str) -> AuthSettings:
    return read_settings(environ={f"WIRESCRIBE_AUTH__{k.upper()}": v for k, v in environ.items()})[
        0
    ].auth


def test_lists_of_the_environment() -> None:
    it = read(
        keys=f"a:{DIGEST}, b:{'1' * 64}",
        origins="https://a.example, https://*.b.example",
        hosts="captions.example,127.0.0.1",
    )
    assert [key.get_secret_value() for key in it.keys] == [f"a:{DIGEST}", f"b:{'1' * 64}"]
    assert it.origins == ("https://a.example", "https://*.b.example")
    assert it.hosts == ("captions.example", "127.0.0.1")


def test_the_home_folder_may_be_written_short() -> None:
    assert read(keys_file="~/keys.json").keys_file == Path("~/keys.json").expanduser()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("keys", DIGEST),
        ("keys", "a:topsecret"),
        ("token_secret", "topsecret"),
        ("origins", "a.example"),
        ("origins", "https://a.example/path"),
        ("hosts", "https://a.example"),
        ("token_ttl_s", "0"),
        ("max_token_ttl_s", "604801"),
        ("max_token_ttl_s", "599"),
        ("query_tokens", "perhaps"),
    ],
)
def test_what_can_not_be_is_refused_and_secrets_are_not_shown(key: str, value: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        read(**{key: value})
    assert f"auth.{key}" in caught.value.message or caught.value.field == "auth"
    assert "topsecret" not in caught.value.message
    assert DIGEST not in caught.value.message


def test_secrets_are_not_among_the_settings_in_force() -> None:
    environ = {
        "WIRESCRIBE_AUTH__KEYS": f"laptop:{DIGEST}",
        "WIRESCRIBE_AUTH__TOKEN_SECRET": "topsecret" * 4,
    }
    settings, origins = read_settings(environ=environ)
    shown = in_force(settings, origins)
    assert "WIRESCRIBE_AUTH__TOKEN_SECRET" in shown
    for text in (shown, repr(settings), str(settings.auth)):
        assert "topsecret" not in text
        assert DIGEST not in text
