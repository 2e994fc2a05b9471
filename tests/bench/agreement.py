#!/usr/bin/env python3
"""bench_agreement: holds `drainctl bench` (real mounts, the machine's clock) against `drainctl sim` (virtual time).

Same profile, scenario and policies. What is what:
 fitted       one value for each scenario, the length of a burner's generation in sim: of those tried the one whose switches in flight
              at the start of a drain come nearest to those of a bench run of its own (first policy, another seed). No time is fitted, and
              the run that fitted takes no part in the comparison.
 conditional  in both, an unmount begins once a switch is in flight somewhere, or after half a second without.
 definition   a policy that waited for nothing in both has no drain to compare: such a cell is printed as 0/0 and not counted.
Printed: switches queued for each unmount and in flight, the drain's p50 of both, their ratio, and the mean of those calls that waited at
all: on a busy machine umount(8) may come too late for the switch it was started for.

usage: agreement.py DRAINCTL [--samples N] [--scenario LIST] [--policy LIST] [--profile P]
Exit code 0 when every counted pair differs by less than 30 %, 4 when no pair could be counted, else 1.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

LIMIT = 1.3
NOTHING_MS = 0.05  # below that nobody waited: what is left is the call itself
SIM_SAMPLES = "400"  # they cost little
GENERATIONS_MS = "8,12,16,20,25,30,36,43,60,90"


def run(words, path):
    done = subprocess.run(words + ["--json", path], stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        sys.exit(f"bench_agreement: exit {done.returncode} of: {' '.join(words)}")
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def drain_p50(cell):
    phases = cell["phases_ms"]
    return phases["drained"]["p50"] - phases["drain_begins"]["p50"]


def waited(cell):
    return cell["drain"]["waited"] / cell["drain"]["calls"]


def waiting_mean(cell):
    """Mean ms of a call that waited, whose share does not move it."""
    parts = cell["drain"]["parts_ms"]
    return sum(parts.values()) if parts else 0.0


def nearest_load(real, model):
    """The simulated generation length whose switches in flight are nearest to the measured ones."""
    def distance(cells):
        return sum(abs(a["drain"]["in_flight_mean"] - b["drain"]["in_flight_mean"]) for a, b in zip(real, cells, strict=True))

    lengths = {}
    for cell in model:
        lengths.setdefault(cell["point"]["generation_ms"], []).append(cell)
    return min(lengths, key=lambda n: distance(lengths[n]))


def judge(a, b):
    """Whether two medians in ms agree, and their ratio; None where neither waited at all."""
    if a <= NOTHING_MS and b <= NOTHING_MS:
        return None, 0.0
    if a <= NOTHING_MS or b <= NOTHING_MS:
        return False, float("inf")
    return 1 / LIMIT < b / a < LIMIT, b / a


def print_pair(there, here):
    """One line; whether the two agree, None for a cell that has nothing to compare."""
    a, b = drain_p50(there), drain_p50(here)
    fits, ratio = judge(a, b)
    said = {None: "  0/0, not counted", True: "", False: "  MISS"}[fits]
    queued = [cell["switches"]["queued"] / cell["samples"] for cell in (there, here)]
    print(f"{there['scenario']:20}{there['policy']:10}{queued[0]:7.1f}{queued[1]:7.1f}{there['drain']['in_flight_mean']:9.2f}"
          f"{here['drain']['in_flight_mean']:7.2f}{waited(there):7.0%}{waited(here):7.0%}{a:10.1f}{b:8.1f}{ratio:8.2f}"
          f"{waiting_mean(there):12.1f}{waiting_mean(here):8.1f}{said}", flush=True)
    return fits


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("drainctl")
    parser.add_argument("--samples", default="40")
    parser.add_argument("--scenario", default="idle_cross_pressure,own_churn,concurrent8_idle")
    parser.add_argument("--policy", default="base,race,rmbarrier,persb")
    parser.add_argument("--profile", default="qemu-16vcpu")
    parser.add_argument("--writes", default="32", help="of a generation in the scenario file: sim is to write as many")
    options = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} CPUs, profile {options.profile}, {options.samples} samples")
    print(f"{'':30}{'queued':>14}{'in flight':>16}{'waited':>14}{'drain p50, ms':>18}{'ratio':>8}{'a waiting call, ms':>20}")
    print(f"{'':30}{'bench':>7}{'sim':>7}{'bench':>9}{'sim':>7}{'bench':>7}{'sim':>7}{'bench':>10}{'sim':>8}{'':8}{'bench':>12}{'sim':>8}")
    counted = missed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for scenario in options.scenario.split(","):
            same = ["--scenario", scenario, "--profile", options.profile]
            policies = ["--policy", options.policy]

            def measured(more, seed):
                return run([options.drainctl, "bench", *same, *more, "--seed", seed, "--samples", options.samples], scratch + "/bench.json")

            def simulated(lengths, samples, more):
                words = ["--samples", samples, "--writes", options.writes, "--sweep", "generation_ms=" + lengths]
                return run([options.drainctl, "sim", *same, *more, *words], scratch + "/sim.json")["cells"]

            first = ["--policy", options.policy.split(",")[0]]
            length = nearest_load(measured(first, "2")["cells"], simulated(GENERATIONS_MS, options.samples, first))
            cells = simulated(length, SIM_SAMPLES, policies)
            for there, here in zip(measured(policies, "1")["cells"], cells, strict=True):
                fits = print_pair(there, here)
                counted += fits is not None
                missed += fits is False
            print(f"  fitted, on a run of its own: generations of {length} ms in sim", flush=True)
    print(f"{counted - missed} of {counted} cells within {LIMIT - 1:.0%}; an unmount begins once a switch is in flight, in both", flush=True)
    sys.exit(4 if counted == 0 else 1 if missed else 0)


if __name__ == "__main__":
    main()
