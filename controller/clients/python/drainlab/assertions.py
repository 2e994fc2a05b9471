"""Assertions from the field: what drivers and runtimes got wrong, one each."""
from __future__ import annotations

import errno
import glob
import os
import threading
import time
from typing import Callable


def _table() -> "list[str]":
    with open("/proc/self/mountinfo", "rb") as table:
        points = [line.split()[4] for line in table]
    return [os.fsdecode(p.decode("unicode_escape").encode("latin-1")) for p in points]


def mounted(directory: str) -> bool:
    """Told by the mount table, without asking the mount."""
    return directory in _table()


def assert_mounted(directory: str) -> None:
    assert mounted(directory), f"nothing is mounted on {directory}"


def assert_not_mounted(directory: str) -> None:
    """umount exited 0 and it is still mounted."""
    assert not mounted(directory), f"{directory} is still mounted"


def is_orphan(directory: str) -> bool:
    """Its daemon is dead: every access answers ENOTCONN."""
    try:
        os.statvfs(directory)
    except OSError as e:
        return e.errno == errno.ENOTCONN
    return False


def assert_no_orphan(directory: str) -> None:
    assert not is_orphan(directory), f"{directory}: ENOTCONN left behind"


class Snapshot:
    """The names below a directory: nothing may be deleted behind a failed unmount."""

    def __init__(self, directory: str) -> None:
        self.names = [os.path.join(at, n) for at, dirs, files in os.walk(directory) for n in dirs + files]

    def assert_nothing_deleted(self) -> None:
        gone = [n for n in self.names if not os.path.lexists(n)]
        assert not gone, f"deleted: {gone}"


def _tasks() -> int:
    count = threading.active_count()
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/children", encoding="ascii") as children:
                count += len(children.read().split())
        except FileNotFoundError:
            continue
    return count


def assert_no_growth(attempts: int, attempt: Callable[[], object]) -> None:
    """No thread and no process per retry."""
    attempt()
    before = _tasks()
    for _ in range(attempts):
        attempt()
    more = _tasks() - before
    assert more < attempts, f"{attempts} attempts left {more} threads and processes more"


def _in_d(pid: int) -> bool:
    for file in glob.glob(f"/proc/{pid}/task/*/stat"):
        try:
            with open(file, encoding="utf-8", errors="replace") as stat:
                if stat.read().rpartition(")")[2].split()[0] == "D":
                    return True
        except (FileNotFoundError, ProcessLookupError, IndexError):
            continue
    return False


def assert_nobody_in_d(*pids: int, timeout: float = 10.0) -> None:
    """Nobody stays in uninterruptible sleep."""
    until = time.monotonic() + timeout
    while stuck := [p for p in pids if _in_d(p)]:
        assert time.monotonic() < until, f"in uninterruptible sleep after {timeout} s: {stuck}"
        time.sleep(0.01)
