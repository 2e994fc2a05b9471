#!/usr/bin/env python3
"""Metrics as promtool wants them, histograms that count what happened, a probe for each event, watch. usage: observe.py DRAINCTL SOURCE_DIR"""
import os
import re
import shutil
import subprocess

from lib import DRAINCTL, HERE, SOURCE, can_mount, need, run, skip

# the probes are in the program, with the names that are written down
with open(SOURCE + "/fusefs/trace/probes.inc", encoding="utf-8") as file:
    wanted = set(re.findall(r'DRAINLAB_PROBE\("\w+", (\w+)\)', file.read()))
# every event that the daemon's hub is told has a probe; the namespace half is the explorer's alone
told = set()
for folder, _, files in os.walk(SOURCE + "/fusefs"):
    for name in files:
        if not name.endswith(".cpp") or "/namespace" in folder:
            continue
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            source = file.read()
        for pattern in (r'[.>]trace\(\s*(?:[^",;()]*\? )?"(\w+)"', r'\.name = (?:\w+ \? )?"(\w+)"(?: : "(\w+)")?', r'action::trace\)\.text = "(\w+)"', r'enter_phase\(.*?"(\w+)"'):
            for found in re.findall(pattern, source):
                told |= {word for word in ([found] if isinstance(found, str) else found) if word}
with open(SOURCE + "/fusefs/trace/probes.inc", encoding="utf-8") as file:
    known = set(re.findall(r'DRAINLAB_PROBE\("(\w+)"', file.read()))
need({"mounted", "detached", "inode_switch_wbs_queue", "rcu_gp_start", "gate_opened"} <= told, f"the sources are understood: {told}")
need(told <= known, f"events without a probe: {told - known}")
notes = subprocess.run(["readelf", "-n", os.path.join(os.path.dirname(DRAINCTL), "drainfs")], capture_output=True, text=True, check=False).stdout
if "stapsdt" in notes:
    missing = wanted - set(re.findall(r"Name: (\w+)", notes))
    need(wanted and not missing, f"probes that are missing: {missing}")
    if shutil.which("perf"):  # it lists what its cache in $HOME has
        here = dict(os.environ, HOME=HERE)
        drainfs = os.path.join(os.path.dirname(DRAINCTL), "drainfs")
        added = subprocess.run(["perf", "buildid-cache", "--add", drainfs], capture_output=True, text=True, env=here, check=False)
        listed = subprocess.run(["perf", "list", "sdt_drainlab:*"], capture_output=True, text=True, env=here, check=False)
        missing = wanted - set(re.findall(r"sdt_drainlab:(\w+)", listed.stdout))
        need(not missing, f"perf list does not know {missing}: {added.stderr} {listed.stderr}")
else:
    print("built without <sys/sdt.h>: no probes")
if not can_mount():
    skip("drainctl doctor says so")
out = run("with", "--policy", "persb", "--", "sh", "-c", f'"{DRAINCTL}" watch --socket "$DRAINLAB_SOCKET" --count 2 --every 100ms && umount "$DRAINLAB_DIR" && '
          'sleep 0.5 && curl -s --unix-socket "$DRAINLAB_SOCKET" http://drainfs/metrics')
need(len(re.findall(r"^1 mounts; ", out, re.M)) == 2, "watch prints a line for each look: " + out[:300])
metrics = out[out.index("# TYPE"):]
need(metrics.endswith("# EOF\n"), "OpenMetrics ends")
for family in ("drain", "umount"):
    counts = [int(n) for n in re.findall(rf'drainfs_{family}_duration_seconds_bucket{{policy="persb",le="[^"]+"}} (\d+)', metrics)]
    need(len(counts) == 22 and counts == sorted(counts) and counts[-1] == 1, f"the {family} histogram has the one unmount: {counts}")
if shutil.which("promtool"):
    done = subprocess.run(["promtool", "check", "metrics"], input=metrics.removesuffix("# EOF\n"), capture_output=True, text=True, check=False)
    need("error" not in (done.stdout + done.stderr).lower(), "promtool: " + done.stdout + done.stderr)
print("what can be observed is as written down")
