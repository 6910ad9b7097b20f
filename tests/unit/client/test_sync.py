"""The client without an event loop, over real sockets; what it hears is in tests/conformance."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_type_hints

import pytest

from streaming.client import (
    ClientError,
    Ended,
    Final,
    Queued,
    ServerError,
    Started,
    UsageError,
    connect,
    connect_sync,
)
from streaming.client.options import StreamWishes
from tests.support.scripted import ScriptedSession, scripted_server_thread
from tests.support.server import ROOT

FINAL = {"type": "final", "segment": 0, "channel": 0, "start_ms": 0, "end_ms": 90, "text": "Hello."}


async def one_final(session: ScriptedSession) -> None:
    await session.begin()
    await session.until("end")
    await session.send(FINAL)
    await session.finish(segments=1, words=1)


async def silent(session: ScriptedSession) -> None:
    await session.begin()
    await session.socket.wait_closed()


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert "wirescribe-client" not in [thread.name for thread in threading.enumerate()]


def test_a_session_from_start_to_end() -> None:
    with scripted_server_thread(one_final) as url, connect_sync(url, language="en") as stream:
        assert (stream.state, stream.started.session_id) == ("open", "s-1")
        stream.send(bytes(3200))
        assert stream.sent_ms == 100
        stream.end()
        events = list(stream)
        assert [type(event) for event in events] == [Started, Final, Ended]
        assert stream.next_event() is None
        assert (stream.state, stream.close_code) == ("closed", 1000)


def test_all_that_is_asked_for_is_said() -> None:
    heard: list[ScriptedSession] = []

    async def script(session: ScriptedSession) -> None:
        heard.append(session)
        await session.begin()
        await session.finish()

    with (
        scripted_server_thread(script) as url,
        connect_sync(url, token=lambda: "fresh", sample_rate=8000) as stream,
    ):
        assert stream.finalize() == "1"
        stream.configure(language="de")
        stream.keepalive()
        stream.end()
        list(stream)
    assert heard[0].headers["authorization"] == "Bearer fresh"
    assert heard[0].start["audio"]["sample_rate"] == 8000
    kinds = [text["type"] for text in heard[0].texts]
    assert sorted(kinds) == ["configure", "end", "finalize", "keepalive"]


def test_a_refusal_is_raised_where_the_caller_asked() -> None:
    async def full(session: ScriptedSession) -> None:
        await session.socket.recv()
        await session.send({"type": "error", "code": "overloaded", "message": "full"})
        await session.socket.close(1013)

    with (
        scripted_server_thread(full) as url,
        pytest.raises(ServerError) as caught,
        connect_sync(url),
    ):
        pytest.fail("no session")
    assert caught.value.code == "overloaded"
    files = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert files[0] == __file__
    assert {Path(name).name for name in files[1:]} == {"sync.py"}


def test_a_loss_is_raised_to_all_who_read_and_send() -> None:
    async def cut(session: ScriptedSession) -> None:
        await session.begin()
        session.socket.transport.abort()

    def again(call: Callable[[], object]) -> ClientError:
        with pytest.raises(ClientError) as caught:
            call()
        return caught.value

    with scripted_server_thread(cut) as url, connect_sync(url, reconnect=False) as stream:
        assert isinstance(stream.next_event(), Started)
        errors = [again(stream.next_event) for _ in range(2)]
        errors.append(again(lambda: stream.send(bytes(2))))
        errors.append(again(stream.end))
    assert {error.code for error in errors} == {"connection_lost"}
    lengths = {len(traceback.extract_tb(error.__traceback__)) for error in errors}
    assert max(lengths) <= 5, "each has the lines of its own caller alone"


def test_a_time_out_loses_no_event() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        await session.until("keepalive")
        await session.send(FINAL)
        await session.finish()

    with scripted_server_thread(script) as url, connect_sync(url) as stream:
        assert isinstance(stream.next_event(timeout=10), Started)
        with pytest.raises(TimeoutError, match=r"not within 0\.01 s"):
            stream.next_event(timeout=0.01)
        stream.keepalive()
        assert isinstance(stream.next_event(timeout=10), Final)


def test_sending_into_full_buffers_times_out_and_says_how_far_it_came() -> None:
    read = threading.Event()

    async def deaf(session: ScriptedSession) -> None:
        await session.begin()
        await asyncio.to_thread(read.wait, 20)
        await session.until("never said")

    with scripted_server_thread(deaf) as url, connect_sync(url, buffer_s=0.5) as stream:
        with pytest.raises(TimeoutError):
            for _ in range(10_000):
                stream.send(bytes(16_000), timeout=0.2)
        taken = stream.sent_ms
        assert taken % 500 == 0, "a chunk is taken whole or not at all"
        with pytest.raises(TimeoutError):
            stream.send(bytes(16_000), timeout=0.01)
        assert stream.sent_ms == taken
        read.set()


def test_ctrl_c_ends_the_waiting_and_the_stream_goes_on() -> None:
    with scripted_server_thread(one_final) as url, connect_sync(url) as stream:
        assert isinstance(stream.next_event(), Started)
        me = threading.get_ident()
        pressed = threading.Timer(0.05, signal.pthread_kill, [me, signal.SIGINT])
        pressed.start()
        with pytest.raises(KeyboardInterrupt):
            for _ in stream:
                pytest.fail("nothing is said before the end")
        stream.end()
        assert [type(event) for event in stream] == [Final, Ended]


INTERRUPTED = """
import os, signal, sys, threading, time
from streaming.client import connect_sync

main = threading.main_thread().ident
with connect_sync(sys.argv[1]) as stream:
    stop = threading.Event()

    def press():
        while not stop.wait(0.0007):
            signal.pthread_kill(main, signal.SIGINT)

    armed, counted = False, 0

    def pressed(*_):
        global armed
        if armed:
            armed = False
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, pressed)
    pressing = threading.Thread(target=press)
    pressing.start()
    until = time.monotonic() + 0.7
    while time.monotonic() < until:
        try:
            armed = True
            while True:
                stream.keepalive()
        except KeyboardInterrupt:
            counted += 1
    stop.set()
    pressing.join()
    stream.end()
    print([type(event).__name__ for event in stream], counted > 50)
"""


def test_an_interrupt_at_any_moment_leaves_nothing_undone() -> None:
    with scripted_server_thread(one_final) as url:
        done = subprocess.run(
            [sys.executable, "-c", INTERRUPTED, url],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert (done.stdout, done.stderr) == ("['Started', 'Final', 'Ended'] True\n", "")


def test_another_thread_aborts_and_wakes_who_waits() -> None:
    with scripted_server_thread(silent) as url, connect_sync(url) as stream:
        assert isinstance(stream.next_event(), Started)
        aborting = threading.Timer(0.05, stream.abort)
        aborting.start()
        with pytest.raises(ClientError) as caught:
            stream.next_event()
        aborting.join()
        assert (caught.value.code, stream.state) == ("aborted", "closed")
        stream.abort()


def test_what_several_threads_send_stays_together() -> None:
    heard: list[ScriptedSession] = []
    size = 40_000  # more than one message

    async def script(session: ScriptedSession) -> None:
        heard.append(session)
        await session.begin()
        await session.finish()

    with scripted_server_thread(script) as url, connect_sync(url) as stream:
        sending = [
            threading.Thread(target=stream.send, args=(bytes([number]) * size,))
            for number in range(1, 6)
        ]
        for each in sending:
            each.start()
        for each in sending:
            each.join(10)
        stream.end()
        list(stream)
    audio = bytes(heard[0].audio)
    pieces = [audio[at : at + size] for at in range(0, len(audio), size)]
    assert sorted(pieces) == [bytes([number]) * size for number in range(1, 6)]


def test_several_threads_share_the_events() -> None:
    async def script(session: ScriptedSession) -> None:
        await session.begin()
        for number in range(200):
            await session.send(FINAL | {"segment": number})
        await session.finish()

    heard: list[int] = []
    with scripted_server_thread(script) as url, connect_sync(url, max_events=3) as stream:

        def read() -> None:
            heard.extend(event.segment for event in stream if isinstance(event, Final))

        reading = [threading.Thread(target=read) for _ in range(4)]
        for each in reading:
            each.start()
        stream.end()
        for each in reading:
            each.join(20)
        assert not any(each.is_alive() for each in reading), "the end is told to all"
    assert sorted(heard) == list(range(200))


def test_behind_the_block_the_stream_is_closed() -> None:
    with scripted_server_thread(silent) as url, connect_sync(url) as stream:
        pass
    with pytest.raises(ClientError, match="closed"):
        stream.send(b"")
    assert stream.state == "closed"


def test_the_line_is_told_of_in_the_streams_thread_which_may_not_wait_for_itself() -> None:
    async def busy(session: ScriptedSession) -> None:
        await session.begin({"type": "queued", "position": 3, "eta_ms": 10})
        await session.send({"type": "started", "session_id": "s"})
        await session.finish()

    told: list[int | str] = []

    def on_queued(queued: Queued) -> None:
        told.append(queued.position)
        told.append(threading.current_thread().name)

    with scripted_server_thread(busy) as url, connect_sync(url, on_queued=on_queued) as stream:
        stream.end()
        list(stream)
    assert told == [3, "wirescribe-client"]


def test_a_connection_is_entered_once() -> None:
    with scripted_server_thread(silent) as url:
        connection = connect_sync(url)
        with connection, pytest.raises(UsageError, match="twice"):
            connection.__enter__()


def test_mistakes_are_raised_at_once() -> None:
    with pytest.raises(UsageError):
        connect_sync("ftp://host")
    with pytest.raises(UsageError):
        connect_sync("ws://host", channels=0)


def test_it_takes_what_connect_takes() -> None:
    parameters = inspect.signature(connect.__init__).parameters
    assert set(get_type_hints(StreamWishes)) == set(parameters) - {"self", "url", "token"}


FORGETFUL = """
import contextlib, sys, threading
from streaming.client import ClientError, connect_sync

connection = connect_sync(sys.argv[1])
stream = connection.__enter__()

def wait(listen):
    # A daemon's traceback, written while the interpreter ends, may kill that: Python's, not ours.
    with contextlib.suppress(ClientError):
        listen()

for listen in (lambda: list(stream), stream.next_event):
    threading.Thread(target=wait, args=(listen,), daemon=True).start()
print("done", flush=True)
"""


def test_an_interpreter_ends_though_the_stream_was_never_closed() -> None:
    closed: list[int | None] = []

    async def script(session: ScriptedSession) -> None:
        await silent(session)
        closed.append(session.socket.close_code)

    with scripted_server_thread(script) as url:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", FORGETFUL, url],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    assert closed == [1000], "in good order"
