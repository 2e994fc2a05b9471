#!/usr/bin/env python3
"""Does what docs/lesson.md says: runs every `$` line of its console blocks, and wants each line below it in what was printed.
usage: lesson.py SOURCE_DIR DRAINCTL"""
import os
import re
import subprocess
import sys
import tempfile

source, drainctl = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
environment = dict(os.environ, PATH=os.path.dirname(drainctl) + ":" + os.environ["PATH"])
can_mount = subprocess.run(["unshare", "-Urm", drainctl, "doctor", "--quiet"], capture_output=True, check=False).returncode == 0
waits = "gate" in subprocess.run(["unshare", "-Urm", drainctl, "doctor"], capture_output=True, text=True, check=False).stdout
ran = left_out = 0
with open(source + "/docs/lesson.md", encoding="utf-8") as file:
    blocks = re.findall(r"^```console\n(.*?)^```$", file.read(), re.M | re.S)
with tempfile.TemporaryDirectory() as scratch:
    for block in blocks:
        command, *wanted = block.splitlines()
        command = command.removeprefix("$ ")
        if command.startswith("export PATH"):
            continue
        if "unshare" in command and not can_mount:
            left_out += 1
            continue
        done = subprocess.run(["bash", "-c", command], cwd=scratch, env=environment, capture_output=True, text=True, timeout=240, check=False)
        said = done.stdout + done.stderr
        if done.returncode != 0:
            sys.exit(f"exit {done.returncode} of: {command}\n{said}")
        for line in wanted:
            if line.strip() not in said:
                sys.exit(f"\"{line}\" is not in what this prints: {command}\n{said}")
        ran += 1
print(f"{ran} commands of the lesson as written" + (f", {left_out} cannot run here: no user namespace with /dev/fuse" if left_out else ""))
if ran < 5:
    sys.exit("the lesson has lost its commands")
