"""Recordings handed in and fetched later, over a real socket: what comes of them, who sees it."""

from __future__ import annotations

import json
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from streaming.auth.keys import digest_of, new_key
from streaming.decoding import DecodeRequest, Hypothesis
from streaming.engine.fake import FakeEngine, count_words
from streaming.rest.jobs.signing import new_secret
from tests.integration.harness import WAIT_S, Running, serving
from tests.integration.test_openai_rest import wav

pytestmark = pytest.mark.timeout(90)


class Jobs(httpx.Client):
    """Asks for what lies below ``/v1/jobs``."""

    def __init__(self, server: Running, headers: dict[str, str]) -> None:
        once = httpx.Limits(max_keepalive_connections=0)
        super().__init__(headers=headers, timeout=WAIT_S, trust_env=False, limits=once)
        self.root = f"{server.http}/v1/jobs"

    def request(self, method: str, url: Any, **options: Any) -> httpx.Response:
        return super().request(method, f"{self.root}{url}", **options)


class Client:
    """What a client does with jobs."""

    def __init__(self, server: Running, key: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.http = Jobs(server, headers)

    def submit(self, sound: bytes, **fields: str) -> httpx.Response:
        """Hand a recording in."""
        return self.http.post("", files={"file": ("a.wav", sound)}, data=fields)

    def taken(self, sound: bytes, **fields: str) -> dict[str, Any]:
        """Hand a recording in; it must be taken."""
        answer = self.submit(sound, **fields)
        assert answer.status_code == 202, answer.text
        assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
        return dict(answer.json())

    def see(self, job: str) -> dict[str, Any]:
        """How a job stands."""
        return dict(self.http.get(f"/{job}").raise_for_status().json())

    def until(self, job: str, *statuses: str) -> dict[str, Any]:
        """Ask until a job stands so."""
        seen: dict[str, Any] = until(lambda: self.see(job), lambda seen: seen["status"] in statuses)
        return seen


def until(ask: Any, enough: Any) -> Any:
    pause = threading.Event()
    for _ in range(int(WAIT_S / 0.02)):
        if enough(seen := ask()):
            return seen
        pause.wait(0.02)
    raise AssertionError(seen)


class Gate:
    """An engine's script that waits for the test."""

    def __init__(self) -> None:
        self.open = threading.Event()

    def __call__(self, request: DecodeRequest) -> Hypothesis:
        if request.audio.any():
            self.open.wait(WAIT_S)
        return count_words(request)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with serving(jobs={"folder": tmp_path / "jobs"}) as running:
        yield running


def test_a_job_from_its_recording_to_its_text(server: Running, tmp_path: Path) -> None:
    client = Client(server)
    assert not (tmp_path / "jobs").exists(), "nothing is on disk before somebody asks for it"
    job = client.taken(wav(2, 3), language="en", response_format="text")
    assert (job["object"], job["file"]["name"], job["expires_at"]) == ("job", "a.wav", None)
    seen = client.until(job["id"], "completed")
    assert seen["progress"] == {"decoded_ms": 7_000, "duration_ms": 7_000, "share": 1.0}
    assert seen["created_at"] <= seen["started_at"] <= seen["ended_at"] < seen["expires_at"]
    result = f"/{job['id']}/result"
    assert client.http.get(result).text.startswith("w0 w1 ")
    said = client.http.get(f"{result}?response_format=json").json()
    assert said["usage"] == {"type": "duration", "seconds": 7}
    verbose = client.http.get(
        f"{result}?response_format=verbose_json&timestamp_granularities[]=word"
    ).json()
    assert [word["word"] for word in verbose["words"]] == verbose["text"].split()
    assert client.http.get(f"{result}?response_format=srt").text.startswith("1\n00:00:00,")
    assert client.http.get(f"{result}?response_format=vtt").text.startswith("WEBVTT\n")
    wrong = client.http.get(f"{result}?response_format=docx")
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "response_format")
    folder = tmp_path / "jobs"
    left = sorted(path.name for path in (folder / job["id"]).iterdir())
    assert left == ["job.json", "transcript.json"], "the recording is gone"
    assert folder.stat().st_mode & 0o077 == 0
    assert client.http.delete(f"/{job['id']}").json()["deleted"] is True
    assert client.http.get(f"/{job['id']}").status_code == 404
    assert not (folder / job["id"]).exists()


def test_how_far_it_has_come_and_what_a_cancelled_one_leaves(tmp_path: Path) -> None:
    gate = Gate()
    engine = FakeEngine(gate, max_batch=1)
    with serving(engine, jobs={"folder": tmp_path / "jobs"}) as server:
        client = Client(server)
        first, second = client.taken(wav(*[1] * 4)), client.taken(wav(1))
        seen = until(
            lambda: client.see(first["id"]), lambda it: it["progress"]["duration_ms"] == 8_000
        )
        assert (seen["status"], seen["progress"]["share"]) == ("running", 0.0)
        assert client.see(second["id"])["status"] == "queued"
        early = client.http.get(f"/{first['id']}/result")
        assert (early.status_code, early.json()["error"]["code"]) == (409, "job_not_done")
        assert early.headers["retry-after"]
        for job in (second, first):
            gone = client.http.post(f"/{job['id']}/cancel").json()
            assert (gone["status"], gone["result"]) == ("cancelled", None)
            assert not (tmp_path / "jobs" / job["id"] / "audio").exists()
            none = client.http.get(f"/{job['id']}/result")
            assert none.json()["error"]["code"] == "job_without_text"
        gate.open.set()
        third = client.taken(wav(1))
        assert client.until(third["id"], "completed")
        assert client.http.post(f"/{third['id']}/cancel").json()["status"] == "completed"


def test_one_key_does_not_see_anothers_jobs(tmp_path: Path) -> None:
    keys = {name: new_key() for name in ("anna", "bert")}
    hashes = [f"{name}:{digest_of(key)}" for name, key in keys.items()]
    with serving(auth={"keys": hashes}, jobs={"folder": tmp_path, "max_per_key": 2}) as server:
        anna, bert = Client(server, keys["anna"]), Client(server, keys["bert"])
        mine = [anna.taken(wav(1))["id"], anna.taken(wav(2))["id"]]
        for job in mine:
            anna.until(job, "completed")
            for method, path in (
                ("GET", ""),
                ("GET", "/result"),
                ("POST", "/cancel"),
                ("DELETE", ""),
            ):
                asked = bert.http.request(method, f"/{job}{path}")
                assert (asked.status_code, asked.json()["error"]["code"]) == (404, "job_not_found")
        assert bert.http.get("").json()["data"] == []
        page = anna.http.get("", params={"limit": 1, "status": "completed"}).json()
        assert ([job["id"] for job in page["data"]], page["has_more"]) == ([mine[1]], True)
        rest = anna.http.get("", params={"after": page["last_id"]}).json()
        assert ([job["id"] for job in rest["data"]], rest["has_more"]) == ([mine[0]], False)
        full = anna.submit(wav(1))
        assert (full.status_code, full.json()["error"]["param"]) == (429, "jobs")
        assert bert.submit(wav(1)).status_code == 202
        assert Client(server).http.get("").status_code == 401


def test_what_cannot_be_done_is_said(server: Running) -> None:
    client = Client(server)
    broken = client.until(client.taken(b"no sound at all")["id"], "failed")
    assert broken["error"]["code"] == "bad_media"
    for fields, param in (
        ({"language": "klingon"}, "language"),
        ({"task": "sing"}, "task"),
        ({"stream": "true"}, "stream"),
        ({"webhook_url": "http://127.0.0.1/"}, "webhook_url"),
        ({"webhook_secret": new_secret()}, "webhook_secret"),
    ):
        answer = client.submit(wav(1), **fields)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert client.submit(b"").json()["error"]["message"] == "file: is empty"
    assert client.http.get("?limit=0").json()["error"]["param"] == "limit"
    assert client.http.get("?status=lost").json()["error"]["param"] == "status"
    assert client.http.get("/..%2f..%2fetc").status_code == 404
    counted = server.service.metrics.files
    assert counted is not None


def test_a_full_disk_is_said_so_and_leaves_nothing(server: Running, tmp_path: Path) -> None:
    client = Client(server)
    kept = client.taken(wav(1))["id"]
    client.until(kept, "completed")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, before[1]))
    try:
        full = client.submit(wav(5))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (full.status_code, full.json()["error"]["code"]) == (507, "storage_full")
    until(lambda: {path.name for path in (tmp_path / "jobs").iterdir()}, {kept, "lock"}.__eq__)
    assert client.see(kept)["status"] == "completed"
    assert client.until(client.taken(wav(5))["id"], "completed")


def test_the_disk_that_jobs_take_is_bounded(tmp_path: Path) -> None:
    with serving(jobs={"folder": tmp_path, "max_bytes": 100_000}) as server:
        client = Client(server)
        full = client.submit(wav(5))
        assert (full.status_code, full.json()["error"]["code"]) == (507, "storage_full")
        assert client.submit(wav(1)).status_code == 202


def test_a_second_server_leaves_the_first_ones_jobs_alone(tmp_path: Path) -> None:
    jobs = {"folder": tmp_path}
    with serving(jobs=jobs) as first:
        job = Client(first).taken(wav(1))["id"]
        with serving(jobs=jobs) as second:
            refused = Client(second).submit(wav(1))
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "overloaded")
            assert Client(second).http.get(f"/{job}").status_code == 404
        Client(first).until(job, "completed")


def test_jobs_outlive_their_server_and_go_on_where_it_was(tmp_path: Path) -> None:
    """A restart in good order; what a kill leaves is the same, and test_process kills."""
    gate = Gate()
    released = threading.Semaphore(0)

    def two_only(request: DecodeRequest) -> Hypothesis:
        if request.audio.any() and not released.acquire(timeout=WAIT_S):
            gate.open.wait()
        return count_words(request)

    sound, jobs = wav(1, 2, 3), {"folder": tmp_path}
    with serving(FakeEngine(two_only, max_batch=1), jobs=jobs, server={"drain_s": 1}) as server:
        client = Client(server)
        job, waiting = client.taken(sound)["id"], client.taken(wav(1.5))["id"]
        released.release(2)
        seen = until(lambda: client.see(job), lambda it: it["progress"]["decoded_ms"] > 3_000)
        assert seen["status"] == "running"
        until(lambda: (tmp_path / job / "finals.jsonl").read_text().count("\n"), (3).__eq__)
        threading.Timer(0.5, released.release, [9]).start()  # threads are waited for
    damaged = tmp_path / ("job_" + "0" * 32)
    damaged.mkdir()
    (damaged / "job.json").write_bytes(b'{"form":')
    (tmp_path / ("incoming-job_" + "1" * 32)).mkdir()
    engine = FakeEngine(max_batch=1)
    with serving(engine, jobs=jobs) as server:
        client = Client(server)
        client.until(job, "completed")
        client.until(waiting, "completed")
        heard = [batch[0].duration_ms for batch in engine.batches if batch[0].audio.any()]
        assert len(heard) == 2, "what had its final is not decoded again"
        said = client.http.get(
            f"/{job}/result?response_format=verbose_json&timestamp_granularities[]=segment"
        ).json()
        starts = [round(segment["start"]) for segment in said["segments"]]
        assert (starts, said["duration"]) == ([0, 2, 5], 9.0)
        whole = Client(server).taken(sound, prompt="so that it is decoded")["id"]
        client.until(whole, "completed")
        text = client.http.get(f"/{whole}/result").json()["text"]
        assert len(text.split()) == len(said["text"].split())
        assert client.http.get(f"/{damaged.name}").status_code == 404
        assert server.service.metrics.value("jobs", state="damaged") == 1
        assert not list(tmp_path.glob("incoming-*"))


def test_what_is_over_is_forgotten_in_time(tmp_path: Path) -> None:
    with serving(jobs={"folder": tmp_path}) as server:
        client = Client(server)
        job = client.taken(wav(1))["id"]
        client.until(job, "completed")
    record = json.loads((tmp_path / job / "job.json").read_bytes())
    record["ended_at"] -= 90_000
    (tmp_path / job / "job.json").write_text(json.dumps(record))
    with serving(jobs={"folder": tmp_path}) as server:
        until(lambda: (tmp_path / job).exists(), (False).__eq__)
        assert Client(server).http.get(f"/{job}").status_code == 404


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


def test_uploads_whose_clients_leave_leave_nothing(server: Running, tmp_path: Path) -> None:
    import socket

    Client(server).taken(wav(1))
    for cut in (10, 60, 5_000):
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            head = (
                "POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 90000\r\n"
                "Content-Type: multipart/form-data; boundary=XX\r\n\r\n"
                '--XX\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            )
            raw.sendall((head.encode() + bytes(9_000))[: len(head) - 60 + cut])
            time.sleep(0.05)
    until(lambda: list((tmp_path / "jobs").glob("incoming-*")), ([]).__eq__)
    until(
        lambda: server.service.metrics.value("files_total", transport="jobs", outcome="lost"),
        (3.0).__eq__,
    )


def test_jobs_may_be_left_out(tmp_path: Path) -> None:
    with serving(jobs={"enabled": False, "folder": tmp_path}) as server:
        assert Client(server).submit(wav(1)).json()["error"]["code"] == "not_found"
    with serving() as server:
        nowhere = Client(server).submit(wav(1))
        assert (nowhere.status_code, nowhere.json()["error"]["code"]) == (507, "storage_full")
