"""Captions of live sessions over HTTP: while they are said, behind the end, and by whom."""

from __future__ import annotations

import json
from typing import Any

import httpx2

from streaming.auth.keys import digest_of, new_key
from tests.integration.harness import Client, Running, client, serving
from tests.protocol.sounds import spoken

KEY = new_key()
SPEECH = spoken(1_200, then_silent_ms=1_000)


def of(server: Running, it: Client, form: str) -> str:
    started = it.transcript.of("started")[0]
    return f"{server.http}/v1/sessions/{started['session_id']}/captions.{form}"


def token(it: Client) -> dict[str, str]:
    return {"Authorization": f"Bearer {it.transcript.of('started')[0]['resume_token']}"}


async def test_it_grows_while_the_session_goes_on_and_stays_behind_it(server: Running) -> None:
    async with httpx2.AsyncClient(trust_env=False) as http:
        async with client(server.url) as it:
            audio = {"channels": 2, "channel_names": ["agent", "customer"]}
            await it.say("start", language="en", audio=audio)
            await it.until("started")
            empty = (await http.get(of(server, it, "vtt"), headers=token(it))).text
            assert empty == "WEBVTT\n"
            stereo = b"".join(SPEECH[at : at + 2] + bytes(2) for at in range(0, len(SPEECH), 2))
            await it.send(stereo)
            await it.until("final")
            live = await http.get(of(server, it, "vtt"), headers=token(it))
            assert "<v agent>w0 w1 w2" in live.text
            await it.send(stereo)
            await it.finish()
        answer = await http.get(of(server, it, "json"), headers=token(it))
        whole: dict[str, Any] = json.loads(answer.text)
        finals = it.transcript.of("final")
        assert [segment["text"] for segment in whole["segments"]] == [f["text"] for f in finals]
        assert [segment["words"] for segment in whole["segments"]] == [f["words"] for f in finals]
        assert {segment["speaker"] for segment in whole["segments"]} == {"agent"}
        assert (whole["ended"], whole["complete"]) == (True, True)
        assert (await http.get(of(server, it, "json"))).status_code == 404


async def test_they_are_gone_when_their_time_is_over() -> None:
    with serving(captions={"keep_s": 0.2}) as server:
        async with httpx2.AsyncClient(trust_env=False) as http, client(server.url) as it:
            await it.say("start", language="en")
            await it.send(SPEECH)
            await it.finish()
            transcripts = server.service.transcripts
            assert transcripts is not None
            while len(transcripts):  # nobody asks, and they go all the same
                await http.get(server.http + "/livez")
            assert transcripts.held_bytes == 0
            assert (await http.get(of(server, it, "txt"), headers=token(it))).status_code == 404


async def test_a_key_opens_what_a_token_of_it_began() -> None:
    with serving(auth={"keys": [f"a:{digest_of(KEY)}"]}) as server:
        bearer = {"Authorization": f"Bearer {KEY}"}
        async with httpx2.AsyncClient(trust_env=False) as http:
            made = (await http.post(server.http + "/v1/tokens", headers=bearer)).json()["token"]
            async with client(server.url) as it:
                await it.say("start", language="en", token=made)
                await it.send(SPEECH)
                await it.finish()
            answer = await http.get(of(server, it, "txt"), headers=bearer)
            assert answer.text == "w0 w1 w2\n"
            with_token = {"Authorization": f"Bearer {made}"}
            assert (await http.get(of(server, it, "txt"), headers=with_token)).status_code == 404
