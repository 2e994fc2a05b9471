#!/usr/bin/env python3
"""scripts/umountsnoop.bt sees unmounts to their true end, and USDT probes fire. Needs root, bpftrace and tracefs. usage: snoop.py DRAINCTL SOURCE_DIR"""
import json
import os
import re
import signal
import subprocess
import time

from lib import DRAINCTL, SOURCE, can_mount, need, path, run, skip

if not can_mount():
    skip("drainctl doctor says so")
if os.geteuid() != 0 or subprocess.run(["sh", "-c", "command -v bpftrace"], capture_output=True, check=False).returncode != 0:
    skip("it takes root and bpftrace")
# superblocksnoop.bt probes with kprobes, which are not everywhere; that bpftrace makes a program of it is seen without.
if os.path.exists("/sys/kernel/btf/vmlinux"):
    done = subprocess.run(["bpftrace", "-d", SOURCE + "/scripts/superblocksnoop.bt"], capture_output=True, text=True, check=False)
    need(done.returncode == 0, "bpftrace makes a program of superblocksnoop.bt: " + done.stderr[-500:])
else:
    print("no BTF here: whether bpftrace makes a program of superblocksnoop.bt was not looked at")
TRACING = "/sys/kernel/tracing"
OURS = not os.path.exists(TRACING + "/events") and subprocess.run(["mount", "-t", "tracefs", "none", TRACING], capture_output=True, check=False).returncode == 0
DRAINFS = os.path.join(os.path.dirname(DRAINCTL), "drainfs")


class Bpftrace:
    """A script at work; its lines so far."""

    def __init__(self, name, *words):
        self.file = path(name)
        with open(self.file, "wb") as out, open(self.file + ".err", "wb") as err:
            self.process = subprocess.Popen(["bpftrace", *words], stdout=out, stderr=err)

    def text(self):
        with open(self.file, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for(self, pattern, limit=60):
        """The match, once it is there; None if bpftrace ends or the time is over."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if found := re.search(pattern, self.text(), re.M):
                return found
            if self.process.poll() is not None:
                return re.search(pattern, self.text(), re.M)
            time.sleep(0.05)
        return None

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


def check_snoop():
    snoop = Bpftrace("snoop", SOURCE + "/scripts/umountsnoop.bt")
    try:
        if not snoop.wait_for("^TIME "):
            with open(snoop.file + ".err", encoding="utf-8", errors="replace") as err:
                skip("bpftrace cannot attach here: " + err.read()[-300:])
        here, there = path("tmpfs"), path("drainfs")
        os.mkdir(here)
        os.mkdir(there)
        subprocess.run(["mount", "-t", "tmpfs", "snoop", here], check=True)
        subprocess.run(["umount", here], check=True)
        seen = snoop.wait_for(rf"^\S+ +umount +\d+ +([\d.]+) +([\d.]+) 0 +{re.escape(here)}$")
        need(seen and 0 < float(seen[1]) <= float(seen[2]), "a tmpfs: " + snoop.text())
        run("mount", there, "--umount-delay", "400ms")
        told = json.loads(run("umount", there, "--json"))["phases_ms"]
        seen = snoop.wait_for(rf"^\S+ +drainctl +\d+ +([\d.]+) +([\d.]+) 0 +{re.escape(there)}$")
        need(seen, "a drainfs: " + snoop.text())
        end = float(seen[2])
        print(f"drainctl: {told['returned']:.3f} ms; umountsnoop: {end:.3f} ms, of which the system call itself {seen[1]} ms")
        # The kernel's clock starts later and stops earlier than drainctl's, and only scheduling comes between.
        need(400 <= end <= told["returned"] + 1 and told["returned"] - end < 300, f"both see the delay: {end} and {told}")
        need(float(seen[1]) < end - 300, "task work comes after the call itself: " + seen[0])
    finally:
        snoop.stop()


def check_probes():
    listed = subprocess.run(["bpftrace", "-l", f"usdt:{DRAINFS}:drainlab:*"], capture_output=True, text=True, timeout=60, check=False).stdout
    with open(SOURCE + "/fusefs/trace/probes.inc", encoding="utf-8") as file:
        wanted = set(re.findall(r'DRAINLAB_PROBE\("\w+", (\w+)\)', file.read()))
    missing = wanted - set(re.findall(r":drainlab:(\w+)$", listed, re.M))
    need(not missing, f"bpftrace -l does not list {missing}")
    there = path("probed")
    os.mkdir(there)
    run("mount", there, "--name", "probed", "--linger", "20s")
    program = " ".join(f'usdt:{DRAINFS}:drainlab:{p} {{ printf("{p} %s %lld\\n", str(arg0), arg3); }}' for p in sorted(wanted))
    probes = Bpftrace("probes", "-e", 'BEGIN { printf("ready\\n"); } ' + program)
    try:
        need(probes.wait_for("^ready$"), "bpftrace attaches to all probes at once")
        run("umount", there)
        order = ["umount__detached", "cgroup_writeback_umount__entry", "cgroup_writeback_umount__return", "generic_shutdown_super__return"]
        need(probes.wait_for("^generic_shutdown_super__return probed"), "probes fire: " + probes.text())
        at = {p: int(t) for p, t in re.findall(r"^(\w+) probed (\d+)$", probes.text(), re.M)}
        need(all(p in at for p in order) and [at[p] for p in order] == sorted(at[p] for p in order), f"in the order of an unmount: {at}")
    finally:
        probes.stop()
        run("stop", code=(0, 4))


os.environ["DRAINLAB_SOCKET"] = path("socket")
try:
    check_snoop()
    check_probes()
finally:
    run("stop", code=(0, 4))
    if OURS:
        subprocess.run(["umount", TRACING], check=False)
print("unmounts are seen to their true end, and every probe is listed and fires")
