"""What keys and addresses may use, on a clock that the test moves."""

from __future__ import annotations

import pytest

from streaming.errors import QuotaExceeded
from streaming.principal import ANONYMOUS, Principal
from streaming.quotas import Caps, Quota, QuotaLimits, Quotas, network, rate_limit_headers

ANNA, BEN = Principal(key="anna"), Principal(key="ben")
HOME, AWAY = "192.0.2.1", "198.51.100.7"


def quotas(**changes: object) -> Quotas:
    return Quotas(QuotaLimits(**changes))  # type: ignore[arg-type]


def test_without_caps_there_is_no_end() -> None:
    it = quotas()
    for _ in range(1_000):
        it.knock(HOME, 0)
        account = it.account(ANNA, HOME, 0)
        account.open(0)
        account.audio(3_600_000, 0)
    assert account.published(0) == {}
    assert rate_limit_headers(account.quotas(0)) == {}


def test_sessions_of_a_key_count_from_wherever_they_come() -> None:
    it = quotas(key=Caps(sessions=2))
    it.account(ANNA, HOME, 0).open(0)
    away = it.account(ANNA, AWAY, 0)
    away.open(0)
    with pytest.raises(QuotaExceeded, match="all 2 sessions of this key") as caught:
        it.account(ANNA, HOME, 0).open(0)
    assert caught.value.field == "sessions"
    assert caught.value.retry_after_ms
    it.account(BEN, HOME, 0).open(0)
    it.account(ANONYMOUS, HOME, 0).open(0)
    away.close()
    it.account(ANNA, HOME, 0).open(0)


def test_sessions_of_an_address_count_whatever_their_keys() -> None:
    it = quotas(address=Caps(sessions=2))
    it.account(ANNA, HOME, 0).open(0)
    it.account(ANONYMOUS, HOME, 0).open(0)
    with pytest.raises(QuotaExceeded, match="of this address"):
        it.account(BEN, HOME, 0).open(0)
    it.account(BEN, AWAY, 0).open(0)


def test_a_refused_session_is_counted_nowhere() -> None:
    it = quotas(key=Caps(sessions=5), address=Caps(sessions=1))
    it.account(ANNA, HOME, 0).open(0)
    for _ in range(9):
        with pytest.raises(QuotaExceeded):
            it.account(ANNA, HOME, 0).open(0)
    assert it.account(ANNA, AWAY, 0).published(0) == {"max_sessions": 1}
    for _, address in enumerate(f"203.0.113.{n}" for n in range(4)):
        it.account(ANNA, address, 0).open(0)
    with pytest.raises(QuotaExceeded, match="key"):
        it.account(ANNA, "203.0.113.99", 0).open(0)


@pytest.mark.parametrize("general, own, holds", [(0, 1, 1), (3, 1, 1), (1, 3, 1), (2, None, 2)])
def test_a_key_may_have_fewer_of_its_own(general: int, own: int | None, holds: int) -> None:
    it = quotas(key=Caps(sessions=general))
    who = Principal(key="anna", max_sessions=own)
    for _ in range(holds):
        it.account(who, HOME, 0).open(0)
    with pytest.raises(QuotaExceeded, match=f"all {holds} sessions"):
        it.account(who, HOME, 0).open(0)


def test_audio_of_an_hour_is_shared_by_all_sessions_and_comes_back() -> None:
    it = quotas(key=Caps(audio_s_per_hour=60))
    one, two = it.account(ANNA, HOME, 0), it.account(ANNA, AWAY, 0)
    one.audio(40_000, 0)
    two.audio(20_000, 0)
    with pytest.raises(QuotaExceeded, match="60 s of audio an hour") as caught:
        one.audio(500, 0)
    assert caught.value.retry_after_ms in (30_000, 30_001)
    with pytest.raises(QuotaExceeded):
        two.open(0)
    assert two.published(0) == {"audio_ms_per_hour": 60_000, "audio_ms_left": 0}
    one.audio(500, 30)
    two.open(90)
    it.account(BEN, HOME, 0).audio(60_000, 0)


def test_handshakes_of_an_address_have_a_rate_and_a_burst() -> None:
    it = quotas(handshakes_per_s=2.0, handshake_burst=3)
    for _ in range(3):
        it.knock(HOME, 0)
    with pytest.raises(QuotaExceeded, match="2 connections a second") as caught:
        it.knock(HOME, 0)
    assert caught.value.retry_after_ms == 500
    it.knock(AWAY, 0)
    it.knock(HOME, 0.5)
    assert list(it.knocking(HOME, 0.5)) == [Quota("connections", 3, 0, 1, 1)]
    assert list(it.knocking("203.0.113.1", 0)) == [Quota("connections", 3, 3, 1, 0)]


def test_many_addresses_take_no_more_memory_than_few() -> None:
    it = quotas(handshakes_per_s=1.0, addresses=100, address=Caps(audio_s_per_hour=60))
    held = it.account(ANNA, HOME, 0)
    held.open(0)
    held.audio(60_000, 0)
    for number in range(10_000):
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        it.knock(address, 0)
        it.account(ANONYMOUS, address, 0)
    assert len(it) <= 201
    with pytest.raises(QuotaExceeded):  # whoever holds a session is not forgotten
        it.account(ANONYMOUS, HOME, 0).audio(1_000, 0)


def test_the_table_is_larger_while_all_of_it_is_in_use() -> None:
    it = quotas(addresses=2)
    accounts = [it.account(ANONYMOUS, f"192.0.2.{n}", 0) for n in range(5)]
    for account in accounts:
        account.open(0)
    again = [it.account(ANONYMOUS, f"192.0.2.{n}", 0) for n in range(5)]
    assert len(it) >= 2
    for account in again[3:]:
        account.open(0)


@pytest.mark.parametrize(
    "address, expected",
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_what_of_an_address_is_one_clients(address: str, expected: str) -> None:
    assert network(address) == expected


def test_quotas_as_http_says_them() -> None:
    it = quotas(key=Caps(sessions=2, audio_s_per_hour=3_600))
    account = it.account(ANNA, HOME, 0)
    account.open(0)
    account.open(0)
    account.audio(3_600_000, 0)
    assert rate_limit_headers(account.quotas(0)) == {
        "RateLimit-Policy": '"key-sessions";q=2, "key-audio";q=3600;w=3600',
        "RateLimit": '"key-sessions";r=0;t=5, "key-audio";r=0;t=1',
    }
