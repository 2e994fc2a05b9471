#!/usr/bin/env python3
"""The judge of bench_agreement can fail: it misses what differs, and counts nothing where nobody waited."""
import agreement

assert agreement.judge(100, 100) == (True, 1.0)
assert agreement.judge(100, 129)[0] is True
assert agreement.judge(100, 131)[0] is False
assert agreement.judge(131, 100)[0] is False
assert agreement.judge(0, 0)[0] is None
assert agreement.judge(0.01, 0.02)[0] is None
assert agreement.judge(0, 12)[0] is False
assert agreement.judge(12, 0)[0] is False


def cells(point, *in_flight):
    return [{"point": {"generation_ms": point}, "drain": {"in_flight_mean": n}} for n in in_flight]


assert agreement.nearest_load(cells(None, 2.0), cells("10", 4.0) + cells("20", 2.1) + cells("40", 1.0)) == "20"
