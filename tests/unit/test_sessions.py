"""Captions by HTTP: who may have them, in which form, and the one answer for everybody else."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from streaming.app import create_app
from streaming.audio.formats import AudioFormat
from streaming.auth.keys import digest_of, new_key
from streaming.decoding import Word
from streaming.engine.fake import FakeEngine
from streaming.events import EndReason, Final
from streaming.options import SessionConfig
from streaming.principal import ANONYMOUS, Principal
from streaming.service import Service
from streaming.settings import Settings
from streaming.transcripts import Transcript

SECRET, OTHER = new_key(), new_key()
TOKEN = "the session's own token"
WORDS = (Word("Hello,", 500, 900, 0.9), Word(" Ada.", 900, 1_400, 0.8))


def service(**sections: Any) -> Service:
    return Service(Settings.model_validate(sections), lambda: [FakeEngine()])


def web(it: Service) -> TestClient:
    return TestClient(
        create_app(it), base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50_000)
    )


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def said(it: Service, principal: Principal = ANONYMOUS, *names: str) -> Transcript:
    """A session that has said two things, on two channels."""
    audio = AudioFormat(channels=2, channel_names=names)
    transcript = it.transcript("a", TOKEN, principal, SessionConfig(audio=audio))
    assert transcript is not None
    for channel, (text, words) in enumerate((("Hello, Ada.", WORDS), ("<Hi> & bye.", None))):
        start = 500 + 1_000 * channel
        transcript.add(
            Final(channel + 1, channel, start, start + 900, text, 0.9, "en", 1.0,
                  EndReason.SILENCE, words)
        )  # fmt: skip
    return transcript


def test_webvtt_names_the_channels() -> None:
    it = service()
    said(it, ANONYMOUS, "agent", "customer")
    answer = web(it).get("/v1/sessions/a/captions.vtt", headers=bearer(TOKEN))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/vtt; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.startswith("WEBVTT\n\n00:00:00.500 --> ")
    assert "<v agent>Hello, Ada.\n" in answer.text
    assert "<v customer>&lt;Hi&gt; &amp; bye.\n" in answer.text


def test_srt_and_plain_text() -> None:
    it = service()
    said(it, ANONYMOUS, "agent", "customer")
    client = web(it)
    srt = client.get("/v1/sessions/a/captions.srt", headers=bearer(TOKEN))
    assert srt.headers["content-type"] == "application/x-subrip; charset=utf-8"
    assert srt.text.startswith("1\n00:00:00,500 --> ")
    assert "agent: Hello, Ada.\n" in srt.text
    text = client.get("/v1/sessions/a/captions.txt", headers=bearer(TOKEN))
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert text.text == "agent: Hello, Ada.\ncustomer: <Hi> & bye.\n"


def test_json_says_whether_there_is_more_to_come() -> None:
    it = service()
    transcript = said(it)
    client = web(it)
    fields = client.get("/v1/sessions/a/captions.json", headers=bearer(TOKEN)).json()
    assert (fields["session_id"], fields["ended"], fields["complete"]) == ("a", False, True)
    assert fields["text"] == "Hello, Ada. <Hi> & bye."
    assert fields["segments"][0]["words"][1] == {
        "text": "Ada.",
        "start_ms": 900,
        "end_ms": 1_400,
        "confidence": 0.8,
    }
    transcript.forget_oldest()
    transcript.ended = True
    fields = client.get("/v1/sessions/a/captions.json", headers=bearer(TOKEN)).json()
    assert (fields["ended"], fields["complete"], len(fields["segments"])) == (True, False, 1)


def keyed() -> tuple[Service, TestClient]:
    keys = tuple(f"{name}:{digest_of(key)}" for name, key in (("app", SECRET), ("b", OTHER)))
    it = service(auth={"keys": keys})
    return it, web(it)


def principal_of(it: Service, client: TestClient, secret: str) -> Principal:
    scope = {
        "type": "http",
        "headers": [(b"host", b"127.0.0.1:8000"), (b"authorization", f"Bearer {secret}".encode())],
        "client": ("127.0.0.1", 1),
        "scheme": "http",
    }
    return it.gate.check(it.gate.read(scope))


def test_the_key_that_opened_it_may_have_it() -> None:
    it, client = keyed()
    said(it, principal_of(it, client, SECRET))
    assert client.get("/v1/sessions/a/captions.txt", headers=bearer(SECRET)).status_code == 200
    assert client.get("/v1/sessions/a/captions.txt", headers=bearer(TOKEN)).status_code == 200


def test_everything_else_is_one_404() -> None:
    it, client = keyed()
    said(it, principal_of(it, client, SECRET))
    made = client.post("/v1/tokens", headers=bearer(SECRET)).json()["token"]
    answers = [
        client.get(path, headers=headers)
        for path, headers in (
            ("/v1/sessions/a/captions.txt", {}),
            ("/v1/sessions/a/captions.txt", bearer(OTHER)),  # another key
            ("/v1/sessions/a/captions.txt", bearer(made)),  # a token of the right key
            ("/v1/sessions/a/captions.txt", bearer("")),
            ("/v1/sessions/a/captions.txt", bearer("nonsense")),
            ("/v1/sessions/b/captions.txt", bearer(TOKEN)),
            ("/v1/sessions/b/captions.txt", bearer(SECRET)),
            ("/v1/sessions/a/captions.doc", bearer(TOKEN)),
            (f"/v1/sessions/a/captions.txt?token={TOKEN}", {}),
        )
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["error"]["code"] == "unknown_session"


def test_without_keys_only_the_token_counts() -> None:
    it = service()
    said(it)
    client = web(it)
    assert client.get("/v1/sessions/a/captions.txt").status_code == 404
    assert client.get("/v1/sessions/a/captions.txt", headers=bearer("no")).status_code == 404


def test_nothing_is_kept_where_nothing_is_to_be() -> None:
    it = service(captions={"kept": False})
    assert it.transcript("a", TOKEN, ANONYMOUS, SessionConfig()) is None
    answer = web(it).get("/v1/sessions/a/captions.txt", headers=bearer(TOKEN))
    assert answer.status_code == 404


def test_who_asks_too_often_has_to_wait() -> None:
    it = service(quotas={"handshakes_per_s": 0.001, "handshake_burst": 2})
    said(it)
    client = web(it)
    answers = [
        client.get("/v1/sessions/a/captions.txt", headers=bearer(TOKEN)).status_code
        for _ in range(3)
    ]
    assert answers == [200, 200, 429]


@pytest.mark.parametrize("text", ["\ud800 half", "a --> b", "\x00"])
def test_whatever_was_said_can_be_written(text: str) -> None:
    it = service()
    transcript = it.transcript("a", TOKEN, ANONYMOUS, SessionConfig())
    assert transcript is not None
    transcript.add(Final(1, 0, 0, 900, text, 0.9, "en", 1.0, EndReason.SILENCE))
    client = web(it)
    for form in ("vtt", "srt", "txt", "json"):
        answer = client.get(f"/v1/sessions/a/captions.{form}", headers=bearer(TOKEN))
        assert answer.status_code == 200
