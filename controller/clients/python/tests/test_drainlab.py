import errno
import glob
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import drainlab
import pytest


def eventually(what, limit=10.0):
    until = time.monotonic() + limit
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.drainfs(umount_delay=2)
def test_slow_unmount_blocks_and_is_gone_from_the_table(drainfs):
    drainlab.assert_mounted(drainfs.dir)
    began = time.monotonic()
    took = []
    unmounter = threading.Thread(target=lambda: (drainfs.umount(), took.append(time.monotonic() - began)))
    unmounter.start()
    drainfs.wait_detached(10)
    drainfs.assert_gone_but_blocking()
    unmounter.join()
    assert took[0] >= 2
    drainfs.wait_dead(10)
    drainlab.assert_not_mounted(drainfs.dir)


@pytest.mark.parametrize("kind", ["fd", "cwd", "mmap", "child"])
def test_every_holder_makes_it_busy_until_released(drainfs, kind):
    with drainfs.hold_busy(kind) as pid:
        assert pid > 0
        with pytest.raises(OSError) as busy:
            drainfs.umount()
        assert busy.value.errno == errno.EBUSY
        drainlab.assert_mounted(drainfs.dir)
    drainfs.umount()


def test_detached_mount_dies_with_its_holder(drainfs):
    with drainfs.hold_busy("fd"):
        drainfs.detach()
        drainlab.assert_not_mounted(drainfs.dir)
        assert drainfs.state == "detached"
        assert [h["kind"] for h in drainfs.holders()] == ["fd"]
        with pytest.raises(drainlab.ApiError) as late:
            drainfs.call("GET", f"/mounts/{drainfs.name}/wait?state=dying&timeout_ms=1")
        assert late.value.code == "timed_out" and late.value.holders[0]["kind"] == "fd"
    drainfs.wait_dead(10)


def test_events_go_on_after_a_break(drainfs):
    mounted = next(e for e in drainfs.events() if e["event"] == "mounted")
    assert mounted["mount"] == drainfs.name
    drainfs.umount()
    later = []
    for event in drainfs.events(mounted["n"]):
        later.append(event["event"])
        if event["event"] == "dying":
            break
    assert "mounted" not in later and "detached" in later


def test_killed_daemon_leaves_an_orphan_that_close_removes(drainfs):
    drainfs.kill()
    with pytest.raises(AssertionError):
        drainlab.assert_no_orphan(drainfs.dir)
    drainfs.close()
    drainlab.assert_not_mounted(drainfs.dir)


def test_faults_fail_and_stop(drainfs):
    drainfs.fault(drainlab.Rule(op="create", errno="ENOSPC"))
    with pytest.raises(OSError) as full:
        open(os.path.join(drainfs.dir, "f"), "w").close()
    assert full.value.errno == errno.ENOSPC
    drainfs.fault()
    open(os.path.join(drainfs.dir, "f"), "w").close()


def test_torn_write_and_delay_say_what_was_observed(drainfs):
    path = os.path.join(drainfs.dir, "f")
    drainfs.fault(drainlab.Rule(torn_write=3), drainlab.Rule(op="open", delay=0.1))
    with open(path, "w") as f:
        f.write("123456")
    began = time.monotonic()
    with open(path) as f:
        assert f.read() == "123"
    assert time.monotonic() - began >= 0.1
    torn, slow = drainfs.faults()
    assert torn["observed"]["bytes_dropped"] == 3 and torn["as_asked"]
    assert slow["observed"]["delays"]["count"] >= 1 and slow["as_asked"]
    assert drainfs.release_faults() == 0


@pytest.mark.drainfs(lose_unsynced=True)
def test_a_power_cut_takes_what_nobody_synced(drainfs):
    path = os.path.join(drainfs.dir, "f")
    with open(path, "w") as f:
        f.write("synced")
        f.flush()
        os.fsync(f.fileno())
        f.write(" and not")
    assert drainfs.power_cut() == {"/f": 8}
    with open(path) as f:
        assert f.read() == "synced"


def test_killed_runner_leaves_nothing(tmp_path):
    code = ("import drainlab, os, signal, sys\nm = drainlab.Mount(sys.argv[1])\nwith m.hold_busy('cwd'):\n"
            "    os.kill(os.getpid(), signal.SIGKILL)\n")
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    eventually(lambda: not drainlab.mounted(str(tmp_path)), 20)

    eventually(lambda: not glob.glob(os.path.join(tempfile.gettempdir(), "drainlab-py-*")), 20)


def test_a_bad_option_is_an_error_that_names_it(drainfs_factory):
    with pytest.raises(drainlab.DrainctlError, match="--policy") as wrong:
        drainfs_factory(policy="nonsense")
    assert wrong.value.code == 2


def test_assertions_from_the_field_can_fail(tmp_path):
    precious = tmp_path / "precious"
    precious.touch()
    before = drainlab.Snapshot(str(tmp_path))
    before.assert_nothing_deleted()
    precious.unlink()
    with pytest.raises(AssertionError, match="precious"):
        before.assert_nothing_deleted()
    with pytest.raises(AssertionError):
        drainlab.assert_mounted(str(tmp_path))
    children = []
    with pytest.raises(AssertionError, match="5 attempts"):
        drainlab.assert_no_growth(5, lambda: children.append(subprocess.Popen(["sleep", "60"])))
    for child in children:
        child.kill()
        child.wait()
    drainlab.assert_no_growth(5, lambda: None)
    drainlab.assert_nobody_in_d(os.getpid())
