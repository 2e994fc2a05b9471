"""One mount with a daemon of its own."""
from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from typing import IO, Any, Iterator, Optional

from .assertions import is_orphan, mounted
from .drainctl import BUSY, DrainctlError, die_with_parent, drainctl, environment, program

_PREFIX = "drainlab-py-"


@dataclass
class Rule:
    """Makes operations slow, fail, hang, write their beginning only or drop their fsync; one that says nothing of that fails with EIO.
    Which operation, on which files (a glob from the mount's root), of whom, how often. Times in seconds."""

    op: Optional[str] = None
    errno: Optional[str] = None
    path: str = "*"
    delay: float = 0
    hang: bool = False
    limit: Optional[float] = None
    torn_write: Optional[int] = None
    drop_fsync: bool = False
    probability: float = 1.0
    seed: int = 0
    times: Optional[int] = None
    after: int = 0
    pid: Optional[int] = None
    cgroup: Optional[str] = None
    name: Optional[str] = None

    def body(self) -> "dict[str, Any]":
        """RULE of docs/api.md."""
        body = {key: value for key, value in asdict(self).items() if value is not None}
        body["delay_us"] = round(body.pop("delay") * 1e6)
        if self.limit is not None:
            body["limit_ms"] = round(body.pop("limit") * 1e3)
        if not (self.errno or self.delay or self.hang or self.drop_fsync) and self.torn_write is None:
            body["errno"] = "EIO"
        return body


class ApiError(RuntimeError):
    """An answer of the daemon that says no. 408 and 409 name who holds the mount."""

    def __init__(self, request: str, status: int, said: str) -> None:
        try:
            body = json.loads(said)
        except ValueError:
            body = {"error": {"message": said.strip()}}
        self.status = status
        self.code = body.get("error", {}).get("code", "")
        self.holders: "list[dict[str, Any]]" = body.get("holders") or []
        held = "".join(f"; held by pid {h['pid']} ({h['comm']}): {h['kind']} {h['path']}" for h in self.holders)
        super().__init__(f"{request}: {status}: {body.get('error', {}).get('message', '')}{held}")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("drainfs")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


class Mount:
    """A context manager, or close() it. `directory`: an existing one to mount on; default: a fresh one."""

    def __init__(self, directory: Optional[str] = None, *, umount_delay: float = 0.0, policy: Optional[str] = None,
                 profile: str = "zero", store: Optional[str] = None, name: Optional[str] = None,
                 umount_wait: Optional[str] = None, lose_unsynced: bool = False, extra: "tuple[str, ...]" = ()) -> None:
        _sweep()
        self._control = tempfile.mkdtemp(prefix=_PREFIX)
        self._lock: Optional[IO[str]] = open(os.path.join(self._control, "lock"), "w", encoding="ascii")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.socket = os.path.join(self._control, "d.sock")
        self.dir = os.path.join(self._control, "mnt") if directory is None else os.fspath(directory)
        if directory is None:
            os.mkdir(self.dir, 0o700)
        self._holders: "list[subprocess.Popen[str]]" = []
        words = ["mount", self.dir, "--json", "--profile", profile, "--with-pid", str(os.getpid()),
                 "--own-directory", self._control]
        for option, value in (("--policy", policy), ("--store", store), ("--name", name), ("--umount-wait", umount_wait)):
            if value:
                words += [option, value]
        if lose_unsynced:
            words.append("--lose-unsynced")
        if umount_delay:
            words += ["--umount-delay", f"{round(umount_delay * 1000)}ms"]
        try:
            answer = json.loads(drainctl(*words, *extra, socket=self.socket))
        except BaseException:
            self._remove_directories()
            raise
        self.dir, self.name, self.id = answer["dir"], answer["name"], answer["id"]
        self.device, self.daemon = answer["dev"], answer["pid"]

    def __enter__(self) -> "Mount":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Whatever the test did: nothing is left. A second call does nothing."""
        if self._lock is None:
            return
        for holder in self._holders:
            _end(holder)
        for words in (("stop", "--timeout", "90s"), ("clean",)):
            try:
                drainctl(*words, socket=self.socket)
            except DrainctlError as e:
                if e.code != BUSY:
                    raise
        self._remove_directories()

    def _remove_directories(self) -> None:
        if self._lock:
            self._lock.close()
        self._lock = None
        _remove(self._control)

    def umount(self) -> None:
        """A plain umount(8); OSError(EBUSY) and the like when it fails."""
        ended = subprocess.run(["umount", self.dir], stderr=subprocess.PIPE, text=True, check=False,
                               env={**os.environ, "LC_ALL": "C"})
        if ended.returncode != 0:
            raise OSError(errno.EBUSY if "busy" in ended.stderr else errno.EIO, ended.stderr.strip())

    def detach(self) -> None:
        """Lazy: the name goes at once, whoever uses it."""
        drainctl("detach", self.dir, socket=self.socket)

    def wait_detached(self, timeout: float = 60.0) -> None:
        self._wait("detached", timeout)

    def wait_dead(self, timeout: float = 60.0) -> None:
        """Until the superblock is dead: every byte is in the store, nobody is blocked any more."""
        self._wait("dead", timeout)

    def _wait(self, state: str, timeout: float) -> None:
        drainctl("wait", f"id:{self.id}", "--state", state, "--timeout", f"{round(timeout * 1000)}ms", socket=self.socket)

    @contextlib.contextmanager
    def hold_busy(self, kind: str = "fd") -> Iterator[int]:
        """Held in one of the ways of `drainctl hold --by`, verified, inside the with block; yields the holder's pid."""
        holder = subprocess.Popen([program(), "hold", self.dir, "--by", kind, "--for", "1h"], text=True,
                                  env=environment(self.socket), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, preexec_fn=die_with_parent)
        assert holder.stdout and holder.stderr
        if not holder.stdout.readline().startswith("held"):
            raise DrainctlError(("hold", "--by", kind), holder.wait(), holder.stderr.read())
        self._holders.append(holder)
        try:
            yield holder.pid
        finally:
            _end(holder)
            self._holders.remove(holder)

    def kill(self) -> None:
        """Kills the daemon: the mount stays, and every access answers ENOTCONN."""
        os.kill(self.daemon, signal.SIGKILL)
        until = time.monotonic() + 10
        while not _ended(self.daemon) or not is_orphan(self.dir):
            if time.monotonic() > until:
                raise AssertionError(f"drainfs does not end, or {self.dir} does not answer ENOTCONN")
            time.sleep(0.005)

    def fault(self, *rules: Rule) -> None:
        """Replaces the rules in force; without a rule everything works again, and what hangs goes on."""
        self.call("DELETE", f"/mounts/{self.id}/faults")
        for rule in rules:
            self.call("POST", f"/mounts/{self.id}/faults", rule.body())

    def faults(self) -> "list[dict[str, Any]]":
        """FAULT of docs/api.md for each rule: what was asked and what was observed."""
        return list(self.call("GET", f"/mounts/{self.id}/faults")["faults"])

    def release_faults(self, name: Optional[str] = None) -> int:
        """What hangs under that rule, or any, goes on; how many operations that were."""
        return int(self.call("POST", f"/mounts/{self.id}/faults/release", {} if name is None else {"name": name})["released"])

    def power_cut(self) -> "dict[str, int]":
        """What was written and not synced is gone, of a mount made with lose_unsynced: how many bytes of which file. Names stay."""
        return {f["path"]: f["bytes"] for f in self.call("POST", f"/mounts/{self.id}/power_cut")["files"]}

    def holders(self) -> "list[dict[str, Any]]":
        """Who holds the mount now, also after its name has gone: pid, comm, kind, path, blocks_umount."""
        return list(self.call("GET", f"/mounts/{self.id}/why")["holders"])

    def events(self, since: int = 0) -> "Iterator[dict[str, Any]]":
        """The mount's events (docs/api.md), those that are kept and behind number `since` first, until the daemon ends."""
        connection = _UnixConnection(self.socket)
        try:
            connection.request("GET", f"/events?mount={self.id}&since={since}")
            for line in connection.getresponse():
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])
        finally:
            connection.close()

    @property
    def state(self) -> str:
        """live, detached, dying, dead or gone."""
        return str(self.call("GET", f"/mounts/{self.id}")["state"])

    def assert_gone_but_blocking(self) -> None:
        state = self.state
        assert not mounted(self.dir), f"{self.dir} is still in the mount table"
        assert state in ("dying", "detached"), f"{self.dir} is {state}, nobody waits for it"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The control API (docs/api.md)."""
        connection = _UnixConnection(self.socket)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {} if body is None else {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = answer.read().decode()
        finally:
            connection.close()
        if answer.status >= 400:
            raise ApiError(f"{method} {path}", answer.status, said)
        return json.loads(said)


def _ended(pid: int) -> bool:
    """Gone, or dead and only not collected yet."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def _end(holder: "subprocess.Popen[str]") -> None:
    if holder.poll() is None:
        holder.terminate()
        holder.wait()
    for stream in (holder.stdout, holder.stderr):
        if stream:
            stream.close()


def _remove(control: str) -> None:
    """Never through a mount that could not be unmounted: what is in it is somebody's data."""
    try:
        os.rmdir(os.path.join(control, "mnt"))
    except FileNotFoundError:
        pass
    except OSError:
        return
    shutil.rmtree(control, ignore_errors=True)


def _sweep() -> None:
    """Removes what those left that were killed and whose daemons were killed, too: whoever holds the lock lives."""
    for name in glob.glob(os.path.join(tempfile.gettempdir(), _PREFIX + "*", "lock")):
        try:
            with open(name, "r+", encoding="ascii") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                control = os.path.dirname(name)
                left = os.path.join(control, "d.sock")
                if os.path.exists(left):
                    drainctl("clean", socket=left)
                if not os.path.exists(left):  # else its daemon is still at work
                    _remove(control)
        except (OSError, DrainctlError):
            continue
