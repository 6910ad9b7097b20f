from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from streaming.principal import ANONYMOUS, Principal


def test_a_client_without_a_key_is_anonymous_and_has_no_caps_of_its_own() -> None:
    assert ANONYMOUS.anonymous
    assert (ANONYMOUS.key, ANONYMOUS.subject, ANONYMOUS.origin) == ("", "", None)
    assert (ANONYMOUS.max_session_ms, ANONYMOUS.max_sessions) == (None, None)


def test_a_page_s_origin_alone_makes_nobody_known() -> None:
    assert Principal(origin="https://app.example").anonymous


def test_a_named_key_is_somebody() -> None:
    assert not Principal(key="captions").anonymous


def test_a_principal_stays_what_was_checked() -> None:
    with pytest.raises(FrozenInstanceError):
        Principal(key="a").key = "b"  # type: ignore[misc]
