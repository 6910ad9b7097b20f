"""How many cores this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

_QUOTA_FILE = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(quota_file: Path = _QUOTA_FILE) -> int:
    """Return the number of cores that affinity and a container's quota leave, at least one.

    A container limited to two of sixteen cores sees all sixteen; threads beyond its quota would
    only be held up by the kernel, all of them at once. The quota is read as control groups
    version 2 write it: microseconds of core time, or ``max``, and the period's length.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    try:
        quota, period = quota_file.read_text(encoding="ascii").split()
        if quota != "max":
            cores = min(cores, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError, ZeroDivisionError):
        pass  # no control groups here, or none that we can read
    return max(1, cores)
