"""As much of scipy.stats as Google Benchmark's compare.py asks for: the geometric mean, and the test of Mann and Whitney by its
normal approximation. Debian 12 does not install python3-scipy beside libboost1.81-dev."""
import collections
import math

import numpy

Test = collections.namedtuple("Test", "statistic pvalue")


def gmean(rows):
    return numpy.array(math.exp(sum(math.log(row[i]) for row in rows) / len(rows)) for i in range(len(rows[0])))


def mannwhitneyu(a, b, alternative):
    assert alternative == "two-sided"
    u = sum((x > y) + 0.5 * (x == y) for x in a for y in b)
    n, m = len(a), len(b)
    z = max(abs(u - n * m / 2) - 0.5, 0) / math.sqrt(n * m * (n + m + 1) / 12)
    return Test(u, math.erfc(z / math.sqrt(2)))
