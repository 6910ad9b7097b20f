"""Deepgram's messages about what was heard: ``Results`` and ``Metadata``."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streaming import __version__, events
from streaming.decoding import Word
from streaming.transports import deepgram_interim, deepgram_text
from streaming.transports.deepgram_options import Listen


@dataclass(slots=True)
class Writing:
    """What all messages of a stream have in common."""

    request_id: str
    created: str
    listen: Listen
    channels: int = 1
    model: str = ""

    def index(self, channel: int) -> list[int]:
        """Which channel it is, and of how many."""
        return [channel, self.channels]

    def interim(self, it: events.Partial) -> Mapping[str, Any]:
        """A text that may still change, with words whose times are partly estimates."""
        return self.results(
            it.channel,
            (it.start_ms, it.end_ms),
            it.text,
            language=it.language,
            confidence=deepgram_interim.confidence(it.words),
            words=deepgram_interim.timed(it.words, it.start_ms, it.end_ms),
        )

    def final(self, it: events.Final, **marks: bool) -> Mapping[str, Any]:
        """A text that stays; ``marks`` are ``speech_final`` and ``from_finalize``."""
        return self.results(
            it.channel,
            (it.start_ms, it.end_ms),
            it.text,
            language=it.language,
            confidence=it.confidence,
            words=it.words,
            is_final=True,
            **marks,
        )

    def results(
        self,
        channel: int,
        span_ms: tuple[int, int],
        text: str,
        *,
        language: str = "",
        confidence: float = 0.0,
        words: Sequence[Word] | None = (),
        is_final: bool = False,
        speech_final: bool = False,
        from_finalize: bool = False,
    ) -> Mapping[str, Any]:
        """One ``Results``; ``span_ms`` is from where to where, in stream time."""
        listen, (start_ms, end_ms) = self.listen, span_ms
        told = language if listen.languages_told else ""
        alternative = {
            "transcript": deepgram_text.transcript(text, punctuated=listen.punctuated),
            "confidence": confidence,
            **({"languages": [told]} if told else {}),
            **({} if listen.hinted is None else {"languages_hinted": list(listen.hinted)}),
            "words": deepgram_text.words(words, told or None, punctuated=listen.punctuated),
        }
        return {
            "type": "Results",
            "channel_index": self.index(channel),
            "duration": (end_ms - start_ms) / 1000,
            "start": start_ms / 1000,
            "is_final": is_final,
            "speech_final": speech_final,
            "from_finalize": from_finalize,
            "channel": {"alternatives": [alternative]},
            "metadata": {
                "request_id": self.request_id,
                "model_info": {"name": self.model, "version": __version__, "arch": "whisper"},
                "model_uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, self.model)),
                **({"extra": dict(listen.extra)} if listen.extra else {}),
            },
        }

    def metadata(self, audio_ms: int, sha256: str) -> Mapping[str, Any]:
        """What ends a stream."""
        return {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self.request_id,
            "sha256": sha256,
            "created": self.created,
            "duration": audio_ms / 1000,
            "channels": self.channels,
        }
