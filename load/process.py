"""The server's use of the machine, read from ``/proc``: CPU seconds, resident memory, threads."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_LISTEN = "0A"


@dataclass(frozen=True, slots=True)
class Usage:
    """A process with all its children at one moment."""

    cpu_s: float
    rss_mib: float
    peak_rss_mib: float
    threads: int


def usage(pid: int, proc: Path = Path("/proc")) -> Usage | None:
    """Usage of ``pid`` and its descendants; ``None`` when it isn't there or may not be read.

    The peak is the sum of each process's own peak.
    """
    return _usage_of_all([pid, *descendants(pid, proc)], proc)


class Watch:
    """Reads one process's usage again and again; looks for new children only now and then.

    Finding them means reading every process of the machine.
    """

    def __init__(self, pid: int, proc: Path = Path("/proc"), *, look_every: int = 15) -> None:
        self._pid = pid
        self._proc = proc
        self._look_every = look_every
        self._reads = 0
        self._members: list[int] = []

    def usage(self) -> Usage | None:
        """Usage now."""
        if self._reads % self._look_every == 0:
            self._members = [self._pid, *descendants(self._pid, self._proc)]
        self._reads += 1
        return _usage_of_all(self._members, self._proc)


def _usage_of_all(members: list[int], proc: Path) -> Usage | None:
    total: Usage | None = None
    for member in members:
        one = _usage_of(member, proc)
        if one is None:
            continue
        if total is None:
            total = one
        else:
            total = Usage(
                total.cpu_s + one.cpu_s,
                total.rss_mib + one.rss_mib,
                total.peak_rss_mib + one.peak_rss_mib,
                total.threads + one.threads,
            )
    return total


def descendants(pid: int, proc: Path = Path("/proc")) -> list[int]:
    """All children of ``pid`` and theirs."""
    children: dict[int, list[int]] = {}
    for entry in proc.iterdir():
        if entry.name.isdigit():
            fields = _stat_fields(entry)
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    waiting = list(children.get(pid, ()))
    while waiting:
        member = waiting.pop()
        found.append(member)
        waiting += children.get(member, ())
    return found


def listener(port: int, proc: Path = Path("/proc")) -> int | None:
    """The process that listens on a TCP port of this machine, if it can be seen."""
    inodes = {
        fields[9]
        for table in ("net/tcp", "net/tcp6")
        for fields in _rows(proc / table)
        if len(fields) > 9 and fields[3] == _LISTEN and int(fields[1].rsplit(":", 1)[1], 16) == port
    }
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for entry in sorted(proc.iterdir(), key=lambda path: path.name):
        if not wanted or not entry.name.isdigit():
            continue
        if _open_files(entry) & wanted:
            return int(entry.name)
    return None


def _open_files(folder: Path) -> set[str]:
    found = set()
    with suppress(OSError):
        for link in (folder / "fd").iterdir():
            # A file may be closed while the folder is read.
            with suppress(OSError):
                found.add(str(link.readlink()))
    return found


def _usage_of(pid: int, proc: Path) -> Usage | None:
    folder = proc / str(pid)
    fields = _stat_fields(folder)
    try:
        status = (folder / "status").read_text()
    except OSError:
        return None
    values = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    if not fields or "VmRSS" not in values:
        return None
    ticks = int(fields[11]) + int(fields[12])
    return Usage(
        cpu_s=ticks / os.sysconf("SC_CLK_TCK"),
        rss_mib=int(values["VmRSS"].split()[0]) / 1024,
        peak_rss_mib=int(values["VmHWM"].split()[0]) / 1024,
        threads=int(values["Threads"]),
    )


def _stat_fields(folder: Path) -> list[str]:
    """Fields of ``stat`` from the state on; the name before them may hold spaces."""
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _rows(table: Path) -> list[list[str]]:
    try:
        return [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return []
