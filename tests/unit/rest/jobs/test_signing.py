"""Signatures of webhooks, by the example of the specification; and their secrets."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from pydantic import ValidationError

from streaming.rest.jobs.messenger import pause_s
from streaming.rest.jobs.signing import headers, new_secret
from streaming.settings.jobs import JobSettings, default_jobs_folder, key_of


def test_the_example_of_the_specification() -> None:
    """https://github.com/standard-webhooks/standard-webhooks, the test of its own libraries."""
    signed = headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        1_614_265_330.9,
    )
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signed["webhook-timestamp"] == "1614265330"


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "hush", "whsec_!!", "whsec_AAAA", "whsec_" + "A" * 100]
)
def test_what_is_no_secret(secret: str) -> None:
    with pytest.raises(ValueError):
        key_of(secret)
    if secret:
        with pytest.raises(ValidationError):
            JobSettings(webhook_secret=secret)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ['["127.0.0.1"]', "https://a.example", "a b", "*", "a.example/x"])
def test_what_is_no_host(host: str) -> None:
    with pytest.raises(ValidationError):
        JobSettings(webhook_hosts=(host,))
    JobSettings(webhook_hosts=("*.a.example", "10.0.0.1:80", "[::1]:80", "::1"))


def test_secrets_made_here() -> None:
    assert len(key_of(new_secret())) == 32
    assert new_secret() != new_secret()
    assert base64.b64decode(new_secret()[6:])


def test_pauses_grow_and_end() -> None:
    pauses = [pause_s(attempts) for attempts in range(1, 21)]
    assert 3.75 <= pauses[0] <= 6.25
    assert 900 <= pauses[-1] <= 1_500


def test_where_jobs_lie_unless_somebody_says() -> None:
    assert default_jobs_folder({"XDG_STATE_HOME": "/s"}) == Path("/s/wirescribe/jobs")
    relative = default_jobs_folder({"XDG_STATE_HOME": "s"})
    assert relative is not None
    assert relative.parts[-4:] == (".local", "state", "wirescribe", "jobs")
