"""The seam between sessions and models.

An engine turns stretches of audio into hypotheses, many at a time. It knows nothing of clients,
sockets or sessions; whoever calls it knows nothing of CUDA. To add one, implement
:class:`Engine` and name it in :func:`streaming.engine.load_engines`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from streaming.decoding import DecodeRequest, Hypothesis


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What an engine is, for ``/health``, ``started`` and the log.

    ``languages`` are the codes it can be asked for; ``concurrency`` how many calls of
    :meth:`Engine.decode` it serves at the same time without one waiting for the other.
    ``partial_model`` names the model that decodes partials where that is another one.
    """

    model: str
    device: str
    compute_type: str
    languages: tuple[str, ...]
    concurrency: int = 1
    max_batch: int = 8
    partial_model: str | None = None


@dataclass(frozen=True, slots=True)
class BatchKey:
    """What decides with whom a request may be decoded.

    Those that are ``alike`` can share a call; it costs each of them what the longest costs. So
    ``length``, in steps, says how near two are.
    """

    alike: Hashable
    length: int = 0


class Engine(Protocol):
    """Decodes batches of requests; safe to call from :attr:`EngineInfo.concurrency` threads."""

    @property
    def info(self) -> EngineInfo:
        """What this engine is."""
        ...

    def batch_key(self, request: DecodeRequest) -> BatchKey:
        """Return what the request may be decoded together with."""
        ...

    def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
        """Decode requests that are alike, one hypothesis each, in their order.

        ``beam`` is how many alternatives are followed: 1 is greedy.
        """
        ...

    def memory_used_bytes(self) -> int | None:
        """Memory in use on the engine's accelerator, or None where it has none."""
        ...

    def stage_seconds(self) -> Mapping[str, float]:
        """Seconds of wall time spent so far in each stage (:mod:`streaming.engine.stages`)."""
        ...

    def close(self) -> None:
        """Free what the engine holds; it can't be used afterwards."""
        ...
