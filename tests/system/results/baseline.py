#!/usr/bin/env python3
"""compare, bench --baseline and kept results. usage: baseline.py DRAINCTL SOURCE_DIR"""
import json
import os

from lib import can_mount, load, need, path, run, skip


def scaled(name, into, factor, policy=None):
    j = load(name)
    for c in j["cells"]:
        if policy in (None, c["policy"]):
            c["umount_ns"] = [int(ns * factor) for ns in c["umount_ns"]]
    with open(path(into), "w", encoding="utf-8") as file:
        json.dump(j, file)


run("sim", "--samples", "40", "--scenario", "idle_cross_pressure", "--json", path("a.json"))
out = run("compare", path("a.json"), path("a.json"))
need(out.startswith("0 of 4 cells worse"), out)
scaled("a.json", "slow.json", 1.5, "persb")
out = run("compare", path("a.json"), path("slow.json"), code=3)
need(out.startswith("1 of 4 cells worse") and "worse" in [line for line in out.splitlines() if " persb" in line][0], out)
need(run("compare", path("slow.json"), path("a.json")).startswith("0 of 4 cells worse, 1 better"), "the other way round it is better")
run("compare", path("a.json"), path("slow.json"), "--effect", "60%")
run("compare", path("a.json"), path("slow.json"), "--effect", "lots", code=2)
run("sim", "--samples", "40", "--cpus", "8", "--scenario", "idle_cross_pressure", "--policy", "base,persb", "--json", path("eight.json"))
run("compare", path("a.json"), path("eight.json"), code=2)
need("CPUs: 16 and 8" in run.err and "only the first has idle_cross_pressure under race" in run.err, run.err)
run("compare", path("a.json"), path("eight.json"), "--force", code=(0, 3))
need("ignored: CPUs: 16 and 8" in run.err, run.err)

if not can_mount():
    skip("drainctl doctor says so; compare of files was fine")
quick = ["bench", "--scenario", "no_pressure", "--policy", "base,persb", "--samples", "12"]
out = run(*quick, "--save-baseline", path("base.json"))
kept = [line.split()[1] for line in out.splitlines() if line.startswith("result: ")]
need(len(kept) == 1 and os.path.exists(kept[0]) and kept[0].startswith(os.environ["XDG_STATE_HOME"]), out)
need("no_pressure" in run("report"), "report without a file shows the last kept one")
run(*quick, "--no-save")
need(len(os.listdir(os.environ["XDG_STATE_HOME"] + "/drainlab")) == 1, "--no-save keeps nothing")
scaled("base.json", "fast.json", 0.05)
out = run(*quick, "--baseline", path("fast.json"), "--save-baseline", path("new.json"), code=3)
need("measured again" in out and not os.path.exists(path("new.json")), out)
scaled("base.json", "slow.json", 20)
run(*quick, "--baseline", path("slow.json"), "--save-baseline", path("new.json"))
need(os.path.exists(path("new.json")), "a good run is saved")
run(*quick, "--baseline", path("none.json"), code=2)
for n in range(55):
    with open(f"{os.environ['XDG_STATE_HOME']}/drainlab/20200101T000000.{n:09}Z-bench-1.json", "w", encoding="utf-8") as file:
        file.write("{}")
with open(os.environ["XDG_STATE_HOME"] + "/drainlab/mine.json", "w", encoding="utf-8") as file:
    file.write("{}")
run(*quick)
left = os.listdir(os.environ["XDG_STATE_HOME"] + "/drainlab")
need(len(left) == 51 and "mine.json" in left, f"the last 50 are kept, and what is not ours: {len(left)}")
print("baselines judge, refuse, save and are kept as they should")
