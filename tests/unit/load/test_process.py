from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from load.process import Usage, Watch, descendants, listener, usage

TICKS = os.sysconf("SC_CLK_TCK")


def make_process(proc: Path, pid: int, parent: int, *, ticks: int = 0, rss_kib: int = 0) -> None:
    folder = proc / str(pid)
    (folder / "fd").mkdir(parents=True)
    fields = ["S", str(parent), *["0"] * 9, str(ticks), str(ticks), *["0"] * 10]
    (folder / "stat").write_text(f"{pid} (a (b) c) {' '.join(fields)}\n")
    (folder / "status").write_text(
        f"Name:\tx\nVmHWM:\t{2 * rss_kib} kB\nVmRSS:\t{rss_kib} kB\nThreads:\t3\n"
    )


def test_a_process_and_its_children_are_summed(tmp_path: Path) -> None:
    make_process(tmp_path, 10, 1, ticks=TICKS, rss_kib=1024)
    make_process(tmp_path, 11, 10, ticks=TICKS // 2, rss_kib=2048)
    make_process(tmp_path, 12, 11, rss_kib=1024)
    make_process(tmp_path, 13, 1, ticks=99, rss_kib=999)
    assert sorted(descendants(10, tmp_path)) == [11, 12]
    assert usage(10, tmp_path) == Usage(cpu_s=3.0, rss_mib=4.0, peak_rss_mib=8.0, threads=9)
    assert usage(99, tmp_path) is None


def test_new_children_are_seen_after_a_while(tmp_path: Path) -> None:
    make_process(tmp_path, 10, 1, rss_kib=1024)
    watch = Watch(10, tmp_path, look_every=2)
    first = watch.usage()
    make_process(tmp_path, 11, 10, rss_kib=1024)
    sizes = [found.rss_mib for found in (first, watch.usage(), watch.usage()) if found]
    assert sizes == [1.0, 1.0, 2.0]
    assert Watch(99, tmp_path).usage() is None


def test_a_listener_is_found_by_its_port(tmp_path: Path) -> None:
    make_process(tmp_path, 10, 1)
    (tmp_path / "10" / "fd" / "5").symlink_to("socket:[777]")
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text(
        "  sl  local_address rem_address   st tx rx tr tm retrnsmt   uid  timeout inode\n"
        "   0: 0100007F:1F40 00000000:0000 0A 0:0 00:0 0 0 0 777 1\n"
        "   1: 0100007F:1F41 0100007F:9999 01 0:0 00:0 0 0 0 778 1\n"
    )
    assert listener(8000, tmp_path) == 10
    assert listener(8001, tmp_path) is None


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
def test_this_very_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert listener(server.getsockname()[1]) == os.getpid()
    code = "import sys; print(1, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert child.pid in descendants(os.getpid())
        own = usage(os.getpid())
        assert own is not None
        assert own.rss_mib > 1
        assert own.cpu_s > 0
