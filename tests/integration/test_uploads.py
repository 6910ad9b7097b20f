"""Uploads that are garbage, broken off, hostile or many at once: each is answered, none is left."""

from __future__ import annotations

import asyncio
import random
import struct
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.harness import WAIT_S, Running, serving
from tests.integration.test_openai_rest import wav
from tests.support.media_files import caf

pytestmark = pytest.mark.timeout(90)

_SOUND = wav(1)


def _hostile(dice: random.Random) -> list[bytes]:
    """Recordings that are damaged, lie about themselves, or name what they must not reach."""
    header = bytearray(_SOUND)
    struct.pack_into("<I", header, 40, 0xFFFF_FFF0)  # a size of four gigabytes
    rate = bytearray(_SOUND)
    struct.pack_into("<I", rate, 24, 0xFFFF_FFFF)
    flipped = bytearray(_SOUND)
    for _ in range(60):
        flipped[dice.randrange(60)] ^= 1 << dice.randrange(8)
    return [
        bytes(header),
        bytes(rate),
        bytes(flipped),
        _SOUND[: len(_SOUND) // 3],
        caf([1, 1]),  # ends an unprotected process
        caf([3] * 12, seconds=0.5)[:400],
        b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"OggS" + dice.randbytes(3_000),
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + bytes(500),
        b"\x1aE\xdf\xa3" + dice.randbytes(2_000),
        b"RIFF\xff\xff\xff\xffWAVEfmt " + dice.randbytes(500),
        dice.randbytes(4_000),
    ]


async def _post(web: httpx.AsyncClient, route: str, sound: bytes) -> httpx.Response:
    return await web.post(route, data={"model": "whisper-1"}, files={"file": ("a", sound)})


async def _over(web: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """A job that has ended."""
    async with asyncio.timeout(WAIT_S):
        while True:
            job: dict[str, Any] = (await web.get(path)).json()
            if job["status"] not in ("queued", "running"):
                return job
            await asyncio.sleep(0.05)


async def _left(server: Running, folder: Path) -> None:
    """Nothing is left of any of them."""
    async with asyncio.timeout(WAIT_S):
        while server.service.connections or any(folder.glob("incoming-*")):  # noqa: ASYNC110,ASYNC240
            await asyncio.sleep(0.02)


async def test_hostile_recordings_many_at_once(tmp_path: Path) -> None:
    """Each is a 400 or a text; who comes beyond the places that there are is told when to come."""
    bounds = {"at_once": 2, "max_waiting": 6, "cache_bytes": 0}
    with serving(files=bounds, jobs={"folder": tmp_path}) as server:
        async with httpx.AsyncClient(
            base_url=server.http, timeout=WAIT_S * 2, trust_env=False
        ) as web:
            sounds = _hostile(random.Random(5))
            routes = ["/v1/audio/transcriptions", "/v1/jobs"]
            asked = [_post(web, routes[n % 2], sound) for n, sound in enumerate(sounds * 2)]
            answers = await asyncio.gather(*asked)
            statuses = {answer.status_code for answer in answers}
            assert statuses <= {200, 202, 400, 503}
            assert {200, 202, 503} & statuses
            for answer in answers:
                assert "root:" not in answer.text
                if answer.status_code == 503:
                    assert answer.headers["retry-after"]
            for answer in answers:
                if answer.status_code != 202:
                    continue
                path = f"/v1/jobs/{answer.json()['id']}"
                job = await _over(web, path)
                assert job["status"] == "completed" or job["error"]["code"] == "bad_media", job
            said = await _post(web, "/v1/audio/transcriptions", _SOUND)
            assert said.json()["text"].startswith("w0 ")
        await _left(server, tmp_path)


@pytest.mark.parametrize("route", ["/v1/audio/transcriptions", "/v1/jobs"])
async def test_bodies_that_are_no_form(tmp_path: Path, route: str) -> None:
    dice = random.Random(7)
    kind = {"Content-Type": "multipart/form-data; boundary=XX"}
    bodies = [
        b"",
        b"--XX",
        b"--XX--",
        b"--XX\r\n\r\n",
        b"--XX\r\nA: b\r\n\r\nc\r\n--XX--",
        bytes(99),
    ]
    with serving(jobs={"folder": tmp_path}) as server:
        async with httpx.AsyncClient(base_url=server.http, timeout=WAIT_S, trust_env=False) as web:
            for body in (*bodies, *(dice.randbytes(400) for _ in range(20))):
                answer = await web.post(route, content=body, headers=kind)
                assert answer.status_code == 400, (body, answer.text)
                assert answer.json()["error"]["type"] == "invalid_request_error"
            other = await web.post(route, json={"file": "https://example.com/a.wav"})
            assert other.status_code == 400
        await _left(server, tmp_path)
