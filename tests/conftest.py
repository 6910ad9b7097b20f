"""What all tests share."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

# A shell starts what it puts into the background with SIGINT ignored, and every process below would
# inherit that: no test could press Ctrl-C. Run like that, the suite still tests it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The API keys of whoever runs the tests are not those of the servers that the tests start.
os.environ["XDG_CONFIG_HOME"] = str(Path(tempfile.gettempdir(), "wirescribe-tests-without-config"))
