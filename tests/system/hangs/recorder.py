#!/usr/bin/env python3
"""Stops, freezes and thaws stores, gate and daemon at random, under load on three mounts of one drainfs.

    recorder.py DRAINCTL [--seconds 600] [--seed 1]

Two stores are ext4 on a loop device, one a bindfs (or a third ext4). Each round one of them, the gate, the daemon, or both together by their
cgroup, stands still for a moment; sometimes a neighbour is unmounted meanwhile, or the daemon killed. What must hold: every mount but the stuck one
answers, so does the socket; when it is over all answer; at the end nothing is left, nobody in D state. How fast the others answered is printed.
Exit: 0 all held, 1 something did not (said on standard error), 77 cannot run here.
"""
import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "control"))
import api  # noqa: E402
from load import Asker, quantile, start_writer  # noqa: E402
from stores import Bindfs, Ext4, umount2  # noqa: E402

PATIENCE_S = 30  # generous: it is for machines with other things to do


class Failed(Exception):
    pass


def soon(what, say, limit=PATIENCE_S):
    until = time.monotonic() + limit
    while not what():
        if time.monotonic() > until:
            raise Failed(say() if callable(say) else say)
        time.sleep(0.01)


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="latin1") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def in_d_state(pids):
    found = []
    for pid in pids:
        try:
            for tid in os.listdir("/proc/%d/task" % pid):
                with open("/proc/%d/task/%s/stat" % (pid, tid), encoding="latin1") as f:
                    if f.read().rsplit(")", 1)[1].split()[0] == "D":
                        with open("/proc/%d/task/%s/wchan" % (pid, tid), encoding="latin1") as w:
                            found.append("%d/%s in %s" % (pid, tid, w.read()))
        except OSError:
            pass
    return found


class Recorder:
    def __init__(self, drainctl, seed, top):
        self.bin, self.top, self.dice = os.path.dirname(os.path.abspath(drainctl)), top, random.Random(seed)
        self.socket, self.log = os.path.join(top, "d.sock"), os.path.join(top, "log")
        self.stores = [Ext4(top, "s0"), Ext4(top, "s1"), (Bindfs if Bindfs.there() else Ext4)(top, "s2")]
        self.dirs = [os.path.join(top, "m%d" % k) for k in range(3)]
        for d in self.dirs:
            os.mkdir(d)
        self.cgroup = self.make_cgroup()
        self.process, self.askers, self.writers, self.names = None, [], [], 0
        self.others, self.sockets, self.done = [], [], Counter()

    @staticmethod
    def make_cgroup():
        with open("/proc/self/mountinfo", encoding="latin1") as f:
            roots = [line.split()[4] for line in f if " - cgroup2 " in line]
        path = os.path.join(roots[0], "drainlab-hangs-%d" % os.getpid()) if roots else None
        try:
            os.mkdir(path)
            return path
        except (OSError, TypeError):
            return None

    # ---- the daemon and its mounts

    def ask(self, method, target, body=b""):
        began = time.monotonic()
        answer = api.ask(self.socket, method, target, body)
        self.sockets.append(time.monotonic() - began)
        return answer

    def start_daemon(self):
        self.process = subprocess.Popen([os.path.join(self.bin, "drainfs"), "--socket", self.socket, "--linger", "0", "--log", self.log])
        soon(lambda: os.path.exists(self.socket) and self.health() is not None, "drainfs does not start")
        if self.cgroup:
            for pid in (self.process.pid, self.health()["gate_pid"]):
                write(self.cgroup + "/cgroup.procs", str(pid))
        for k in range(3):
            self.mount(k)

    def health(self):
        try:
            return api.ask(self.socket, "GET", "/health")[1]
        except OSError:
            return None

    def mount(self, k):
        self.names += 1
        body = '{"dir":"%s","store":"%s","name":"n%d","dirty_limit_bytes":%d}' % (self.dirs[k], self.stores[k].dir, self.names, self.dice.choice((200_000, 64 << 20)))
        until = time.monotonic() + PATIENCE_S
        while True:  # the store of a mount that was just unmounted is free in a moment
            status, answer = self.ask("POST", "/mounts", body.encode())
            if status == 201:
                return
            if time.monotonic() > until:
                raise Failed("cannot mount %s: %s" % (self.dirs[k], answer))
            time.sleep(0.05)

    # ---- what happens

    def stand_still(self, stuck, hang, go_on, meanwhile=None):
        """`stuck`: the mounts that may wait. The others must answer all the time."""
        began = time.monotonic()
        lasts = self.dice.uniform(0.2, 2.0)
        hang()
        try:
            if len(stuck) < 3:
                soon(lambda: all(self.askers[k].answered_since(began) for k in range(3) if k not in stuck), lambda: "others do not answer: " + self.story(), PATIENCE_S)
                status, _ = self.ask("GET", "/mounts")
                if status != 200:
                    raise Failed("the socket says %d" % status)
            if meanwhile:
                meanwhile()
            time.sleep(max(0.0, began + lasts - time.monotonic()))
            end = time.monotonic()
        finally:
            go_on()
        if len(stuck) < 3:
            for k in set(range(3)) - set(stuck):
                self.others += self.askers[k].answers(began, end)
        self.all_answer()

    def all_answer(self):
        since = time.monotonic()
        soon(lambda: all(a.answered_since(since) for a in self.askers), lambda: "not all mounts answer again: " + self.story())

    def story(self):
        waits = [a.directory for a in self.askers if a.asking_since and time.monotonic() - a.asking_since > 1]
        try:
            return "%s wait; tasks: %s" % (waits, api.ask(self.socket, "GET", "/waiting")[1])
        except OSError as e:
            return "%s wait; the socket: %s" % (waits, e)

    def remount(self, k):
        """An unmount that is refused (a writer is in it) is made lazily: its writers end with EIO or go to the next mount."""
        if umount2(self.dirs[k], 0) != 0:
            umount2(self.dirs[k])
        soon(lambda: not os.path.ismount(self.dirs[k]), "%s is still mounted" % self.dirs[k])
        self.mount(k)

    def round_store(self):
        k = self.dice.randrange(3)
        neighbour = (k + 1) % 3
        meanwhile = (lambda: self.remount(neighbour)) if self.dice.random() < 0.3 else None
        self.done["%s hangs%s" % (type(self.stores[k]).__name__, ", a neighbour is unmounted" if meanwhile else "")] += 1
        self.stand_still([k, neighbour] if meanwhile else [k], self.stores[k].hang, self.stores[k].go_on, meanwhile)

    def round_gate(self):
        gate = self.health()["gate_pid"]
        self.done["gate stopped"] += 1
        if gate:
            self.stand_still([], lambda: os.kill(gate, signal.SIGSTOP), lambda: os.kill(gate, signal.SIGCONT))

    def round_daemon(self):
        self.done["daemon stopped"] += 1
        self.stand_still([0, 1, 2], lambda: self.process.send_signal(signal.SIGSTOP), lambda: self.process.send_signal(signal.SIGCONT))

    def round_freeze(self):
        if not self.cgroup:
            return
        self.done["daemon and gate frozen"] += 1
        self.stand_still([0, 1, 2], lambda: write(self.cgroup + "/cgroup.freeze", "1"), lambda: write(self.cgroup + "/cgroup.freeze", "0"))

    def round_kill(self):
        """SIGKILL with a store that hangs: all connections are over at once, and the process as soon as the store answers."""
        k = self.dice.randrange(3)
        self.done["daemon killed while a store hangs"] += 1
        pid = self.process.pid
        self.stores[k].hang()
        try:
            time.sleep(self.dice.uniform(0, 0.3))
            self.process.kill()
            soon(lambda: all(self.not_connected(d) for d in self.dirs), "a mount of the killed daemon is not over")
        finally:
            self.stores[k].go_on()
        self.process.wait(PATIENCE_S)
        soon(lambda: not alive(pid), lambda: "the killed daemon stays: %s" % in_d_state([pid]))
        for d in self.dirs:
            umount2(d)
        self.start_daemon()
        self.all_answer()

    @staticmethod
    def not_connected(directory):
        try:
            os.statvfs(directory)
        except OSError as e:
            return e.errno in (107, 103)  # ENOTCONN, ECONNABORTED
        return False

    # ---- from beginning to end

    def run(self, seconds):
        self.start_daemon()
        self.askers = [Asker(d) for d in self.dirs]
        self.writers = [start_writer(d, n, self.dice.random()) for d in self.dirs for n in range(2)]
        rounds = [self.round_store] * 6 + [self.round_gate] * 2 + [self.round_daemon, self.round_freeze, self.round_kill]
        until, number = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            # each kind once, then at random
            (rounds[number * 6 % len(rounds)] if number < len(rounds) else self.dice.choice(rounds))()
            number += 1
        return number

    def end(self):
        """What is left, in words."""
        left = []
        for s in self.stores:
            s.go_on()
        if self.cgroup:
            write(self.cgroup + "/cgroup.freeze", "0")
        for a in self.askers:
            a.over = True
        for pid in self.writers:
            os.kill(pid, signal.SIGKILL)
            try:
                soon(lambda: not alive(pid), "")
                os.waitpid(pid, 0)
            except Failed:
                left.append("a writer that cannot be killed: %s" % in_d_state([pid]))
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                code = self.process.wait(PATIENCE_S)
                if code != 0:
                    left.append("drainfs exits with %d; its log ends: %s" % (code, open(self.log, encoding="utf-8").read()[-1500:]))
            except subprocess.TimeoutExpired:
                left.append("drainfs does not end: %s" % in_d_state([self.process.pid]))
                self.process.kill()
                self.process.wait()
        for d in self.dirs:
            if os.path.ismount(d) or self.not_connected(d):
                left.append("mounted: " + d)
                umount2(d)
        left += ["in use: " + s.dir for s in self.stores if not s.end()]
        if self.cgroup:
            try:
                soon(lambda: not open(self.cgroup + "/cgroup.procs", encoding="ascii").read(), "", 5)
                os.rmdir(self.cgroup)
            except (Failed, OSError):
                left.append("in the cgroup: " + open(self.cgroup + "/cgroup.procs", encoding="ascii").read())
        return left


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("drainctl")
    words.add_argument("--seconds", type=float, default=600)
    words.add_argument("--seed", type=int, default=1)
    w = words.parse_args()
    if os.geteuid() != 0:
        print("cannot run here: only root can freeze a file system")
        return 77
    with tempfile.TemporaryDirectory(prefix="drainlab-hangs-", ignore_cleanup_errors=True) as top:
        try:
            recorder = Recorder(w.drainctl, w.seed, top)
        except OSError as e:
            print("cannot run here: %s" % e)
            return 77
        failed, rounds = [], 0
        try:
            rounds = recorder.run(w.seconds)
        except (Failed, OSError) as e:
            failed.append("seed %d, after %s: %s" % (w.seed, dict(recorder.done), e))
        failed += recorder.end()
        others = recorder.others
        print("%d rounds: %s" % (rounds, ", ".join("%s %d" % (what, n) for what, n in sorted(recorder.done.items()))))
        print("while one was stuck, the others answered %d times: p50 %.2f ms, p99 %.1f ms, max %.0f ms; the socket: p50 %.2f ms, max %.0f ms"
              % (len(others), 1e3 * quantile(others, 0.5), 1e3 * quantile(others, 0.99), 1e3 * max(others, default=float("nan")),
                 1e3 * quantile(recorder.sockets, 0.5), 1e3 * max(recorder.sockets, default=float("nan"))))
        for what in failed:
            print("FAILED: " + what, file=sys.stderr)
        return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
