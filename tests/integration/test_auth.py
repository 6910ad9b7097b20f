"""Who comes in, over real sockets: keys, tokens, pages, proxies, TLS."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from streaming.auth.keyfile import KeyFile, change_key_file
from streaming.auth.keys import Key, digest_of, new_key
from streaming.client import connect as sdk_connect
from tests.integration.harness import Running, client, serving
from tests.integration.process import server_process
from tests.protocol.sounds import spoken

SECRET = new_key()
BEARER = {"Authorization": f"Bearer {SECRET}"}
PAGE = "https://app.example"
TLS = Path(__file__).parents[1] / "support" / "tls"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    auth = {
        "keys": (f"app:{digest_of(SECRET)}",),
        "token_secret": "s" * 32,
        "origins": (PAGE,),
        "query_tokens": True,
    }
    with serving(auth=auth) as running:
        yield running


async def token(server: Running, **asked: Any) -> str:
    async with httpx2.AsyncClient(trust_env=False) as web:
        answer = await web.post(f"{server.http}/v1/tokens", json=asked, headers=BEARER)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


async def comes_in(url: str, **options: Any) -> None:
    async with client(url, **options) as it:
        await it.say("start", language="en")
        await it.send(spoken(1_200))
        assert (await it.finish()).text() == "w0 w1 w2"


async def turned_away(url: str, status: int, code: str, **options: Any) -> httpx2.Headers:
    """A program is refused by the status of its upgrade."""
    with pytest.raises(InvalidStatus) as caught:
        async with connect(url, proxy=None, **options):
            pass
    response = caught.value.response
    assert response.status_code == status
    assert json.loads(response.body or b"{}")["error"]["code"] == code
    assert SECRET.encode() not in (response.body or b"")
    return httpx2.Headers(list(response.headers.raw_items()))


async def test_a_key_in_the_header(server: Running) -> None:
    await comes_in(server.url, additional_headers=BEARER)
    async with sdk_connect(server.url, token=SECRET, language="en") as stream:
        await stream.end()


async def test_a_key_or_a_token_as_a_subprotocol_that_is_not_echoed(server: Running) -> None:
    for secret in (SECRET, await token(server)):
        offered = [Subprotocol("wirescribe.v1"), Subprotocol(f"token.{secret}")]
        async with client(server.url, subprotocols=offered) as it:
            assert it.connection.subprotocol == "wirescribe.v1"
            await it.say("start")
            await it.finish()
        async with client(server.url, subprotocols=offered[1:]) as it:
            assert it.connection.subprotocol is None
            await it.finish()


async def test_a_key_in_the_first_message(server: Running) -> None:
    async with client(server.url) as it:
        await it.say("start", token=SECRET)
        await it.until("started")
        await it.finish()
    for first in ({"token": new_key()}, {"token": ""}, {"token": 7}, {}):
        async with client(server.url) as it:
            await it.say("start", **first)
            assert (await it.refused("not_authorised"))["field"] == "token"
    async with client(server.url) as it:
        await it.send(spoken(100))
        await it.refused("not_authorised")


async def test_a_token_in_the_address_where_it_is_allowed(server: Running) -> None:
    await comes_in(
        f"{server.url}?token={await token(server)}&language=en".replace("&language", "&x")
    )
    await turned_away(f"{server.url}?token={SECRET}", 401, "not_authorised")


async def test_a_program_reads_in_the_status_that_it_does_not_come_in(server: Running) -> None:
    headers = await turned_away(
        server.url,
        401,
        "not_authorised",
        additional_headers={"Authorization": f"Bearer {new_key()}"},
    )
    assert headers["www-authenticate"] == 'Bearer realm="wirescribe"'


async def test_a_page_is_told_in_words(server: Running) -> None:
    async with client(server.url, origin=Origin(PAGE)) as it:
        await it.say("start", token=new_key())
        await it.refused("not_authorised")
    async with client(
        server.url, origin=Origin(PAGE), subprotocols=[Subprotocol("token.nonsense")]
    ) as it:
        await it.refused("not_authorised")
    async with client(
        server.url, origin=Origin("https://evil.example"), additional_headers=BEARER
    ) as it:
        await it.refused("origin_refused")


async def test_its_own_page_and_the_listed_one_come_in(server: Running) -> None:
    for origin in (server.http, PAGE):
        await comes_in(server.url, origin=Origin(origin), additional_headers=BEARER)


async def test_a_tokens_page_and_length(server: Running) -> None:
    made = await token(server, origin=PAGE, max_session_s=2)
    headers = {"Authorization": f"Bearer {made}"}
    async with client(server.url, origin=Origin(PAGE), additional_headers=headers) as it:
        await it.say("start", language="en")
        assert (await it.until("started"))["limits"]["max_session_ms"] == 2_000
        for _ in range(3):
            await it.send(spoken(1_000))
        await it.refused("session_too_long")
    await turned_away(server.url, 401, "not_authorised", additional_headers=headers)


async def test_the_server_counted_every_one_of_these(server: Running) -> None:
    async with httpx2.AsyncClient(trust_env=False) as web:
        bad = {"Authorization": "Bearer nonsense"}
        before = (await web.get(f"{server.http}/metrics", headers=BEARER)).text
        assert (await web.get(f"{server.http}/metrics", headers=bad)).status_code == 401
        await turned_away(server.url, 401, "not_authorised", additional_headers=bad)
        after = (await web.get(f"{server.http}/metrics", headers=BEARER)).text

    def unknown(text: str) -> float:
        name = 'wirescribe_auth_failures_total{reason="unknown"} '
        return next(float(x.removeprefix(name)) for x in text.splitlines() if x.startswith(name))

    assert unknown(after) == unknown(before) + 2
    assert SECRET not in after


async def test_a_revoked_key_ends_its_sessions_and_lets_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key = Key("app", digest_of(SECRET))
    change_key_file(path, lambda it: it.with_key(key))
    with serving(auth={"keys_file": path}) as server:
        made = await token(server)
        async with client(server.url, additional_headers=BEARER) as it:
            await it.say("start", language="en")
            await it.send(spoken(1_200))
            await it.until("partial")

            def revoked(content: KeyFile) -> KeyFile:
                return content.with_key(Key(key.name, key.digest, revoked_at=1))

            change_key_file(path, revoked)
            error = await it.refused("not_authorised")
            assert error["message"] == "token: the API key has been revoked"
            assert it.transcript.text() == "w0 w1 w2"  # what was said is not lost
        await turned_away(server.url, 401, "not_authorised", additional_headers=BEARER)
        headers = {"Authorization": f"Bearer {made}"}
        await turned_away(server.url, 401, "not_authorised", additional_headers=headers)
        change_key_file(path, lambda it: it.with_key(key))
        await comes_in(server.url, additional_headers=BEARER)


async def test_without_keys_only_this_machine_by_its_own_names(server: Running) -> None:
    with serving() as bare:
        await comes_in(bare.url)
        await comes_in(bare.url, origin=Origin(bare.http))
        await turned_away(
            bare.url, 401, "not_authorised", additional_headers={"X-Forwarded-For": "203.0.113.9"}
        )
        rebound = bare.url.replace("127.0.0.1", "evil.example")
        here = {"host": "127.0.0.1", "port": bare.port}
        await turned_away(rebound, 403, "origin_refused", **here)
        async with client(
            rebound, origin=Origin(rebound[:-10].replace("ws", "http")), **here
        ) as it:
            await it.refused("origin_refused")


async def test_over_tls() -> None:
    files = {"tls_certfile": TLS / "cert.pem", "tls_keyfile": TLS / "key.pem"}
    trusting = ssl.create_default_context(cafile=TLS / "cert.pem")
    with serving(server=files) as server:
        url = server.url.replace("ws://127.0.0.1", "wss://localhost")
        await comes_in(url, ssl=trusting, origin=Origin(f"https://localhost:{server.port}"))
        async with client(
            url, ssl=trusting, origin=Origin(f"http://localhost:{server.port}")
        ) as it:
            await it.refused("origin_refused")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            trusting.minimum_version = trusting.maximum_version = version
            await comes_in(url, ssl=trusting)


async def test_secrets_are_written_nowhere(tmp_path: Path) -> None:
    """In a process of its own, with everything that is logged."""
    path, other = tmp_path / "keys.json", new_key()
    content = change_key_file(path, lambda it: it.with_key(Key("app", digest_of(SECRET))))
    environment: dict[str, Any] = {
        "WIRESCRIBE_AUTH__KEYS_FILE": str(path),
        "WIRESCRIBE_AUTH__KEYS": f"other:{digest_of(other)}",
        "WIRESCRIBE_AUTH__QUERY_TOKENS": "true",
    }
    said: list[str] = []
    async with server_process("--port", "0", "--log-level", "debug", **environment) as server:
        await server.ready()
        http = f"http://127.0.0.1:{server.port}"
        async with httpx2.AsyncClient(trust_env=False) as web:
            asked = {"sub": "subject-hush", "ttl_s": 60}
            made = (await web.post(f"{http}/v1/tokens", json=asked, headers=BEARER)).json()["token"]
            bad = made[:-4] + "AAAA"
            for secret in (SECRET, made, bad, "ws_hush"):
                headers = {"Authorization": f"Bearer {secret}"}
                for answer in (
                    await web.get(f"{http}/metrics", headers=headers),
                    await web.get(f"{http}/metrics?token={secret}"),
                    await web.post(f"{http}/v1/tokens?token={secret}", headers=headers)
                    if secret != SECRET
                    else await web.get(f"{http}/health?token={secret}", headers=headers),
                    await web.get(f"{http}/nowhere?token={secret}", headers=headers),
                ):
                    said.append(answer.text)
                for options in (
                    {"additional_headers": headers},
                    {"subprotocols": [f"token.{secret}"]},
                    {"subprotocols": [f"token.{secret}"], "origin": http},
                ):
                    try:
                        async with client(server.url, **options) as it:
                            with suppress(ConnectionClosed):  # it may be refused by now
                                await it.say("end")
                            await it.rest()
                            said += [json.dumps(event) for event in it.transcript.events]
                    except InvalidStatus as refused:
                        said.append((refused.response.body or b"").decode())
                async with client(server.url) as it:
                    await it.say("start", token=secret)
                    with suppress(ConnectionClosed):
                        await it.say("end")
                    await it.rest()
                    said += [json.dumps(event) for event in it.transcript.events]
        server.process.terminate()
        assert await server.status() == 0
    assert any('"ended"' in text for text in said)
    everything = "\n".join([*server.lines, *said])
    secrets = [SECRET, digest_of(SECRET), other, digest_of(other), made, bad]
    for hidden in (*secrets, content.token_secret.hex(), "hush", made.partition(".")[2]):
        assert hidden not in everything
    assert "bad_token" in everything
