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
from streaming.transports.openai_realtime.failures import error_fields


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (BadMessage("m"), "invalid_request_error", "invalid_value"),
        (BadConfiguration("m"), "invalid_request_error", "invalid_value"),
        (NotAuthorised("m"), "authentication_error", "invalid_api_key"),
        (QuotaExceeded("m"), "rate_limit_error", "rate_limit_exceeded"),
        (Overloaded("m"), "server_error", "overloaded"),
        (EngineFault("m"), "server_error", "engine_fault"),
    ],
)
def test_kinds_and_codes(error: WirescribeError, kind: str, code: str) -> None:
    fields = error_fields(error, "mine")
    assert (fields["type"], fields["code"], fields["event_id"]) == (kind, code, "mine")
    assert fields["message"] == "m"
