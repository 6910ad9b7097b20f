from __future__ import annotations

import pytest

from streaming.errors import BadConfiguration
from streaming.transports.openai_realtime.secrets import unwrapped, wrapped


@pytest.mark.parametrize(
    "session", [{}, {"audio": {"input": {"turn_detection": None}}}, {"p": "ü"}]
)
def test_both_parts_come_back(session: dict[str, object]) -> None:
    secret = wrapped("wst_claims.sign-ature_", session)
    assert secret.startswith("ek_")
    assert secret.isascii()
    assert unwrapped(secret) == ("wst_claims.sign-ature_", session)


@pytest.mark.parametrize(
    "text", ["", "ws_key", "ek_token", "wst_a.b", "ek_t~!", "ek_t~W10", "ek_t~" + "A" * 9_999]
)
def test_any_other_text_is_a_key(text: str) -> None:
    assert unwrapped(text) == (text, {})


def test_no_secret_is_longer_than_a_header() -> None:
    with pytest.raises(BadConfiguration, match="session"):
        wrapped("wst_a.b", {"prompt": "x" * 4_000})
