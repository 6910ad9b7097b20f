"""Recordings handed in and fetched later, over a real socket: what comes of them, who sees it."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from streaming.auth.keys import digest_of, new_key
from streaming.decoding import DecodeRequest, Hypothesis
from streaming.engine.fake import FakeEngine, count_words
from streaming.rest.jobs.folder import Folder
from streaming.rest.jobs.job import Job
from streaming.rest.jobs.signing import new_secret
from tests.integration.harness import WAIT_S, Running, serving
from tests.integration.job_client import Client, until
from tests.integration.process import server_process
from tests.integration.test_openai_rest import wav

pytestmark = pytest.mark.timeout(90)


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


def test_a_job_is_over_when_its_text_can_be_read_and_is_then_not_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, written, plain = threading.Event(), threading.Event(), Folder.end

    def slowly(folder: Folder, job: Job, transcript: bytes | None) -> None:
        writing.set()
        written.wait(WAIT_S)
        plain(folder, job, transcript)

    monkeypatch.setattr(Folder, "end", slowly)
    with serving(jobs={"folder": tmp_path}) as server:
        client = Client(server)
        job = client.taken(wav(1))["id"]
        assert writing.wait(WAIT_S)
        assert client.see(job)["status"] == "running"
        assert client.http.get(f"/{job}/result").status_code == 409
        threading.Timer(0.3, written.set).start()
        assert client.http.post(f"/{job}/cancel").json()["status"] == "completed"
        assert client.http.get(f"/{job}/result").json()["text"] == "w0 w1 w2"
    assert not (tmp_path / job / "audio").exists()


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


def test_uploads_whose_clients_leave_leave_nothing(server: Running, tmp_path: Path) -> None:
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


async def test_a_server_that_is_killed_leaves_its_jobs_to_the_next(tmp_path: Path) -> None:
    folder = str(tmp_path)
    slow, quick = {"delay_s": 0.25}, {"delay_s": 0}
    async with server_process("--port=0", engine=slow, WIRESCRIBE_JOBS__FOLDER=folder) as server:
        await server.ready()
        client = await asyncio.to_thread(_at, server.port)
        job = (await asyncio.to_thread(client.taken, wav(*[1] * 12)))["id"]
        finals = tmp_path / job / "finals.jsonl"
        async with asyncio.timeout(WAIT_S):
            while (  # noqa: ASYNC110
                not finals.exists() or finals.read_bytes().count(b"\n") < 3
            ):
                await asyncio.sleep(0.01)
        server.signal(signal.SIGKILL)
    known = finals.read_bytes().splitlines(keepends=True)
    assert (tmp_path / job / "audio").exists()
    assert json.loads((tmp_path / job / "job.json").read_bytes())["state"] == "running"
    async with server_process("--port=0", engine=quick, WIRESCRIBE_JOBS__FOLDER=folder) as server:
        await server.ready()
        client = await asyncio.to_thread(_at, server.port)
        await asyncio.to_thread(client.until, job, "completed")
        text = client.http.get(f"/{job}/result?response_format=verbose_json").json()
        assert len(text["segments"]) == 12
        first = [json.loads(line)["text"] for line in known[1:3]]
        assert [segment["text"] for segment in text["segments"][:2]] == first


def _at(port: int) -> Client:
    """Ask a server until it is ready; return its client."""
    root = f"http://127.0.0.1:{port}"
    until(lambda: httpx.get(f"{root}/readyz", trust_env=False).status_code, (200).__eq__)
    return Client(root)
