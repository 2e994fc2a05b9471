#!/usr/bin/env python3
"""What every command writes follows docs/schema. usage: schema.py DRAINCTL SOURCE_DIR"""
import json
import os

from lib import SOURCE, can_mount, load, need, path, run, skip

try:
    import jsonschema
except ImportError:
    skip("python3-jsonschema is missing")


def schema_of(document):
    name = document["schema"].removeprefix("drainlab.").replace("/", "-")
    with open(os.path.join(SOURCE, "docs/schema", name + ".json"), encoding="utf-8") as file:
        return json.load(file)


def check(document, what):
    schema = schema_of(document)
    errors = sorted(jsonschema.Draft202012Validator(schema).iter_errors(document), key=str)
    need(not errors, f"{what}: {[(list(e.absolute_path), e.message[:200]) for e in errors[:3]]}")
    print(f"{what}: {document['schema']} as written down")


def written(name, *words, code=0):
    run(*words, "--json", path(name), code=code)
    document = load(name)
    check(document, " ".join(words))
    need("--json" in document["run"]["command"], "it says how it was made")
    run("report", path(name), "--html", path(name + ".html"))


written("sim.json", "sim", "--samples", "12")
written("sweep.json", "sim", "--samples", "3", "--sweep", "hz=100,250", "--scenario", "idle_cross_pressure")
written("lazysim.json", "sim", "--samples", "3", "--scenario", "lazy_free,lazy_held")
run("sim", "--samples", "3", "--shard", "1/2", "--json", path("1.json"))
run("sim", "--samples", "3", "--shard", "2/2", "--json", path("2.json"))
written("merged.json", "merge", path("1.json"), path("2.json"))
written("hole.json", "merge", path("1.json"), code=4)
written("race.json", "race", "--policy", "base,persb", "--world", "offline_one", code=1)
written("names.json", "race", "--namespace-policy", "deferred,on_demand", "--world", "ns_alone", "--preemptions", "1", code=(0, 1))
written("mutants.json", "race", "--mutants", "--policy", "persb")
check(json.loads(run("sim", "--json", "-", "--policy", "nonsense", code=2)), "a failure with --json -")
if can_mount():
    written("bench.json", "bench", "--samples", "3", "--scenario", "no_pressure", "--no-save")
    written("strategy.json", "bench", "--strategy", "all", "--samples", "2", "--no-save", code=(0, 4))
    written("benchlazy.json", "bench", "--scenario", "umount_free,lazy_free", "--samples", "3")
    written("lazy.json", "lazy", code=(0, 1))
    written("churn.json", "churn", "--cycles", "20", "--mounts", "2")
    written("alone.json", "churn", "--cycles", "4", "--mounts", "1", "--no-compare")
else:
    print("bench, lazy and churn cannot run here: drainctl doctor says why")
