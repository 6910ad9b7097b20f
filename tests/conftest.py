"""What all tests share."""

from __future__ import annotations

import signal

# A shell starts what it puts into the background with SIGINT ignored, and every process below would
# inherit that: no test could press Ctrl-C. Run like that, the suite still tests it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
