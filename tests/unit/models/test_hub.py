"""The hub's own library against a hub of a few lines on the loopback."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streaming.models.hub import HubError, HubFile, HuggingFaceHub
from streaming.models.hub_fetcher import HubFetcher
from streaming.models.library import ModelLibrary
from streaming.models.retry import Retry
from streaming.models.store import ModelStore
from tests.unit.models.fakes import FILES, Sleeps, sha256

COMMIT = "1234567890123456789012345678901234567890"
REPO = "Systran/faster-whisper-small"


def blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()  # noqa: S324


class LoopbackHub(ThreadingHTTPServer):
    """Answers what huggingface_hub asks for one repository; ``statuses`` go first."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses: list[int] = []
        self.cut: list[str] = []
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LoopbackHub

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        path = self.path.split("?")[0]
        self.server.asked.append(f"{self.command} {path}")
        if self.server.statuses:
            self.send(self.server.statuses.pop(0), b"{}", body=body)
        elif path.startswith(f"/api/models/{REPO}"):
            self.send(200, json.dumps(self.listing()).encode(), body=body)
        elif path.startswith(f"/{REPO}/resolve/{COMMIT}/"):
            self.send_file(path.rsplit("/", 1)[1], body=body)
        else:
            self.send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, body=body)

    def listing(self) -> dict[str, object]:
        def sibling(name: str, data: bytes) -> dict[str, object]:
            entry: dict[str, object] = {
                "rfilename": name,
                "size": len(data),
                "blobId": blob(data),
            }
            if name == "model.bin":
                entry["lfs"] = {"size": len(data), "sha256": sha256(data), "pointerSize": 1}
            return entry

        files = [sibling(name, data) for name, data in FILES.items()]
        files.append(sibling("onnx/model.bin", b"elsewhere"))
        return {"id": REPO, "sha": COMMIT, "siblings": files}

    def send_file(self, name: str, *, body: bool) -> None:
        data = FILES[name]
        etag = sha256(data) if name == "model.bin" else blob(data)
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}
        if name in self.server.cut and body:
            self.server.cut.remove(name)
            self.send(200, data, headers, body=body, written=len(data) // 2)
            return
        self.send(200, data, headers, body=body)

    def send(
        self,
        status: int,
        data: bytes,
        headers: dict[str, str] | None = None,
        *,
        body: bool,
        written: int | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data[:written])
        if written is not None:
            self.close_connection = True


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    with LoopbackHub() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_repository_is_described_with_commit_and_digests(loopback: LoopbackHub) -> None:
    snapshot = HuggingFaceHub(loopback.url).describe(REPO)
    assert (snapshot.repo, snapshot.revision) == (REPO, COMMIT)
    by_name = {file.name: file for file in snapshot.files}
    assert set(by_name) == set(FILES)
    model, config = FILES["model.bin"], FILES["config.json"]
    assert by_name["model.bin"] == HubFile("model.bin", len(model), sha256(model), blob(model))
    assert by_name["config.json"] == HubFile("config.json", len(config), None, blob(config))


def test_a_model_comes_through_the_library_into_the_cache(
    loopback: LoopbackHub, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    hub = HubFetcher(HuggingFaceHub(loopback.url), Retry(sleep=Sleeps()))
    files = ModelLibrary(ModelStore(tmp_path), hub=hub).resolve("small")
    assert {name: (files.path / name).read_bytes() for name in FILES} == FILES
    assert sorted(each.name for each in files.path.iterdir()) == sorted(
        [*FILES, "manifest.json", ".verified.json"]
    )
    assert capfd.readouterr() == ("", "")


def test_a_line_that_breaks_and_a_hub_that_stumbles_are_sat_out(
    loopback: LoopbackHub, tmp_path: Path
) -> None:
    loopback.cut = ["model.bin"]
    loopback.statuses = [500]
    hub = HubFetcher(HuggingFaceHub(loopback.url), Retry(sleep=Sleeps()))
    path = ModelLibrary(ModelStore(tmp_path), hub=hub).resolve("small").path
    assert (path / "model.bin").read_bytes() == FILES["model.bin"]


@pytest.mark.parametrize(
    ("status", "kind", "lasting"),
    [(401, "refused", True), (403, "refused", True), (429, "other", False), (503, "other", False)],
)
def test_statuses_become_kinds(
    loopback: LoopbackHub, status: int, kind: str, lasting: bool
) -> None:
    loopback.statuses = [status] * 50
    with pytest.raises(HubError) as caught:
        HuggingFaceHub(loopback.url).describe(REPO)
    assert caught.value.lasting is lasting
    assert caught.value.kind == kind


def test_a_repository_that_is_not_there(loopback: LoopbackHub) -> None:
    with pytest.raises(HubError, match="nobody/nothing") as caught:
        HuggingFaceHub(loopback.url).describe("nobody/nothing")
    assert (caught.value.kind, caught.value.lasting) == ("missing", True)


def test_a_hub_that_is_not_there(loopback: LoopbackHub) -> None:
    gone = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{gone.server_address[1]}"
    gone.server_close()
    with pytest.raises(HubError, match="can't be reached") as caught:
        HuggingFaceHub(url).describe(REPO)
    assert (caught.value.kind, caught.value.lasting) == ("network", False)


def test_switched_off_by_the_user(monkeypatch: pytest.MonkeyPatch, loopback: LoopbackHub) -> None:
    # The library reads HF_HUB_OFFLINE once, at import.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    from huggingface_hub import close_session

    close_session()
    try:
        with pytest.raises(HubError, match="HF_HUB_OFFLINE") as caught:
            HuggingFaceHub(loopback.url).describe(REPO)
        assert (caught.value.kind, caught.value.lasting) == ("offline", True)
    finally:
        close_session()
    assert loopback.asked == []
