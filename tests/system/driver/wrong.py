#!/usr/bin/env python3
"""A volume driver that makes every mistake of docs/testing-your-driver.md, one for each situation. The same words as right.py."""
import fcntl
import os
import shutil
import subprocess
import sys

state = os.environ["DRIVER_STATE"]


def one_at_a_time():  # of all volumes: a slow one holds up every other
    lock = open(os.path.join(state, "lock"), "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def stage(vol, directory):
    with one_at_a_time():
        open(os.path.join(state, vol), "w").close()
        if not os.path.exists(os.path.join(state, vol + ".mounted")):  # what is there after a restart it does not look at
            subprocess.run(["umount", "-l", directory], stderr=subprocess.DEVNULL)
            subprocess.run([os.environ["DRIVER_MOUNT"], vol, directory], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        open(os.path.join(state, vol + ".mounted"), "w").close()
    return 0


def publish(vol, staged, directory):
    with one_at_a_time():
        subprocess.run(["mount", "--bind", staged, directory])
    return 0


def unpublish(vol, directory):
    with one_at_a_time():
        return subprocess.run(["umount", directory], stderr=subprocess.DEVNULL).returncode  # whoever's it is; twice is an error


def unstage(vol, directory):
    with one_at_a_time():
        try:
            names = os.listdir(directory)  # asks a mount whose daemon may be dead
        except OSError:
            return 1
        subprocess.run(["umount", directory], stderr=subprocess.DEVNULL)  # and does not look at how it went
        for name in names:
            path = os.path.join(directory, name)
            if os.path.isfile(path):
                os.remove(path)  # "the mount point's own": not if it is still mounted
        for end in ("", ".mounted"):
            if os.path.exists(os.path.join(state, vol + end)):
                os.remove(os.path.join(state, vol + end))
    return 0


def put(vol, staged, file):
    target = os.path.join(staged, os.path.basename(file))
    try:
        shutil.copyfile(file, target)
    except OSError:
        pass
    os.remove(file)
    return 0


def status(vol, staged):
    print("rw")
    return 0


if __name__ == "__main__":
    os.makedirs(state, exist_ok=True)
    sys.exit(globals()[sys.argv[1]](*sys.argv[2:]))
