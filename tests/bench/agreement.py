#!/usr/bin/env python3
"""bench_agreement: holds `drainctl bench` (real mounts, the machine's clock) against `drainctl sim` (virtual time).

Same profile, scenario and policies, one interleaved run of bench for each scenario. sim is given what bench measured: of the burner's
generation lengths tried it takes the one whose switches in flight at the start of a drain come nearest to bench's; switches queued for
each unmount are printed for both, as a check. Printed: the drain's p50 of both, their ratio, and the mean of those calls that waited at
all: on a busy machine umount(8) may come too late for the switch it was started for.

usage: agreement.py DRAINCTL [--samples N] [--scenario LIST] [--policy LIST] [--profile P]
Exit code 0 when every pair differs by less than 30 %, else 1.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

LIMIT = 1.3
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


def print_pair(there, here):
    """One line; whether the two agree."""
    a, b = drain_p50(there), drain_p50(here)
    ratio = b / a if a > 0.05 or b > 0.05 else 1.0
    fits = 1 / LIMIT < ratio < LIMIT
    queued = [cell["switches"]["queued"] / cell["samples"] for cell in (there, here)]
    print(f"{there['scenario']:20}{there['policy']:10}{queued[0]:7.1f}{queued[1]:7.1f}{there['drain']['in_flight_mean']:9.2f}"
          f"{here['drain']['in_flight_mean']:7.2f}{waited(there):7.0%}{waited(here):7.0%}{a:10.1f}{b:8.1f}{ratio:8.2f}"
          f"{waiting_mean(there):12.1f}{waiting_mean(here):8.1f}{'' if fits else '  MISS'}", flush=True)
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
    good = True
    with tempfile.TemporaryDirectory() as scratch:
        for scenario in options.scenario.split(","):
            same = ["--scenario", scenario, "--policy", options.policy, "--profile", options.profile]
            real = run([options.drainctl, "bench", *same, "--samples", options.samples], scratch + "/bench.json")
            def simulated(lengths, samples):
                words = ["--samples", samples, "--writes", options.writes, "--sweep", "generation_ms=" + lengths]
                return run([options.drainctl, "sim", *same, *words], scratch + "/sim.json")["cells"]

            length = nearest_load(real["cells"], simulated(GENERATIONS_MS, options.samples))
            cells = simulated(length, SIM_SAMPLES)
            for there, here in zip(real["cells"], cells, strict=True):
                good = print_pair(there, here) and good
            print(f"  generations of {length} ms in sim", flush=True)
    sys.exit(0 if good else 1)


main()
