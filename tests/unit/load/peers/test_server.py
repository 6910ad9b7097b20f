from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from load.peers.server import Launch, ServerFailed, free_port, serving
from load.process import descendants

SERVES = """
import http.server, sys
class Health(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Health.asked += 1
        self.send_response(200 if Health.asked > 2 else 503)
        self.end_headers()
    def log_message(self, *args): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Health).serve_forever()
"""
LISTENS = """
import socket, sys, time
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
{}
while True: time.sleep(60)
"""


def launch(code: str, **changes: object) -> Launch:
    port = free_port()
    values: dict[str, object] = {
        "command": (sys.executable, "-c", code, str(port)),
        "port": port,
        "environment": {},
    }
    return Launch(**(values | changes))  # type: ignore[arg-type]


def is_gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_server_is_waited_for_until_it_says_that_it_is_ready() -> None:
    with serving(launch(SERVES, ready_path="/health")) as running:
        assert running.url == f"ws://127.0.0.1:{running.port}"
        pid = running.pid
    assert is_gone(pid)


def test_without_a_path_a_connection_will_do() -> None:
    with serving(launch(LISTENS.format(""))) as running:
        pid = running.pid
    assert is_gone(pid)


def test_a_server_that_exits_is_quoted() -> None:
    with (
        pytest.raises(ServerFailed, match=r"exited with 1: .*no such model"),
        serving(launch("raise SystemExit('no such model')")),
    ):
        pass


def test_a_server_that_never_answers_runs_into_the_bound() -> None:
    with (
        pytest.raises(ServerFailed, match=r"not ready within 0\.3 s: it said nothing"),
        serving(launch("import time; time.sleep(60)", ready_s=0.3)),
    ):
        pass


def test_a_server_that_ignores_the_request_is_ended_with_its_children() -> None:
    stubborn = (
        "import signal, subprocess; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    )
    # The child stands before the socket, so it is there when the server answers.
    code = LISTENS.replace("listening =", "{}\nlistening =").format(stubborn, "")
    with serving(launch(code, stop_s=0.2)) as running:
        family = [running.pid, *descendants(running.pid)]
    assert len(family) == 2
    assert all(is_gone(pid) for pid in family)


def test_the_environment_is_handed_over() -> None:
    code = "import os; raise SystemExit(os.environ['HF_HUB_OFFLINE'])"
    with (
        pytest.raises(ServerFailed, match="yes"),
        serving(launch(code, environment={"HF_HUB_OFFLINE": "yes"})),
    ):
        pass


def test_where_it_is_installed_is_not_told() -> None:
    code = "import pathlib; raise SystemExit(str(pathlib.Path.home() / 'x'))"
    with pytest.raises(ServerFailed) as caught, serving(launch(code)):
        pass
    assert str(Path.home()) not in str(caught.value)
    assert "~" in str(caught.value)
