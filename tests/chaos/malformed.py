"""Messages that are none, thousands of each dialect: each is refused, and nothing breaks."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from itertools import islice

from streaming.errors import RequestError
from streaming.options import SessionConfig, parse_configure, parse_start
from streaming.transports.codec import Aside, Configure, Start
from tests.chaos.cuts import roomy
from tests.chaos.trial import Effort, Outcome
from tests.chaos.victim import victim
from tests.fuzz.inputs import kept
from tests.fuzz.mutate import mutants
from tests.fuzz.targets import DIALECTS, LANGUAGES, WORDS, seeds
from tests.support.frames import TEXT, frame, shaken

ROUTES = {
    "native": "/v1/stream",
    "deepgram": "/v1/listen",
    "vosk": "/v1/vosk",
    "openai_realtime": "/v1/realtime",
}
"""Where each dialect is spoken."""

_AT_ONCE = 16
# Those that close at a message that is none.
_FIRST = {
    "native": b'{"type":"start","language":"en"}',
    "vosk": b'{"config":{"sample_rate":16000}}',
}
_LAST = {"native": b'{"type":"end"}', "vosk": b'{"eof" : 1}'}
# Those that answer it and go on: what follows a row of them, and what that is answered with.
_GOING_ON = {
    "openai_realtime": (b'{"type":"input_audio_buffer.clear"}', b'"input_audio_buffer.cleared"'),
    "deepgram": (b'{"type":"CloseStream"}', b'"type":"Metadata"'),
}
_ROW = 50


async def malformed(effort: Effort) -> Outcome:
    """10,000 messages of each dialect: each over a connection of its own, or row by row."""
    count = effort.of(10_000)
    told = [*_FIRST, *_GOING_ON]
    outcome = Outcome("malformed", f"{count} malformed messages of each of {', '.join(told)}")
    codes: Counter[int] = Counter()
    settings = {
        **roomy(),
        "WIRESCRIBE_LIMITS__START_TIMEOUT_MS": "5000",
        # Captions of sessions that are over take a kilobyte each for a while: not what is tried.
        "WIRESCRIBE_CAPTIONS__KEEP_S": "0",
    }
    async with victim(settings=settings) as server:
        await server.serves()
        before = await server.held()
        for dialect in _FIRST:
            messages = _messages(dialect, count, effort.seed)
            queue: asyncio.Queue[bytes] = asyncio.Queue()
            for message in messages:
                queue.put_nowait(message)

            async def work(dialect: str = dialect, queue: asyncio.Queue[bytes] = queue) -> None:
                while not queue.empty():
                    message = queue.get_nowait()
                    try:
                        codes[await _send(server.port, dialect, message)] += 1
                    except (AssertionError, TimeoutError) as error:
                        outcome.expect(False, f"{message[:60]!r}: {type(error).__name__} {error}")

            await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
        answered = 0
        for dialect in _GOING_ON:
            text = [it for it in _messages(dialect, count, effort.seed) if _is_text(it)]
            answered += await _in_rows(server.port, dialect, text, outcome)
        wrong = {code: n for code, n in codes.items() if code not in _RIGHT}
        outcome.expect(sum(codes.values()) == count * len(_FIRST), "some were not answered")
        outcome.expect(not wrong, f"closed with {wrong}")
        try:
            await server.settled(before)
            await server.serves()
            server.assert_no_defects()
        except AssertionError as error:
            outcome.expect(False, str(error))
    closed = ", ".join(f"{n} × {code}" for code, n in codes.most_common())
    outcome.happened = f"{sum(codes.values())} closed: {closed}; {answered} answered with an error"
    outcome.holds = "no exception in the log"
    return outcome


_RIGHT = (1007, 4400, 4415, 4422)


def _messages(dialect: str, count: int, seed: int) -> list[bytes]:
    """Mutants that are text, and no message."""
    pool = [line for data in (*seeds(dialect), *kept(dialect)) for line in data.split(b"\n")]
    grown = mutants([line for line in pool if line], WORDS, count * 50, seed)
    return list(islice((data for data in grown if _is_malformed(dialect, data)), count))


def _is_text(message: bytes) -> bool:
    """Whether it is UTF-8: what is not closes any WebSocket."""
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True


_ERROR = re.compile('"type": ?"(e|E)rror"')


def _is_malformed(dialect: str, message: bytes) -> bool:
    codec = DIALECTS[dialect]()
    try:
        for command in codec.text(message.decode()):
            if isinstance(command, Aside) and any(
                _ERROR.search(str(said)) for said in codec.write(command)
            ):
                return True
            if isinstance(command, Start):
                parse_start(command.options, languages=LANGUAGES)
            if isinstance(command, Configure):
                parse_configure(command.options, SessionConfig(), languages=LANGUAGES)
    except (UnicodeDecodeError, RequestError):
        return True
    return False


async def _send(port: int, dialect: str, message: bytes) -> int:
    """First, or after a good start: return how the server closed."""
    async with asyncio.timeout(20), shaken(port, ROUTES[dialect]) as it:
        frames = frame(TEXT, message)
        if len(message) % 2:
            frames = frame(TEXT, _FIRST[dialect]) + frames
        await it.send(frames + frame(TEXT, _LAST[dialect]))
        return await it.close_code()


async def _in_rows(port: int, dialect: str, messages: list[bytes], outcome: Outcome) -> int:
    """Send rows over one connection each: every message has its error, and the session goes on."""
    answered = 0
    good, answer = _GOING_ON[dialect]
    for row in (messages[at : at + _ROW] for at in range(0, len(messages), _ROW)):
        errors = 0
        try:
            async with asyncio.timeout(20), shaken(port, ROUTES[dialect]) as it:
                await it.send(b"".join(frame(TEXT, message) for message in (*row, good)))
                while answer not in (said := (await it.frame())[1]):
                    errors += _ERROR.search(said.decode(errors="replace")) is not None
        except (AssertionError, TimeoutError, asyncio.IncompleteReadError) as error:
            outcome.expect(False, f"{row[0][:60]!r} and the like: {type(error).__name__} {error}")
        outcome.expect(errors == len(row), f"{errors} errors for {len(row)} messages")
        answered += errors
    return answered
