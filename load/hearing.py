"""What a session's frames said: read when all is over, since reading them costs the server's time.

Mirrors what ``streaming.client.Stream`` makes of the same frames: an ``error`` is a failure with
the server's code, a socket that closes before ``ended`` is one of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from load.socket import Socket
from load.trace import Failure, Heard
from streaming.client import ConnectionLostError, Ended, Failed, MessageError
from streaming.client.protocol import parse_event


def is_started(texts: Sequence[tuple[float, bytes]]) -> bool:
    """Whether the server began the session: a cheap look, the frames are read properly later."""
    return any(b'"started"' in text for _, text in texts)


def conclude(
    socket: Socket, begin_s: float, failure: Failure | None
) -> tuple[tuple[Heard, ...], Failure | None, int | None]:
    """The events with their arrivals after ``begin_s``, why the session failed, the close code."""
    heard: list[Heard] = []
    code = socket.close_code
    ended = False
    try:
        if socket.binary:
            raise MessageError("a binary frame from the server")
        for at_s, text in socket.texts:
            event = parse_event(text.decode())
            if isinstance(event, Failed):
                said = Failure(event.code, event.message or event.code, code)
                return tuple(heard), said, code
            if event is not None:
                heard.append(Heard(at_s - begin_s, event))
                ended = ended or isinstance(event, Ended)
    except (MessageError, UnicodeDecodeError) as error:
        return tuple(heard), Failure("bad_server_message", str(error), code), code
    if failure is None and not ended:
        lost = ConnectionLostError(code or 1005, socket.close_reason)
        failure = Failure(lost.code, str(lost), code)
    return tuple(heard), failure, code
