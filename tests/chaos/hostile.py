"""Clients that break the rules of TCP, HTTP and WebSocket, one way each.

Each attack takes the address of a server and dice, does its worst, and asserts what the server has
to answer. That the server serves on and keeps nothing is for whoever runs them to check.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import zlib
from collections.abc import Awaitable, Callable

from tests.chaos.cuts import roomy
from tests.chaos.trial import Effort, Outcome
from tests.chaos.victim import Victim, victim
from tests.support.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    frame,
    raw,
    request,
    shaken,
)
from tests.support.marked import marked_word

Attack = Callable[[Victim, random.Random], Awaitable[None]]
_STREAM = "/v1/stream?language=en"
_MIB = 2**20


# -- frames ------------------------------------------------------------------------------------


async def _answered_with(server: Victim, code: int | tuple[int, ...], *frames: bytes) -> None:
    codes = (code,) if isinstance(code, int) else code
    async with shaken(server.port, _STREAM) as it:
        await it.send(b"".join(frames))
        got = await it.close_code()
        assert got in codes, f"closed with {got}, not {codes}"


async def reserved_bits(server: Victim, dice: random.Random) -> None:
    await _answered_with(server, 1002, frame(TEXT, b"{}", rsv=dice.randrange(1, 8)))


async def unknown_opcode(server: Victim, dice: random.Random) -> None:
    await _answered_with(server, 1002, frame(dice.choice([3, 4, 5, 6, 7, 11, 12, 13, 14, 15])))


async def no_mask(server: Victim, dice: random.Random) -> None:
    kind = dice.choice([TEXT, BINARY, PING, CLOSE])
    await _answered_with(server, 1002, frame(kind, b"{}", mask=None))


async def long_control_frame(server: Victim, dice: random.Random) -> None:
    kind = dice.choice([PING, PONG, CLOSE])
    await _answered_with(server, 1002, frame(kind, bytes(dice.choice([126, 65_536]))))


async def control_frame_in_pieces(server: Victim, dice: random.Random) -> None:
    await _answered_with(server, 1002, frame(dice.choice([PING, PONG, CLOSE]), b"x", fin=False))


async def continuation_of_nothing(server: Victim, dice: random.Random) -> None:
    await _answered_with(server, 1002, frame(CONTINUATION, b"x"))


async def message_within_a_message(server: Victim, dice: random.Random) -> None:
    await _answered_with(server, 1002, frame(BINARY, b"xx", fin=False), frame(TEXT, b"{}"))


async def half_a_character(server: Victim, dice: random.Random) -> None:
    bad = dice.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf"])
    text = b'{"type":"start","prompt":"' + bad + b'"}'
    cut = dice.randrange(1, len(text))
    pieces = frame(TEXT, text[:cut], fin=False), frame(CONTINUATION, text[cut:])
    await _answered_with(server, 1007, *pieces)


async def bad_close_frame(server: Victim, dice: random.Random) -> None:
    code = dice.choice([0, 999, 1004, 1005, 1006, 1015, 5000, 65_535])
    payload = dice.choice([b"\x03", code.to_bytes(2, "big"), b"\x03\xe8\xff\xfe"])
    await _answered_with(server, (1002, 1007), frame(CLOSE, payload))


async def length_without_end(server: Victim, dice: random.Random) -> None:
    claimed = dice.choice([2**62, 2**31, 64 * _MIB])
    await _answered_with(server, 1009, frame(BINARY, b"", claimed=claimed))


async def length_with_its_highest_bit(server: Victim, dice: random.Random) -> None:
    await _answered_with(server, (1002, 1009), frame(BINARY, b"", claimed=2**63 + 7, wide=True))


async def compressed_bomb(server: Victim, dice: random.Random) -> None:
    """256 MiB of zeros in a quarter of one, by an extension that was offered."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(squeeze.compress(bytes(_MIB)) for _ in range(256)) + squeeze.flush()
    extension = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    before = server.memory_mib()
    async with shaken(server.port, _STREAM, extension) as it:
        agreed = b"permessage-deflate" in it.response
        await it.send(frame(BINARY, bomb, rsv=4))
        code = await it.close_code()
        assert code in ((1009,) if agreed else (1002,)), code
    assert server.memory_mib() - before < 64, "the bomb went off"


# -- floods ------------------------------------------------------------------------------------


async def empty_fragments(server: Victim, dice: random.Random) -> None:
    """One message in endless pieces of nothing: no limit on its size is ever reached."""
    flood = frame(CONTINUATION, b"", fin=False) * 20_000
    before = server.memory_mib()
    async with shaken(server.port, _STREAM) as it:
        await it.send(frame(BINARY, b"x", fin=False))
        for _ in range(40):  # 800,000 of them
            if not await it.send(flood):
                break
        grown = server.memory_mib() - before
    assert grown < 16, f"{grown:.0f} MiB for fragments without content"


async def tiny_fragments(server: Victim, dice: random.Random) -> None:
    """A message of a few megabytes, a byte a piece: closed, or taken within its limit."""
    flood = frame(CONTINUATION, b"\0", fin=False) * 20_000
    before = server.memory_mib()
    async with shaken(server.port, _STREAM) as it:
        await it.send(frame(BINARY, b"x", fin=False))
        for _ in range(40):
            if not await it.send(flood):
                break
        grown = server.memory_mib() - before
    assert grown < 64, f"{grown:.0f} MiB for a message of 800 kB"


async def pings_without_reading(server: Victim, dice: random.Random) -> None:
    """Pings whose pongs are never read: the server must not store them for ever."""
    flood = frame(PING, bytes(125)) * 2_000
    before = server.memory_mib()
    async with shaken(server.port, _STREAM, receive_buffer=4_096) as it:
        for _ in range(160):  # 40 MB of pings
            try:
                async with asyncio.timeout(0.5):
                    if not await it.send(flood):
                        break
            except TimeoutError:
                break  # it has stopped reading: that is a defence
        grown = server.memory_mib() - before
    assert grown < 16, f"{grown:.0f} MiB of pongs wait for a client that doesn't read"


async def pings_that_are_read(server: Victim, dice: random.Random) -> None:
    """As many pings as it takes, all answered, and a session beside them that works."""
    async with shaken(server.port, _STREAM) as it:

        async def drink() -> int:
            count = 0
            while count < 5_000:
                opcode, payload = await it.frame()
                count += opcode == PONG and payload == b"?"
            return count

        reading = asyncio.create_task(drink())
        for _ in range(50):
            await it.send(frame(PING, b"?") * 100)
        assert await reading == 5_000


async def pongs_nobody_asked_for(server: Victim, dice: random.Random) -> None:
    async with shaken(server.port, _STREAM) as it:
        for _ in range(50):
            await it.send(frame(PONG, dice.randbytes(20)) * 200)
        await it.send(frame(TEXT, b'{"type":"end"}'))
        assert await it.close_code() == 1000


async def thousands_of_messages_in_one_packet(server: Victim, dice: random.Random) -> None:
    keepalives = frame(TEXT, b'{"type":"keepalive"}') * 20_000
    async with shaken(server.port, _STREAM) as it:
        await it.send(keepalives + frame(TEXT, b'{"type":"end"}'))
        assert await it.close_code() == 1000


async def finalizes_without_end(server: Victim, dice: random.Random) -> None:
    """Each wants an answer, and none is read."""
    flood = frame(TEXT, b'{"type":"finalize","id":"0123456789"}') * 1_000
    before = server.memory_mib()
    async with shaken(server.port, _STREAM, receive_buffer=4_096) as it:
        for _ in range(60):
            try:
                async with asyncio.timeout(0.5):
                    if not await it.send(flood):
                        break
            except TimeoutError:
                break
        grown = server.memory_mib() - before
    assert grown < 24, f"{grown:.0f} MiB of answers wait for a client that doesn't read"


# -- connections -------------------------------------------------------------------------------


async def goes_in_the_middle(server: Victim, dice: random.Random) -> None:
    """A reset within a frame, after half a word."""
    word = frame(BINARY, marked_word(7))
    async with shaken(server.port, _STREAM) as it:
        await it.send(word + word[: dice.randrange(1, len(word))])
        it.vanish()


async def goes_within_the_handshake(server: Victim, dice: random.Random) -> None:
    async with raw(server.port) as it:
        opening = request(_STREAM)
        await it.send(opening[: dice.randrange(len(opening))])
        if dice.random() < 0.5:
            it.vanish()


async def half_closed(server: Victim, dice: random.Random) -> None:
    """Has said all it will ever say on this socket, and listens on: the server hangs up."""
    async with shaken(server.port, _STREAM) as it:
        await it.send(frame(BINARY, marked_word(7)))
        it.writer.write_eof()
        await it.rest()


async def close_and_talk_on(server: Victim, dice: random.Random) -> None:
    async with shaken(server.port, _STREAM) as it:
        await it.send(frame(CLOSE, b"\x03\xe8") + frame(BINARY, marked_word(7)) * 20)
        await it.rest()


async def never_closes(server: Victim, dice: random.Random) -> None:
    """Is refused, and neither answers the close frame nor hangs up."""
    async with shaken(server.port, _STREAM) as it:
        await it.send(frame(TEXT, b"no JSON"))
        assert await it.close_code() == 4400
        await it.rest()  # the server does it


async def slow_handshake(server: Victim, dice: random.Random) -> None:
    """A request a byte at a time: given up after ``limits.start_timeout_ms``, as is silence."""
    opening = request(_STREAM)
    async with raw(server.port) as slow, raw(server.port) as silent:
        for byte in opening[:-1]:
            if not await slow.send(bytes([byte])) or slow.reader.at_eof():
                break
            await asyncio.sleep(0.05)
        assert not await slow.rest()
        assert not await silent.rest()


async def slow_second_request(server: Victim, dice: random.Random) -> None:
    """The first is good; what comes after it is no reason to be kept for ever."""
    async with raw(server.port) as it:
        await it.send(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /li")
        said = await it.rest()
    assert said.count(b"HTTP/1.1 ") == 1


async def slow_body(server: Victim, dice: random.Random) -> None:
    """Promises more than it sends."""
    async with raw(server.port) as it:
        await it.send(b"POST /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nabc")
        await it.rest()


# -- HTTP --------------------------------------------------------------------------------------


async def _refused(server: Victim, data: bytes, *statuses: int) -> None:
    async with raw(server.port) as it:
        await it.send(data)
        with contextlib.suppress(OSError):
            it.writer.write_eof()
        said = await it.rest()
    status = int(said.split(b" ")[1]) if said.startswith(b"HTTP/1.1 ") else 0
    assert status in statuses, f"{status}, not one of {statuses}: {said[:80]!r}"


async def wrong_upgrade(server: Victim, dice: random.Random) -> None:
    wrong = [
        {"Sec-WebSocket-Version": "99"},
        {"Sec-WebSocket-Version": ""},
        {"Sec-WebSocket-Key": "short"},
        {"Sec-WebSocket-Key": ""},
        {"Upgrade": "h2c"},
    ]
    await _refused(server, request(_STREAM, dice.choice(wrong)), 400, 404, 426)


async def upgrade_that_is_no_get(server: Victim, dice: random.Random) -> None:
    await _refused(server, request(_STREAM, method=dice.choice(["POST", "PUT", "X"])), 400, 405)


async def wrong_length(server: Victim, dice: random.Random) -> None:
    length = dice.choice(["-1", "1e3", "99999999999999999999", "1, 2", "0x10", "\u00b2"])
    data = f"POST /health HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n"
    await _refused(server, data.encode("latin-1"), 400, 405)


async def smuggled_request(server: Victim, dice: random.Random) -> None:
    """Two ways of saying how long it is, at odds: the classic of request smuggling."""
    data = (
        b"POST /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    )
    async with raw(server.port) as it:
        await it.send(data)
        it.writer.write_eof()
        said = await it.rest()
    assert said.count(b"HTTP/1.1 ") <= 2, said


async def endless_header(server: Victim, dice: random.Random) -> None:
    async with raw(server.port) as it:
        await it.send(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        for _ in range(200):
            if not await it.send(b"X-Long: " + b"a" * 8_000):
                break
        said = await it.rest()
    assert b" 400 " in said or b" 431 " in said or not said


async def odd_headers(server: Victim, dice: random.Random) -> None:
    """An upgrade that HTTP takes and WebSocket does not: too many headers, too long, or twice."""
    many = {f"X-Header-{n}": "a" for n in range(300)}
    odd = dice.choice(
        [many, {"Cookie": "a" * 20_000}, {"X": "\u00e4\u00ff"}, {"Sec-WebSocket-Protocol": ",,"}]
    )
    async with raw(server.port) as it:
        await it.send(request(_STREAM, odd))
        with contextlib.suppress(OSError):
            it.writer.write_eof()
        await it.rest()


async def garbage(server: Victim, dice: random.Random) -> None:
    async with raw(server.port) as it:
        await it.send(dice.randbytes(dice.randrange(1, 4_000)) + b"\r\n\r\n")
        with contextlib.suppress(OSError):
            it.writer.write_eof()
        await it.rest()


async def garbage_behind_the_handshake(server: Victim, dice: random.Random) -> None:
    async with shaken(server.port, _STREAM) as it:
        await it.send(dice.randbytes(dice.randrange(1, 4_000)))
        with contextlib.suppress(OSError):
            it.writer.write_eof()
        await it.rest()


FRAMES: list[Attack] = [
    reserved_bits, unknown_opcode, no_mask, long_control_frame, control_frame_in_pieces,
    continuation_of_nothing, message_within_a_message, half_a_character, bad_close_frame,
    length_without_end, length_with_its_highest_bit, compressed_bomb,
]  # fmt: skip
FLOODS: list[Attack] = [
    empty_fragments, tiny_fragments, pings_without_reading, pings_that_are_read,
    pongs_nobody_asked_for, thousands_of_messages_in_one_packet, finalizes_without_end,
]  # fmt: skip
CONNECTIONS: list[Attack] = [
    goes_in_the_middle, goes_within_the_handshake, half_closed, close_and_talk_on, never_closes,
    slow_handshake, slow_second_request, slow_body,
]  # fmt: skip
REQUESTS: list[Attack] = [
    wrong_upgrade, upgrade_that_is_no_get, wrong_length, smuggled_request, endless_header,
    odd_headers, garbage,
    garbage_behind_the_handshake,
]  # fmt: skip
ATTACKS = [*FRAMES, *FLOODS, *CONNECTIONS, *REQUESTS]

SLOW = (never_closes, slow_second_request)
"""Those for which the server has more patience than a short test has time."""


async def hostile(effort: Effort) -> Outcome:
    """Each attack three times, and after each a session that must work."""
    rounds = effort.of(3)
    outcome = Outcome("hostile", f"{len(ATTACKS)} ways to break TCP, HTTP or WebSocket, {rounds} ×")
    async with victim(settings=roomy(), WIRESCRIBE_LIMITS__START_TIMEOUT_MS="1000") as server:
        await server.serves()
        began = await server.held()
        for number in range(rounds):
            for attack in ATTACKS if number == 0 else (a for a in ATTACKS if a not in SLOW):
                try:
                    await attempt(server, attack, random.Random(f"{effort.seed}/{number}"))
                except Exception as error:
                    outcome.expect(False, f"{attack.__name__}: {type(error).__name__}: {error}")
        try:
            ended = await server.settled(began)
        except AssertionError as error:
            outcome.expect(False, str(error))
            ended = await server.held()
    outcome.happened = f"held before: {began}; after all: {ended}"
    outcome.holds = "answered as it should, and served on, after each"
    return outcome


async def attempt(server: Victim, attack: Attack, dice: random.Random) -> None:
    """One attack: it must be answered as it should, leave nothing behind, and hinder nobody."""
    before = await server.held()
    await attack(server, dice)
    await server.serves()
    await server.settled(before)
    server.assert_no_defects()
