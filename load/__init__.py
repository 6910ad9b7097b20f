"""Load and measuring harness: real-time-paced speech over real sockets, scored against references.

It runs in a process of its own and measures from outside: it speaks the protocol, in the words of
``streaming.client`` but over a socket that costs less, and reads what anyone can read of the server
at ``/health``, ``/metrics`` and in ``/proc``. Only ``calibrate`` and ``replay`` run the server's
own parts, in their process. Pure parts (schedule, alignment, latency, erasure, contract, search)
take recorded traces, so that every figure can be computed again from the same events.
"""

from __future__ import annotations
