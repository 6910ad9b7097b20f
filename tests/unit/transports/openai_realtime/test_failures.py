from __future__ import annotations

import pytest

from streaming.errors import (
    BadConfiguration,
    BadMessage,
    EngineFault,
    NotAuthorised,
    Overloaded,
    QuotaExceeded,
    WirescribeError,
)
from streaming.transports.openai_realtime.failures import error_fields, error_object


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (BadMessage("m"), "invalid_request_error", "invalid_value"),
        (BadConfiguration("m"), "invalid_request_error", "invalid_value"),
        (NotAuthorised("m"), "invalid_request_error", "invalid_api_key"),
        (QuotaExceeded("m"), "rate_limit_error", "rate_limit_exceeded"),
        (Overloaded("m"), "server_error", "overloaded"),
        (EngineFault("m"), "server_error", "engine_fault"),
    ],
)
def test_kinds_and_codes(error: WirescribeError, kind: str, code: str) -> None:
    it = error_object(error)
    assert it == {"type": kind, "code": code, "message": "m", "param": None}
    assert error_fields(error, "mine") == {**it, "event_id": "mine"}


def test_a_more_precise_code() -> None:
    error = BadMessage("m", field="f")
    for it in (error_object(error, "so"), error_fields(error, None, "so")):
        assert (it["code"], it["param"]) == ("so", "f")
