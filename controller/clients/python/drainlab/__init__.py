"""Real mounts whose unmounts are slow, busy, lazy or orphaned on demand, for tests.

Drives the programs drainctl and drainfs (DRAINCTL names the first; else it is looked for in PATH); standard library only. Every Mount
has a daemon of its own, which goes with the mount, or when this process is killed.

    with drainlab.Mount(umount_delay=2.0) as m:
        teardown(m.dir)
        m.wait_dead(timeout=10)
"""
from .assertions import (Snapshot, assert_mounted, assert_no_growth, assert_no_orphan, assert_nobody_in_d,
                         assert_not_mounted, is_orphan, mounted)
from .drainctl import DrainctlError, cannot_run, drainctl
from .mount import ApiError, Mount, Rule

__all__ = ["ApiError", "DrainctlError", "Mount", "Rule", "Snapshot", "assert_mounted", "assert_no_growth", "assert_no_orphan",
           "assert_nobody_in_d", "assert_not_mounted", "cannot_run", "drainctl", "is_orphan", "mounted"]
__version__ = "0.1.0"
