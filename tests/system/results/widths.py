#!/usr/bin/env python3
"""Tables fit: 100 columns off a terminal, a terminal's own from 80 on; progress is wiped, and a dumb terminal gets none. usage: widths.py DRAINCTL SOURCE_DIR"""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

from lib import DRAINCTL, can_mount, need, path, run

SEEN = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(columns, *words, term="xterm"):
    """All that drainctl writes on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    with subprocess.Popen([DRAINCTL, *words], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=dict(os.environ, TERM=term)) as process:
        os.close(theirs)
        text = b""
        while True:
            try:
                some = os.read(ours, 65536)
            except OSError:  # the last one has closed it
                break
            if not some:
                break
            text += some
        process.wait(300)
    os.close(ours)
    return text.decode(errors="replace").replace("\r\n", "\n")


def after_wiping(text):
    """What stays on the screen: each line from where the cursor last went back to its beginning and cleared it."""
    return SEEN.sub("", "\n".join(line.rsplit("\r\x1b[K", 1)[-1] for line in text.split("\n")))


def fits(text, columns, words):
    """Each line does, but for paths and commands, which are left whole."""
    for line in text.split("\n"):
        need(len(line) <= columns or "/" in max(line.split(), key=len) or line.startswith(("replay: ", "  again: ", "again: ")),
             f"drainctl {' '.join(words)}: {len(line)} of {columns} columns: {line}")


def check(*words):
    fits(subprocess.run([DRAINCTL, *words], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, check=False).stdout, 100, words)
    for columns in (80, 100, 132):
        fits(after_wiping(on_terminal(columns, *words)), min(columns, 100), words)


run("sim", "--samples", "12", "--json", path("a.json"))
run("sim", "--scenario", "idle_cross_pressure", "--samples", "10", "--policy", "base,persb", "--sweep", "hz=100,1000", "--sweep", "superblocks=1,16",
    "--json", path("sweep.json"))
run("race", "--namespace-policy", "all", "--world", "ns_mkfs,ns_alone", "--json", path("race.json"), code=(0, 1, 4))
for kind in ("policies", "scenarios", "profiles", "worlds", "mutants"):
    check("list", kind)
check("list")
check("doctor")
check("lab", "--list")
check("race", "--policy", "base,persb", "--world", "offline_one")
check("race", "--namespace-policy", "deferred", "--world", "ns_mkfs")
check("race", "--mutants", "--policy", "rmbarrier")
check("sim", "--samples", "10", "--compare", "published")
for name in ("a", "sweep", "race"):
    check("report", path(name + ".json"))
check("compare", path("a.json"), path("a.json"))
check("compare", path("sweep.json"), path("sweep.json"))
if can_mount():
    check("lazy", "--delay", "10ms")
    check("churn", "--mounts", "2", "--for", "1s")
    check("bench", "--strategy", "all", "--samples", "8", "--no-save")
    check("bench", "--scenario", "no_pressure", "--policy", "base,persb", "--samples", "10", "--no-save", "--check")

RUN = ("sim", "--scenario", "idle_cross_pressure", "--policy", "base,persb", "--samples", "200")  # the ratio is looked at every 300 ms
for columns in (30, 40, 80):
    text = on_terminal(columns, *RUN)
    shown = [SEEN.sub("", line) for line in text.split("\r\x1b[K")[1:-1]]
    need(shown and max(map(len, shown)) < columns, f"progress stays in its line of {columns} columns: {max(map(len, shown))}")
    need(any(re.search(r"\d+ of \d+, \d+:\d\d left$", line) for line in shown), f"and says how far it is: {shown[-1]}")
    need(columns < 80 or re.search(r"base / persb \d+\.\d \[\d+\.\d, \d+\.\d\]", shown[-1]), f"and the ratio so far: {shown[-1]}")
    need(text.split("\r\x1b[K")[-1].lstrip("\x1b[0m").startswith("idle target"), "the last one is wiped")
need("\x1b" not in on_terminal(80, *RUN, term="dumb"), "a dumb terminal gets no controls")
need("left" not in subprocess.run([DRAINCTL, *RUN], capture_output=True, text=True, check=False).stderr, "nor does a file")
print("all tables fit")
