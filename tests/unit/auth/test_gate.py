from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.auth.credentials import Carrier, Credentials
from streaming.auth.gate import Gate, TokenRequest
from streaming.auth.keyring import Keyring
from streaming.auth.keys import Key, digest_of, new_key
from streaming.auth.proxies import Peer, TrustedProxies
from streaming.auth.tokens import Claims, sign
from streaming.errors import BadConfiguration, NotAuthorised, OriginRefused, WirescribeError
from streaming.principal import Principal
from streaming.settings.auth import AuthSettings

SECRET = new_key()
KEY = Key("app", digest_of(SECRET), max_sessions=3, max_session_s=600)
TOKENS = "s" * 32
NOW = 1_000_000.0


class Checked:
    """A gate whose refusals are written down, and whose clock stands still."""

    def __init__(self, *keys: Key, **settings: Any) -> None:
        self.reasons: list[str] = []
        self.now = NOW
        self.gate = Gate(
            AuthSettings.model_validate({"token_secret": TOKENS, **settings}),
            Keyring(keys),
            failed=lambda reason, _: self.reasons.append(reason),
            now=lambda: self.now,
        )

    def refused(
        self, kind: type[WirescribeError], reason: str, call: Callable[[], object]
    ) -> WirescribeError:
        with pytest.raises(kind) as caught:
            call()
        assert self.reasons == [reason]
        assert SECRET not in caught.value.message
        self.reasons.clear()
        return caught.value


def asked(
    secret: str | None = None,
    *,
    carrier: Carrier = "header",
    origin: str | None = None,
    address: str = "127.0.0.1",
    host: str = "127.0.0.1:8000",
    secure: bool = False,
    forwarded: bool = False,
) -> Credentials:
    peer = Peer(address, secure, host, forwarded)
    return Credentials(peer, origin, secret, carrier if secret is not None else None)


AWAY: dict[str, Any] = {"address": "203.0.113.9", "host": "captions.example"}


# -- without keys ------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:8000", "a.localhost:1"])
def test_without_keys_this_machine_comes_in(host: str) -> None:
    it = Checked()
    assert it.gate.check(asked(host=host)) == Principal()
    assert not it.gate.protected


def test_without_keys_a_secret_makes_no_difference() -> None:
    assert Checked().gate.check(asked("anything")) == Principal()


def test_without_keys_nobody_else_comes_in() -> None:
    it = Checked()
    there = asked(address="203.0.113.9")
    said = it.refused(NotAuthorised, "not_local", lambda: it.gate.check(there))
    assert "serves its own machine only" in said.message


def test_without_keys_not_past_a_proxy_either() -> None:
    it = Checked()
    it.refused(NotAuthorised, "not_local", lambda: it.gate.check(asked(forwarded=True)))


@pytest.mark.parametrize("host", ["evil.example:8000", "127.0.0.1.evil.example", "", "10.0.0.1"])
def test_without_keys_only_by_this_machines_own_names(host: str) -> None:
    """A page whose name server points at 127.0.0.1 asks by its own name."""
    it = Checked()
    rebound = asked(host=host, origin=f"http://{host}")
    it.refused(OriginRefused, "host", lambda: it.gate.check(rebound))


def test_everyone_where_the_operator_wants_it_so() -> None:
    it = Checked(allow_anonymous=True)
    assert it.gate.check(asked(**AWAY)).anonymous
    assert it.gate.check(asked(forwarded=True)).anonymous


def test_names_may_be_asked_for_there_too() -> None:
    it = Checked(allow_anonymous=True, hosts=("captions.example",))
    assert it.gate.check(asked(**AWAY)).anonymous
    assert it.gate.check(asked(host="localhost:8000")).anonymous
    rebound = asked(host="evil.example")
    it.refused(OriginRefused, "host", lambda: it.gate.check(rebound))


# -- pages -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "credentials",
    [
        asked(origin="http://127.0.0.1:8000"),
        asked(origin="http://localhost:5173", host="localhost:5173"),
        asked(origin="https://app.example"),
        asked(origin="https://x.corp.example"),
    ],
)
def test_its_own_page_and_those_on_the_list(credentials: Credentials) -> None:
    it = Checked(origins=("https://app.example", "https://*.corp.example"))
    assert it.gate.check(credentials) == Principal(origin=credentials.origin)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "nonsense", ""])
@pytest.mark.parametrize("settings", [{}, {"allow_anonymous": True}])
def test_other_pages_do_not_come_in(origin: str, settings: dict[str, Any]) -> None:
    for keys in ((), (KEY,)):
        it = Checked(*keys, **settings)
        page = asked(SECRET, origin=origin)
        said = it.refused(OriginRefused, "origin", lambda: it.gate.check(page))  # noqa: B023
        assert said.field == "origin"


def test_its_own_page_behind_a_proxy_with_tls() -> None:
    it = Checked(KEY)
    own = asked(SECRET, origin="https://captions.example", host="captions.example", secure=True)
    assert it.gate.check(own).key == "app"
    plain = replace(own, origin="http://captions.example")
    it.refused(OriginRefused, "origin", lambda: it.gate.check(plain))


# -- keys --------------------------------------------------------------------------------------


@pytest.mark.parametrize("carrier", ["header", "subprotocol", "message"])
def test_a_key_comes_in_from_everywhere(carrier: Carrier) -> None:
    it = Checked(KEY)
    who = it.gate.check(asked(SECRET, carrier=carrier, **AWAY))
    assert (who.key, who.key_id) == ("app", KEY.id)
    assert (who.max_sessions, who.max_session_ms) == (3, 600_000)
    assert it.reasons == []


def test_with_keys_nobody_comes_in_without_one_not_even_this_machine() -> None:
    it = Checked(KEY)
    it.refused(NotAuthorised, "missing", lambda: it.gate.check(asked()))


def test_one_may_still_be_named_in_the_first_message() -> None:
    it = Checked(KEY)
    assert it.gate.screen(asked()) is None
    assert it.reasons == []
    assert it.gate.check(asked().with_secret(SECRET)).key == "app"


@pytest.mark.parametrize(
    "secret",
    [new_key(), "", "x", KEY.digest, "app", SECRET[:-1]],
    ids=["another", "none", "short", "its digest", "its name", "its beginning"],
)
@pytest.mark.parametrize("settings", [{}, {"allow_anonymous": True}])
def test_a_wrong_key_is_worse_than_none(secret: str, settings: dict[str, Any]) -> None:
    it = Checked(KEY, **settings)
    it.refused(NotAuthorised, "unknown", lambda: it.gate.screen(asked(secret)))


def test_keys_that_are_good_are_counted() -> None:
    other = Key("other", "1" * 64, revoked_at=1)
    assert Checked(KEY, other).gate.keys == 1


def test_a_key_ends() -> None:
    it = Checked(replace(KEY, expires_at=int(NOW) + 5))
    assert it.gate.check(asked(SECRET)).key == "app"
    it.now += 5
    it.refused(NotAuthorised, "expired", lambda: it.gate.check(asked(SECRET)))


def test_a_revoked_key() -> None:
    it = Checked(replace(KEY, revoked_at=1))
    assert it.gate.protected
    it.refused(NotAuthorised, "revoked", lambda: it.gate.check(asked(SECRET)))
    it.refused(NotAuthorised, "missing", lambda: it.gate.check(asked()))


def test_both_where_the_operator_wants_it_so() -> None:
    it = Checked(KEY, allow_anonymous=True)
    assert it.gate.check(asked(**AWAY)).anonymous
    assert it.gate.check(asked(SECRET, **AWAY)).key == "app"


def test_a_file_that_is_asked_for_protects_before_the_first_key(tmp_path: Any) -> None:
    it = Checked(keys_file=tmp_path / "none.json")
    assert it.gate.protected
    it.refused(NotAuthorised, "missing", lambda: it.gate.check(asked()))


def test_a_session_is_held_while_its_key_is() -> None:
    it = Checked(KEY)
    who = it.gate.check(asked(SECRET))
    assert it.gate.holds(who)
    assert it.gate.holds(Principal())
    assert not Checked(replace(KEY, revoked_at=1)).gate.holds(who)
    assert not Checked(Key("app", "1" * 64)).gate.holds(who)  # another key of that name
    it.gate.check_still(who)
    with pytest.raises(NotAuthorised, match="has been revoked"):
        Checked(replace(KEY, revoked_at=1)).gate.check_still(who)


@pytest.mark.parametrize("settings", [{}, {"query_tokens": True}])
def test_a_key_in_an_address_is_never_taken(settings: dict[str, Any]) -> None:
    it = Checked(KEY, **settings)
    it.refused(NotAuthorised, "query", lambda: it.gate.check(asked(SECRET, carrier="query")))


# -- tokens ------------------------------------------------------------------------------------


def test_a_token_stands_for_its_key_within_its_limits() -> None:
    it = Checked(KEY)
    token, expires_at = it.gate.issue(
        asked(SECRET), TokenRequest(60, 30, "https://APP.example:443", "kiosk")
    )
    assert expires_at == NOW + 60
    it = Checked(KEY, origins=("https://app.example",))
    who = it.gate.check(asked(token, origin="https://app.example", **AWAY))
    assert who == Principal(
        key="app",
        key_id=KEY.id,
        subject="kiosk",
        origin="https://app.example",
        max_session_ms=30_000,
        max_sessions=3,
    )


@pytest.mark.parametrize(("asked_s", "granted_ms"), [(None, 600_000), (10_000, 600_000)])
def test_a_token_is_not_worth_more_than_its_key(asked_s: int | None, granted_ms: int) -> None:
    it = Checked(KEY)
    token, _ = it.gate.issue(asked(SECRET), TokenRequest(max_session_s=asked_s))
    assert it.gate.check(asked(token)).max_session_ms == granted_ms


def test_a_token_ends_and_not_after_its_key() -> None:
    it = Checked(replace(KEY, expires_at=int(NOW) + 100), token_ttl_s=60)
    token, expires_at = it.gate.issue(asked(SECRET), TokenRequest())
    assert expires_at == NOW + 60
    assert it.gate.issue(asked(SECRET), TokenRequest(ttl_s=1_000))[1] == NOW + 100
    it.now += 60
    it.refused(NotAuthorised, "expired_token", lambda: it.gate.check(asked(token)))


def test_revoking_a_key_revokes_its_tokens() -> None:
    token, _ = Checked(KEY).gate.issue(asked(SECRET), TokenRequest())
    revoked = Checked(replace(KEY, revoked_at=1))
    revoked.refused(NotAuthorised, "revoked", lambda: revoked.gate.check(asked(token)))
    renewed = Checked(Key("app", "1" * 64))
    renewed.refused(NotAuthorised, "unknown", lambda: renewed.gate.check(asked(token)))


@pytest.mark.parametrize("origin", [None, "https://other.example"])
def test_a_token_for_one_page_is_for_no_other(origin: str | None) -> None:
    it = Checked(KEY, origins=("*",))
    token, _ = it.gate.issue(asked(SECRET), TokenRequest(origin="https://app.example"))
    there = asked(token, origin=origin)
    it.refused(NotAuthorised, "token_origin", lambda: it.gate.check(there))


def test_servers_that_share_a_secret_share_tokens_and_no_others() -> None:
    token, _ = Checked(KEY).gate.issue(asked(SECRET), TokenRequest())
    assert Checked(KEY).gate.check(asked(token)).key == "app"
    other = Checked(KEY, token_secret="t" * 32)
    other.refused(NotAuthorised, "bad_token", lambda: other.gate.check(asked(token)))


def test_without_a_secret_given_tokens_are_one_processs() -> None:
    one, other = Checked(KEY, token_secret=""), Checked(KEY, token_secret="")
    assert not one.gate.tokens_last
    assert Checked(KEY).gate.tokens_last
    token, _ = one.gate.issue(asked(SECRET), TokenRequest())
    assert one.gate.check(asked(token)).key == "app"
    other.refused(NotAuthorised, "bad_token", lambda: other.gate.check(asked(token)))
    forged = sign(Claims(KEY.id, 2**40), b"")  # nothing is signed with nothing
    one.refused(NotAuthorised, "bad_token", lambda: one.gate.check(asked(forged)))


def test_tokens_in_addresses_where_they_are_allowed() -> None:
    token, _ = Checked(KEY).gate.issue(asked(SECRET), TokenRequest())
    allowed = Checked(KEY, query_tokens=True)
    assert allowed.gate.check(asked(token, carrier="query")).key == "app"
    it = Checked(KEY)
    it.refused(NotAuthorised, "query", lambda: it.gate.check(asked(token, carrier="query")))


def test_who_may_make_tokens() -> None:
    it = Checked(KEY, allow_anonymous=True)
    token, _ = it.gate.issue(asked(SECRET), TokenRequest())
    for secret, reason in ((token, "token_for_token"), (None, "missing"), (new_key(), "unknown")):
        who = asked(secret)
        it.refused(NotAuthorised, reason, lambda: it.gate.issue(who, TokenRequest()))  # noqa: B023
    page = asked(SECRET, origin="https://evil.example")
    it.refused(OriginRefused, "origin", lambda: it.gate.issue(page, TokenRequest()))
    none = Checked()
    none.refused(NotAuthorised, "no_keys", lambda: none.gate.issue(asked("x"), TokenRequest()))


def test_a_key_in_an_address_makes_no_token() -> None:
    it = Checked(KEY, query_tokens=True)
    there = asked(SECRET, carrier="query")
    it.refused(NotAuthorised, "query", lambda: it.gate.issue(there, TokenRequest()))


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (TokenRequest(ttl_s=0), "ttl_s"),
        (TokenRequest(ttl_s=86_401), "ttl_s"),
        (TokenRequest(origin="app.example"), "origin"),
        (TokenRequest(origin="*"), "origin"),
    ],
)
def test_what_no_token_can_be(request_: TokenRequest, field: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        Checked(KEY).gate.issue(asked(SECRET), request_)
    assert caught.value.field == field


# -- scrapes, and what proxies say -------------------------------------------------------------


def test_metrics_are_for_who_comes_in_or_for_all() -> None:
    it = Checked(KEY)
    it.gate.check_metrics(asked(SECRET))
    it.refused(NotAuthorised, "missing", lambda: it.gate.check_metrics(asked()))
    Checked(KEY, open_metrics=True).gate.check_metrics(asked(**AWAY))
    Checked().gate.check_metrics(asked())
    rebound = asked(host="evil.example")
    unprotected = Checked(open_metrics=True)
    unprotected.refused(OriginRefused, "host", lambda: unprotected.gate.check_metrics(rebound))


_TEXTS = st.text(st.characters(max_codepoint=255), max_size=40)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["host", "origin", "x-forwarded-for", "forwarded", "via"]),
            _TEXTS | st.just("127.0.0.1"),
        )
        | st.tuples(st.just("authorization"), _TEXTS | st.just(f"Bearer {SECRET}")),
        max_size=6,
    ),
    _TEXTS | st.just(f"token={SECRET}"),
    st.lists(_TEXTS | st.just(f"token.{SECRET}"), max_size=3),
    st.booleans(),
)
def test_whatever_is_sent_it_comes_in_or_is_told_why_not(
    headers: list[tuple[str, str]], query: str, offered: list[str], protected: bool
) -> None:
    gate = Gate(AuthSettings(), Keyring([KEY] if protected else []), TrustedProxies(["10.0.0.1"]))
    scope = {
        "client": ("10.0.0.1", 1),
        "scheme": "ws",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "query_string": query.encode("latin-1"),
        "subprotocols": offered,
    }
    try:
        who = gate.screen(gate.read(scope))
    except (NotAuthorised, OriginRefused) as error:
        assert SECRET not in error.message
    else:
        assert who is None or who.key == "app" or not protected


def test_a_trusted_proxy_on_this_machine_makes_nobody_local() -> None:
    gate = Gate(AuthSettings(), Keyring(), TrustedProxies(["127.0.0.1"]))
    scope = {
        "client": ("127.0.0.1", 1),
        "scheme": "http",
        "headers": [(b"host", b"localhost"), (b"x-forwarded-for", b"203.0.113.9")],
    }
    with pytest.raises(NotAuthorised):
        gate.check(gate.read(scope))
    scope["headers"] = [(b"host", b"localhost"), (b"x-forwarded-for", b"127.0.0.1")]
    assert gate.check(gate.read(scope)).anonymous
