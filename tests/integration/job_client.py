"""A client of jobs, as tests ask it."""

from __future__ import annotations

import threading
from typing import Any

import httpx

from tests.integration.harness import WAIT_S, Running


class Jobs(httpx.Client):
    """Asks for what lies below ``/v1/jobs``."""

    def __init__(self, root: str, headers: dict[str, str]) -> None:
        once = httpx.Limits(max_keepalive_connections=0)
        super().__init__(headers=headers, timeout=WAIT_S, trust_env=False, limits=once)
        self.root = f"{root}/v1/jobs"

    def request(self, method: str, url: Any, **options: Any) -> httpx.Response:
        return super().request(method, f"{self.root}{url}", **options)


class Client:
    """What a client does with jobs."""

    def __init__(self, server: Running | str, key: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.http = Jobs(server if isinstance(server, str) else server.http, headers)

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
