from __future__ import annotations

import pickle

import pytest

from streaming.client.errors import (
    CaptureError,
    ClientError,
    ConnectError,
    ConnectionLostError,
    MessageError,
    RecordingError,
    ServerError,
    UsageError,
    again,
)

ALL = [
    UsageError("no"),
    MessageError("no"),
    CaptureError("no", code="no_library"),
    RecordingError("no"),
    ConnectError("no", http_status=503, retry_after_ms=1000),
    ServerError("no", code="overloaded", retryable=True, retry_after_ms=5, close_code=1013),
    ConnectionLostError(1006),
]


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
def test_an_error_goes_to_another_process_whole(error: ClientError) -> None:
    received = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(received) is type(error)
    assert (str(received), vars(received)) == (str(error), vars(error))


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
def test_an_error_is_raised_again_without_the_lines_of_the_first_time(error: ClientError) -> None:
    cause = OSError("why")
    error.__cause__ = cause

    def first() -> None:
        raise error

    with pytest.raises(ClientError) as caught:
        first()
    copied = again(caught.value)
    assert type(copied) is type(error)
    assert (str(copied), vars(copied), copied.__cause__) == (str(error), vars(error), cause)
    assert copied.__traceback__ is None
