"""Load and measuring harness: real-time-paced speech over real sockets, scored against references.

It runs in a process of its own, speaks to the server only through ``streaming.client`` and knows
nothing of the server's insides. Pure parts (schedule, alignment, latency, erasure, contract) take
recorded traces, so that every figure can be computed again from the same events.
"""

from __future__ import annotations
