"""The tree of settings: what holds for all of them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from streaming.settings import SECTIONS, Settings, is_secret


def test_settings_cannot_be_changed() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.server.port = 1


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_is_described_and_has_a_default(section: str) -> None:
    for key, field in SECTIONS[section].model_fields.items():
        assert field.description, f"{section}.{key}"
        assert not field.is_required(), f"{section}.{key}"


def test_secrets_are_known_as_such() -> None:
    secret = {
        f"{section}.{key}"
        for section, section_type in SECTIONS.items()
        for key in section_type.model_fields
        if is_secret(section, key)
    }
    assert secret == {
        "auth.keys",
        "auth.token_secret",
        "files.redis_url",
        "jobs.webhook_secret",
    }
