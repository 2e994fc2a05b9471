#!/usr/bin/env python3
"""Exports opened by the tools they are for, or held against the written format. usage: formats.py DRAINCTL SOURCE_DIR"""
import csv
import importlib.util
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as xml

from lib import DRAINCTL, SOURCE, can_mount, load, need, path, run

run("sim", "--samples", "25", "--json", path("a.json"))
result = load("a.json")
cells = result["cells"]
samples = sum(len(c["umount_ns"]) for c in cells)


def export(form, name):
    run("report", path("a.json"), "--export", path(name), "--as", form)
    with open(path(name), encoding="utf-8") as file:
        return file.read()


export("hyperfine", "h.json")
rows = load("h.json")["results"]
need([len(r["times"]) for r in rows] == [len(c["umount_ns"]) for c in cells], "hyperfine: a time for each unmount")
for row, cell in zip(rows, cells, strict=True):
    need(abs(sum(row["times"]) / len(row["times"]) - row["mean"]) < 1e-9, "hyperfine: mean")
    need(row["min"] == min(row["times"]) and row["max"] == max(row["times"]), "hyperfine: extremes")
    need({"command", "mean", "stddev", "median", "user", "system", "min", "max", "times", "exit_codes"} <= set(row), "hyperfine: keys")

export("benchmark", "b.json")
rows = load("b.json")["benchmarks"]
need(len(rows) == samples and {r["time_unit"] for r in rows} == {"ms"}, "google-benchmark: a row for each unmount")
# What the written format (docs/user_guide.md and docs/tools.md of google/benchmark, and the keys that its compare.py takes) asks for:
for row in rows:
    need(row["run_type"] in ("iteration", "aggregate") and isinstance(row["name"], str) and isinstance(row["run_name"], str), "google-benchmark: names")
    need(all(isinstance(row[k], (int, float)) for k in ("real_time", "cpu_time", "iterations", "repetitions", "repetition_index", "threads",
                                                        "family_index", "per_family_instance_index")), "google-benchmark: figures")
    need("error_occurred" not in row or isinstance(row["error_occurred"], bool), "google-benchmark: errors")
context = load("b.json")["context"]
need({"date", "host_name", "executable", "num_cpus", "mhz_per_cpu", "cpu_scaling_enabled", "caches", "load_avg", "library_build_type"} <= set(context), "google-benchmark: context")
for name in {r["name"] for r in rows}:
    runs = [r for r in rows if r["name"] == name]
    need([r["repetition_index"] for r in runs] == list(range(runs[0]["repetitions"])), "google-benchmark: repetitions are numbered")
COMPARE = "/usr/share/benchmark/compare.py"
if not os.path.exists(COMPARE):
    print("compare.py is not here (libbenchmark-tools): held against the written format alone")
else:
    # The program itself; of scipy, which cannot always be installed, the two functions it asks for.
    here = dict(os.environ)
    if importlib.util.find_spec("scipy") is None:
        here["PYTHONPATH"] = os.path.join(SOURCE, "tests/system/results/stand_in")
        here["PYTHONDONTWRITEBYTECODE"] = "1"
        print("compare.py runs with a stand-in for scipy")
    done = subprocess.run(["python3", COMPARE, "--no-color", "benchmarks", path("b.json"), path("b.json")], capture_output=True, text=True, check=False, env=here)
    need(done.returncode == 0, "compare.py reads it: " + done.stdout[-500:] + done.stderr)
    for cell in cells:
        name = f"{cell['scenario']}/{cell['policy']}"
        need(len(re.findall(rf"^{name} +[+]0[.]0000 +[+]0[.]0000 ", done.stdout, re.M)) == len(cell["umount_ns"]), f"compare.py has a line for each unmount of {name}")
        need(re.search(rf"^{name}_pvalue +", done.stdout, re.M), f"compare.py tests {name}: " + done.stdout[-500:])

table = list(csv.DictReader(export("csv", "c.csv").splitlines()))
need([r["policy"] for r in table] == [c["policy"] for c in cells], "csv: a row for each cell")
table = list(csv.DictReader(export("samples-csv", "s.csv").splitlines()))
need([int(r["umount_ns"]) for r in table] == [ns for c in cells for ns in c["umount_ns"]], "csv: a row for each unmount")

run("report", path("a.json"), "--export", path("d.hgrm"))
for cell in cells:
    with open(path(f"d-{cell['scenario']}-{cell['policy']}.hgrm"), encoding="utf-8") as file:
        lines = [line for line in file.read().splitlines() if re.fullmatch(r"\s*[\d.]+ [\d.]+ +\d+( +[\d.]+)?", line)]
    last = lines[-1].split()
    need(float(last[1]) == 1.0 and int(last[2]) == len(cell["umount_ns"]), "hgrm: ends at 100 %")
    need(abs(float(last[0]) - max(cell["umount_ns"]) / 1e6) < 0.01 * float(last[0]), "hgrm: the largest value")
    need([float(a.split()[0]) for a in lines] == sorted(float(a.split()[0]) for a in lines), "hgrm: ascends")

tree = xml.fromstring(export("junit", "j.xml"))
if shutil.which("xmllint"):
    done = subprocess.run(["xmllint", "--noout", path("j.xml")], capture_output=True, text=True, check=False)
    need(done.returncode == 0, "xmllint: " + done.stderr)
else:
    print("xmllint is not here: JUnit was read by Python's parser alone")
need(tree.tag == "testsuites" and len(tree.findall("./testsuite/testcase")) == len(cells), "junit: a case for each cell")

tap = export("ktap", "k.tap").splitlines()
need(tap[0] == "KTAP version 1" and re.fullmatch(r"1\.\.\d+", tap[1]), "ktap: version and plan")
need(sum(bool(re.match(r"  (not )?ok \d+ ", line)) for line in tap) == len(cells), "ktap: a line for each cell")

metrics = export("openmetrics", "m.om")
need(metrics.endswith("# EOF\n"), "openmetrics: its end")
if shutil.which("promtool"):
    done = subprocess.run(["promtool", "check", "metrics"], input=metrics.removesuffix("# EOF\n"), capture_output=True, text=True, check=False)
    need("error" not in (done.stdout + done.stderr).lower(), "promtool: " + done.stdout + done.stderr)

def check_pairs(name, tracks):
    """Every end has its beginning before it; these tracks are there."""
    open_pairs, seen, begun = {}, set(), 0
    for e in load(name)["traceEvents"]:
        if e["name"] == "thread_name":
            seen.add(e["args"]["name"])
        elif e["ph"] == "b":
            open_pairs[e["pid"], e["id"], e["name"]] = e["ts"]
            begun += e["name"] == "umount"
        elif e["ph"] == "e":
            need(open_pairs.pop((e["pid"], e["id"], e["name"]), 1e300) <= e["ts"], "chrome-trace: every end has a beginning")
    need(not open_pairs, "chrome-trace: every beginning has an end")
    need(tracks <= seen, f"chrome-trace: tracks {tracks - seen} are missing")
    return begun


def check_lines(text):
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    need(all(re.match(r"\s*\S.*-\d+\s+\[\d{3}\] \S{5}\s+\d+\.\d{9}: \w+:", line) for line in lines), "ftrace: its lines")
    stamps = [float(re.search(r"(\d+\.\d{9}):", line)[1]) for line in lines]
    need(stamps == sorted(stamps), "ftrace: ascends in time")
    return lines


export("chrome-trace", "t.json")
need(check_pairs("t.json", {"unmounts one after another"}) == samples, "chrome-trace: a pair for each unmount")
need(sum("sys_umount__entry:" in line for line in check_lines(export("ftrace", "f.trace"))) == samples, "ftrace: a call for each unmount")
# with recorded events: a track for each mount, modelled CPU, and for grace periods
run("sim", "--samples", "3", "--scenario", "idle_cross_pressure", "--policy", "persb", "--cpus", "4", "--events", "--json", path("a.json"))
export("chrome-trace", "t.json")
begun = check_pairs("t.json", {"target2.0", "target3.0", "rcu", "CPU 0", "CPU 1", "CPU 2", "CPU 3"})
need(begun >= 2, f"chrome-trace: unmounts are pairs on their mounts' tracks: {begun}")
lines = check_lines(export("ftrace", "f.trace"))
for name in ("cgroup_writeback_umount__entry", "cgroup_writeback_umount__return", "inode_switch_wbs_queue", "inode_switch_wbs", "rcu_grace_period__start", "generic_shutdown_super__return"):
    need(any(f": {name}:" in line for line in lines), f"ftrace: {name} is there")
# an idle target's own life, held against the policy that made it, and against one that drains otherwise
for policy, code in (("persb", 0), ("base", (0, 1))):
    run("sim", "--samples", "3", "--scenario", "no_pressure", "--policy", "persb", "--events", "--json", path("a.json"))
    export("ftrace", "f.trace")
    said = run("race", "--policy", policy, "--accepts", path("f.trace"), code=code)
    need("target2.0: accepted" in said or policy != "persb", "race --accepts reads it: " + said)
run("sim", "--samples", "25", "--json", path("a.json"))
need(export("markdown", "m.md").count("\n| ") >= len(cells), "markdown: a row for each cell")

# ---- documents without cells, and strategies: the same formats, where they mean something ----
WHOLE = {"csv", "junit", "ktap", "openmetrics", "markdown"}
TIMES = {"hyperfine", "benchmark", "samples-csv", "hgrm", "chrome-trace"}


def export_of(name, form, code=0):
    out = path(f"{name}.{form}")
    run("report", path(name), "--export", out, "--as", form, code=code)
    if code != 0:
        need(not os.path.exists(out), f"{name} as {form}: nothing half-written")
        need("it can be exported as csv" in run.err, f"{name} as {form}: says what it can be exported as: {run.err}")
        return ""
    with open(out, encoding="utf-8") as file:
        return file.read()


def check_kind(name, cases, failures, rows, beside=frozenset()):
    """`cases` checks, of which `failures` failed, and so many rows of CSV; formats `beside` those that all have, and no others."""
    tree = xml.fromstring(export_of(name, "junit"))
    need(len(tree.findall("./testsuite/testcase")) == cases == int(tree.get("tests")), f"{name}: junit has {cases} cases")
    need(len(tree.findall(".//failure")) == failures == int(tree.get("failures")), f"{name}: junit has {failures} failures")
    tap = export_of(name, "ktap").splitlines()
    need(sum(bool(re.match(r"  (not )?ok \d+ ", line)) for line in tap) == cases, f"{name}: ktap has a line for each case")
    need(sum(line.startswith("  not ok ") for line in tap) == failures, f"{name}: ktap has the failures")
    need(len(list(csv.DictReader(export_of(name, "csv").splitlines()))) == rows, f"{name}: csv has {rows} rows")
    om = export_of(name, "openmetrics")
    need(om.endswith("# EOF\n"), f"{name}: openmetrics ends")
    if shutil.which("promtool"):
        seen = subprocess.run(["promtool", "check", "metrics"], input=om.removesuffix("# EOF\n"), capture_output=True, text=True, check=False)
        need("error" not in (seen.stdout + seen.stderr).lower(), f"{name}: promtool: {seen.stdout}{seen.stderr}")
    need("\n|---" in export_of(name, "markdown") or name.startswith("lazy"), f"{name}: markdown has a table")
    for form in TIMES - beside:
        export_of(name, form, code=2)
    for words in (["report", path(name)], ["report", path(name), "--format", "markdown"], ["report", path(name), "--format", "csv"]):
        said = run(*words)
        need(said and ("csv" in words or "markdown" in words or all(len(line) <= 100 for line in said.splitlines())), f"{words}: text of at most 100 columns: {said}")
    return om


run("race", "--policy", "base,persb", "--world", "offline_one", "--json", path("race.json"), code=1)
om = check_kind("race.json", 2, 1, 2)
need('drainlab_race_violates{policy="base",namespace_policy="",world="offline_one"} 1' in om, "openmetrics of a race: " + om)
text = run("report", path("race.json"))
need(text.startswith("1 of 2 searches") and "again: drainctl race --policy base --world offline_one --schedule" in text, "text of a race: " + text)
run("report", path("race.json"), "--format", "samples-csv", code=2)
run("race", "--mutants", "--policy", "persb", "--json", path("mutants.json"))
mutants = load("mutants.json")["mutants"]
check_kind("mutants.json", len(mutants), 0, len(mutants))
if can_mount():
    run("lazy", "--json", path("lazy.json"), code=(0, 1))
    steps = load("lazy.json")["steps"]
    claims = [c for s in steps for c in s["claims"]]
    check_kind("lazy.json", len(claims), sum(not c["held"] for c in claims), len(claims), {"samples-csv", "chrome-trace"})
    need(len(list(csv.DictReader(export_of("lazy.json", "samples-csv").splitlines()))) == sum(len(s["events"]) for s in steps), "lazy: a row for each event")
    export_of("lazy.json", "chrome-trace")
    check_pairs("lazy.json.chrome-trace", {"superblock", "name"})
    run("churn", "--cycles", "60", "--mounts", "4", "--json", path("churn.json"))
    churn = load("churn.json")
    kinds = [churn] + ([churn["compared"]] if churn.get("compared") else [])
    rows = sum(len(k["actions"]) for k in kinds)
    om = check_kind("churn.json", len(kinds) + len(churn["left"]), 0, rows, TIMES)
    need("drainlab_umount_seconds_bucket" in om and 'drainlab_churn_left{what="mounts"} 0' in om, "openmetrics of a churn: " + om)
    listed = sum(len(k["unmounts"]["action"]) if isinstance(k["unmounts"], dict) else len(k["unmounts"]) for k in kinds)
    need(len(list(csv.DictReader(export_of("churn.json", "samples-csv").splitlines()))) == listed, "churn: a row for each unmount that is listed")
    export_of("churn.json", "hyperfine")
    need(sum(len(r["times"]) for r in load("churn.json.hyperfine")["results"]) == listed, "churn: hyperfine has a time for each")
    export_of("churn.json", "chrome-trace")
    need(check_pairs("churn.json.chrome-trace", set()) == listed, "churn: a pair for each unmount")
    run("bench", "--strategy", "sync,lazy", "--samples", "4", "--no-save", "--json", path("strategy.json"))
    text = run("report", path("strategy.json"))
    need(text.startswith("sync: ") and "What became of the unmounts" in text and all(len(line) <= 100 for line in text.splitlines()), "text of strategies: " + text)
    need("drainlab_strategy_unmounts_total" in export_of("strategy.json", "openmetrics"), "openmetrics of strategies")
    tree = xml.fromstring(export_of("strategy.json", "junit"))
    need([c.get("name") for c in tree.findall("./testsuite/testcase")] == ["sync", "lazy"], "junit of strategies")
else:
    print("lazy, churn and strategies cannot run here: drainctl doctor says why")

# the picture of the README is what its file gives
run("report", SOURCE + "/docs/results/idle_cross_pressure.json", "--svg", path("svg"))
for name in ("samples", "waterfall", "in-flight"):
    with open(path(f"svg/idle_cross_pressure-{name}.svg"), "rb") as ours, open(f"{SOURCE}/docs/results/idle_cross_pressure-{name}.svg", "rb") as theirs:
        need(ours.read() == theirs.read(), f"docs/results/idle_cross_pressure-{name}.svg is drawn from the file beside it: drainctl report docs/results/idle_cross_pressure.json --svg docs/results")

# bad input: one line that names file and place, exit 2 (5 where the disk is full), nothing half-written
with open(path("a.json"), encoding="utf-8") as file:
    text = file.read()
bad = {
    "cut": (text[: len(text) // 2], "line "),
    "later": (text.replace("drainlab.result/1", "drainlab.result/7"), "later major version"),
    "foreign": ('{"schema": "somebody.else/1"}', "somebody.else/1"),
    "nan": (text.replace('"elapsed_s": ', '"elapsed_s": NaN, "x": ', 1), "line "),
    "wrong": (text.replace('"samples": 25,', '"samples": "many",'), "samples: "),
    "empty": ("", ""),
    "mutated": (text.replace('"umount_ns": [', '"umount_ns": [-3,', 1), "umount_ns[0]: "),
    "longer": (text.replace('"umount_ns": [', '"umount_ns": [3,', 1), "cells[0]."),
    "race": ('{"schema": "drainlab.race/1", "results": []}', "drainlab.race/1"),
    "binary": ("\0\1\2{", ""),
    "list": ("[]", ""),
    "infinite": (text.replace('"elapsed_s": ', '"elapsed_s": 1e999, "x": ', 1), ""),
}
for name, (content, said) in bad.items():
    with open(path(name + ".json"), "w", encoding="utf-8") as file:
        file.write(content)
    out = path("out-" + name)
    for words in (["report"], ["report", "--html", out], ["report", "--svg", out + ".d"], ["report", "--export", out, "--as", "csv"], ["merge", path("a.json"), "--json", out],
                  ["merge"], ["compare", path("a.json")], ["sim", "--samples", "2", "--scenario", "no_pressure", "--compare"]):
        if name == "race" and words[0] == "report":
            continue  # what it can show is shown
        run(*words, path(name + ".json"), code=2)
        need(name + ".json" in run.err and said in run.err and len(run.err.splitlines()) <= 2, f"{name}, {words}: {run.err}")
        need(not os.path.exists(out) and not os.path.exists(out + ".d"), f"{name}, {words}: nothing half-written")
for words in (["report", path("a.json"), "--html"], ["report", path("a.json"), "--as", "junit", "--export"], ["merge", path("a.json"), "--json"],
              ["sim", "--samples", "2", "--scenario", "no_pressure", "--json"], ["race", "--policy", "persb", "--world", "offline_one", "--json"]):
    run(*words, "/dev/full", code=5)
    need("/dev/full: No space left on device" in run.err, f"{words}: {run.err}")
with open("/dev/full", "wb") as full:
    done = subprocess.run([DRAINCTL, "report", path("a.json")], stdout=full, stderr=subprocess.PIPE, check=False)
    need(done.returncode == 5, f"a full standard output is exit 5, not {done.returncode}")
os.mkdir(path("closed"), 0o500)
if os.geteuid() != 0:
    run("report", path("a.json"), "--html", path("closed/x.html"), code=2)
run("report", path("a.json"), "--html", path("closed"), code=2)
run("report", path("a.json"), "--html", path("no/such/dir.html"), code=2)
run("report", path("a.json"), "--export", path("x.unknown"), code=2)
run("report", path("none.json"), code=2)
run("report", code=2)
need("no result is kept" in run.err, "report without a file says where it looked: " + run.err)
print("all formats as their tools want them")
