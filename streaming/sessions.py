"""``GET /v1/sessions/{id}/captions.{vtt,srt,txt,json}``: what a session has said so far.

It is told to whoever holds the session's resume token or the API key that it was opened with, as
``Authorization: Bearer``. All others get one 404, whether or not there is such a session.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final as Constant

from starlette.requests import Request
from starlette.responses import Response

from streaming.access import authorise
from streaming.auth.credentials import Credentials
from streaming.auth.tokens import is_token
from streaming.captions import Cue, make_cues, to_json, to_srt, to_text, to_webvtt
from streaming.errors import NotAuthorised
from streaming.events import Final
from streaming.principal import Principal
from streaming.service import Service
from streaming.transcripts import Transcript, unknown

_Write = Callable[[Transcript, Sequence[Final]], str]
_HEADERS: Constant = {"Cache-Control": "no-store"}


class Captions:
    """The route."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def fetch(self, request: Request) -> Response:
        """Write what is kept; QuotaExceeded where an address asks too often."""
        written = _FORMATS.get(request.path_params["format"])
        credentials = self._service.gate.read(request.scope)
        self._service.admission.knock(credentials.peer.address)
        transcript = self._find(request, credentials)
        if written is None:
            raise unknown()
        media_type, write = written
        # An hour of speech takes a while to be laid out as cues.
        finals = transcript.finals
        body = await asyncio.to_thread(write, transcript, finals)
        return Response(body.encode(errors="replace"), media_type=media_type, headers=_HEADERS)

    def _find(self, request: Request, credentials: Credentials) -> Transcript:
        name, now = request.path_params["session_id"], time.monotonic()
        transcripts = self._service.transcripts
        if transcripts is None or credentials.carrier != "header" or credentials.secret is None:
            raise unknown()
        found = transcripts.find(name, credentials.secret, now)
        if found is None:
            found = transcripts.of_key(name, self._key(request, credentials.secret), now)
        if not self._service.gate.holds(found.principal):
            raise unknown()
        return found

    def _key(self, request: Request, secret: str) -> Principal:
        """Who holds a key: a token, which is made for others, opens its own sessions only."""
        if is_token(secret):
            raise unknown()
        try:
            return authorise(request, self._service)
        except NotAuthorised:
            raise unknown() from None


def _speakers(transcript: Transcript) -> Mapping[int, str]:
    return dict(enumerate(transcript.channel_names))


def _cues(write: Callable[[list[Cue]], str]) -> _Write:
    return lambda transcript, finals: write(make_cues(finals, speakers=_speakers(transcript)))


def _text(transcript: Transcript, finals: Sequence[Final]) -> str:
    return to_text(finals, speakers=_speakers(transcript))


def _json(transcript: Transcript, finals: Sequence[Final]) -> str:
    fields = {
        "session_id": transcript.session_id,
        "ended": transcript.ended,
        "complete": transcript.complete,
        **to_json(finals, speakers=_speakers(transcript)),
    }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


_FORMATS: Constant[Mapping[str, tuple[str, _Write]]] = {
    "vtt": ("text/vtt", _cues(to_webvtt)),
    "srt": ("application/x-subrip; charset=utf-8", _cues(to_srt)),
    "txt": ("text/plain", _text),
    "json": ("application/json", _json),
}
