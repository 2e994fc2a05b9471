#!/usr/bin/env python3
"""bench_agreement: holds `drainctl bench` (real mounts, the machine's clock) against `drainctl sim` (virtual time).

Same profile, scenario and policies. sim is given what bench measured: the rate of switches, as the length of a burner's generation
(generation_ms; a generation makes one switch). Switches in flight when a drain began are printed for both: they follow from the rate
and the length of a switch. Printed: the drain's p50 of both, their ratio, and the mean of
those calls that waited at all: on a busy machine umount(8) may come too late for the switch it was started for.

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
BURNERS = 4  # of the scenarios' background


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
    print(f"{'':34}{'switches/s':>12}{'in flight':>16}{'waited':>14}{'drain p50, ms':>18}{'ratio':>8}{'a waiting call, ms':>20}")
    print(f"{'':34}{'bench':>12}{'bench':>9}{'sim':>7}{'bench':>7}{'sim':>7}{'bench':>10}{'sim':>8}{'':8}{'bench':>12}{'sim':>8}")
    good = True
    with tempfile.TemporaryDirectory() as scratch:
        for scenario in options.scenario.split(","):
            for policy in options.policy.split(","):
                same = ["--scenario", scenario, "--policy", policy, "--samples", options.samples, "--profile", options.profile]
                real = run([options.drainctl, "bench", *same], scratch + "/bench.json")
                there = real["cells"][0]
                rate = there["switches"]["queued"] / real["run"]["elapsed_s"]
                model = run([options.drainctl, "sim", *same, "--writes", options.writes, "--sweep", f"generation_ms={round(1000 * BURNERS / rate)}"], scratch + "/sim.json")
                here = model["cells"][0]
                a, b = drain_p50(there), drain_p50(here)
                ratio = b / a if a > 0.05 or b > 0.05 else 1.0
                fits = 1 / LIMIT < ratio < LIMIT
                good = good and fits
                print(f"{scenario:24}{policy:10}{rate:12.0f}{there['drain']['in_flight_mean']:9.2f}"
                      f"{here['drain']['in_flight_mean']:7.2f}{waited(there):7.0%}{waited(here):7.0%}{a:10.1f}{b:8.1f}{ratio:8.2f}{waiting_mean(there):12.1f}{waiting_mean(here):8.1f}{'' if fits else '  MISS'}", flush=True)
    sys.exit(0 if good else 1)


main()
