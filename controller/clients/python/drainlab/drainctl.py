"""Running drainctl."""
from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from typing import Optional

BUSY, TIMED_OUT = 16, 124
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class DrainctlError(Exception):
    """drainctl did not exit with 0."""

    def __init__(self, arguments: "tuple[str, ...]", code: int, said: str) -> None:
        super().__init__(f"drainctl {' '.join(arguments)}: exit {code}: {said.strip()}")
        self.code = code
        self.said = said


def program() -> str:
    return os.environ.get("DRAINCTL") or "drainctl"


def environment(socket: Optional[str]) -> "dict[str, str]":
    """Ours, without the variables of a surrounding run."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("DRAINLAB_") or k == "DRAINLAB_DATA_DIR"}
    if socket:
        kept["DRAINLAB_SOCKET"] = socket
    return kept


def drainctl(*arguments: str, socket: Optional[str] = None) -> str:
    """Runs one command to its end; what it printed."""
    ended = subprocess.run([program(), *arguments], env=environment(socket), stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if ended.returncode != 0:
        raise DrainctlError(arguments, ended.returncode, ended.stderr)
    return ended.stdout


def cannot_run() -> Optional[str]:
    """Why drainlab cannot run here, in doctor's words; None if it can."""
    try:
        ended = subprocess.run([program(), "doctor"], env=environment(None), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    except OSError as e:
        return f"drainlab is not installed: {e}"
    if ended.returncode == 0:
        return None
    reasons = [line.strip() for line in ended.stdout.splitlines() if line.startswith("fail")]
    return "drainlab cannot run here: " + ("; ".join(reasons) or ended.stderr.strip())


def die_with_parent() -> None:
    """For a child, before it executes: it ends when the thread that started it does."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
