from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from load.health import ask, get, server_health, wait_ready
from load.metrics import read_metrics


@contextmanager
def answering(*answers: tuple[str, int, str]) -> Iterator[str]:
    """A server with these answers by path, each for as long as there is one after it."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            mine = [one for one in left if one[0] == self.path]
            if len(mine) > 1:
                left.remove(mine[0])
            _, status, body = mine[0] if mine else ("", 404, "")
            self.send_response(status)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.server_address[1]}/v1/stream"
        finally:
            server.shutdown()
            thread.join()


def test_what_a_server_says_of_itself() -> None:
    with answering(("/health", 200, '{"status": "ok"}'), ("/metrics", 200, "up 1\n")) as url:
        assert server_health(url) == {"status": "ok"}
        assert ask(url, "/none") == (404, "")
        assert get(url, "/none") is None
        found = read_metrics(url)
    assert found is not None
    assert [(sample.name, sample.value) for sample in found] == [("up", 1.0)]


def test_no_answer_and_a_strange_one() -> None:
    with answering(("/health", 200, "[1")) as url:
        assert server_health(url) is None
        assert read_metrics(url) is None
    assert ask(url, "/health") == (0, "")
    assert wait_ready(url, pause=lambda _: None)  # nobody there: connecting will say so


def test_a_server_that_loads_is_waited_for() -> None:
    pauses: list[float] = []
    with answering(("/readyz", 503, ""), ("/readyz", 503, ""), ("/readyz", 200, "")) as url:
        assert wait_ready(url, pause=pauses.append)
    assert len(pauses) == 2


def test_but_not_for_ever() -> None:
    times = iter(range(0, 1000, 50))
    with answering(("/readyz", 503, "")) as url:
        assert not wait_ready(url, timeout_s=120, pause=lambda _: None, now=lambda: next(times))
