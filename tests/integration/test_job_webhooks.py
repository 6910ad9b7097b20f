"""Who is told of a job's end: signed, again where nobody listens, and nowhere else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import openai
import pytest

from streaming.rest.jobs.signing import new_secret
from tests.integration.harness import serving
from tests.integration.job_client import Client, until
from tests.integration.test_openai_rest import wav

pytestmark = pytest.mark.timeout(90)


class Hooks:
    """A receiver of webhooks that takes none of the first ones."""

    def __init__(self, refuse: int, status: int = 500) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        hooks = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                hooks.got.append((dict(self.headers), body))
                self.send_response(status if len(hooks.got) <= refuse else 204)
                self.send_header("Location", "http://127.0.0.1/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?token=s3cret"

    @contextmanager
    def listening(self) -> Iterator[Hooks]:
        thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            thread.join()
            self.server.server_close()


def test_who_asked_is_told_signed_and_again_where_nobody_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("streaming.rest.jobs.messenger._FIRST_S", 0.1)
    jobs = {"folder": tmp_path, "webhook_hosts": ["127.0.0.1"]}
    with Hooks(refuse=1).listening() as hooks, serving(jobs=jobs) as server:
        client, secret = Client(server), new_secret()
        job = client.taken(wav(2), webhook_url=hooks.url, webhook_secret=secret)
        assert "secret" not in job["webhook"]
        assert job["webhook"]["host"] == "127.0.0.1"
        seen = until(
            lambda: client.see(job["id"]), lambda it: it["webhook"]["status"] == "delivered"
        )
        assert (seen["webhook"]["attempts"], seen["webhook"]["last_answer"]) == (2, 204)
        for headers, body in hooks.got:
            event = openai.OpenAI(api_key="none").webhooks
            event.verify_signature(body, headers, secret=secret)
            said = json.loads(body)
            assert (said["type"], said["object"]) == ("job.completed", "event")
            assert said["data"]["id"] == job["id"]
            assert b"w0" not in body, "no text goes where nobody has shown a key"
        assert len({headers["webhook-id"] for headers, _ in hooks.got}) == 1
        kept = (tmp_path / job["id"] / "job.json").read_text()
        assert "s3cret" not in kept
        assert secret not in kept
        made = client.taken(wav(1), webhook_url=hooks.url)["webhook"]["secret"]
        assert made.startswith("whsec_")
        assert server.service.metrics.value("job_webhooks_total", outcome="retried") == 1
    told = capfd.readouterr()
    assert "s3cret" not in told.out + told.err


def test_a_receiver_that_sends_elsewhere_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streaming.rest.jobs.messenger._FIRST_S", 0.01)
    jobs = {"folder": tmp_path, "webhook_hosts": ["127.0.0.1"], "webhook_attempts": 3}
    with Hooks(refuse=99, status=307).listening() as hooks, serving(jobs=jobs) as server:
        client = Client(server)
        job = client.taken(wav(1), webhook_url=hooks.url)["id"]
        seen = until(lambda: client.see(job), lambda it: it["webhook"]["status"] == "failed")
        assert (seen["status"], seen["webhook"]["attempts"], len(hooks.got)) == ("completed", 3, 3)
