from __future__ import annotations

import numpy as np
import pytest

from streaming.decoding import DecodeRequest, Kind, LanguageChoice
from streaming.heartbeat import Heartbeat


def asked(seconds: float, *, again: bool = False) -> DecodeRequest:
    audio = np.zeros(int(seconds * 16_000), np.float32)
    return DecodeRequest(Kind.FINAL, 0, 0, 0, audio, LanguageChoice("en"), again=again)


def test_a_call_is_overdue_after_the_time_that_is_set() -> None:
    heartbeat = Heartbeat(30)
    call = heartbeat.begin([asked(5)], 100)
    assert not heartbeat.overdue(call, 130)
    assert heartbeat.overdue(call, 130.1)


@pytest.mark.parametrize("request_, patience_s", [(asked(10), 100), (asked(1, again=True), 300)])
def test_what_is_known_to_be_slow_is_waited_for(request_: DecodeRequest, patience_s: float) -> None:
    heartbeat = Heartbeat(30)
    heartbeat.end(heartbeat.begin([asked(4), asked(4)], 0), 16)  # two seconds for one
    assert heartbeat.patience_s(heartbeat.begin([request_], 20)) == patience_s


def test_patience_has_an_end_and_what_is_short_counts_as_two_seconds() -> None:
    heartbeat = Heartbeat(30)
    heartbeat.end(heartbeat.begin([asked(0.1)], 0), 20)
    assert heartbeat.patience_s(heartbeat.begin([asked(8)], 0)) == 300
    assert heartbeat.patience_s(heartbeat.begin([asked(1)], 0)) == 100


def test_one_that_was_given_up_and_returns_teaches_patience() -> None:
    heartbeat = Heartbeat(10)
    call = heartbeat.begin([asked(10)], 0)
    heartbeat.give_up(call)
    assert heartbeat.oldest_s(50) is None
    heartbeat.end(call, 15)
    assert heartbeat.patience_s(heartbeat.begin([asked(10)], 50)) == 75


def test_slowness_is_forgotten() -> None:
    heartbeat = Heartbeat(10)
    heartbeat.end(heartbeat.begin([asked(10)], 0), 15)
    for _ in range(200):
        heartbeat.end(heartbeat.begin([asked(10)], 20), 21)
    assert heartbeat.patience_s(heartbeat.begin([asked(10)], 30)) == 10


def test_the_oldest_call_is_known() -> None:
    heartbeat = Heartbeat(10)
    assert heartbeat.oldest_s(5) is None
    first, _second = heartbeat.begin([asked(1)], 5), heartbeat.begin([asked(1)], 7)
    assert heartbeat.oldest_s(8) == 3
    heartbeat.end(first, 8)
    assert heartbeat.oldest_s(8) == 1
