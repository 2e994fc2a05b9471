#!/usr/bin/env python3
"""A volume driver that does it right: right.py stage VOL S | publish VOL S D | unpublish VOL D | unstage VOL S | put VOL S FILE | status VOL S

Its records are in $DRIVER_STATE, one file a volume, with the device number of what it mounted. $DRIVER_MOUNT VOL S attaches the device,
$DRIVER_RELEASED VOL says (exit 0) that nobody in the kernel uses it any more. Exit 0 done, 1 not done (it can be tried again), 75 not yet.
"""
import fcntl
import json
import os
import shutil
import subprocess
import sys

DEADLINE = 1.0
state = os.environ["DRIVER_STATE"]


def mounts():
    """(mount id, device, mount point), the topmost on a point last; without asking any mount."""
    with open("/proc/self/mountinfo") as lines:
        return [(int(f[0]), f[2], f[4]) for f in (line.split() for line in lines)]


def on_top(directory):
    here = [m for m in mounts() if m[2] == directory]
    return here[-1] if here else None


def record(vol):
    try:
        with open(os.path.join(state, vol)) as f:
            return json.load(f)
    except FileNotFoundError:
        return None


def remember(vol, what):
    new = os.path.join(state, vol + ".new")
    with open(new, "w") as f:
        json.dump(what, f)
    os.replace(new, os.path.join(state, vol))


def locked(vol):
    """One call at a time for a volume, and only for that volume; the second one is told so at once."""
    lock = open(os.path.join(state, vol + ".lock"), "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("%s: another call is under way" % vol)
    return lock


def unmount(directory, lock):
    """True: done. The child that waits in the kernel keeps the volume's lock: nobody starts a second one."""
    child = subprocess.Popen(["umount", directory], stdout=subprocess.DEVNULL, pass_fds=[lock.fileno()])
    try:
        return child.wait(DEADLINE) == 0
    except subprocess.TimeoutExpired:
        return None


def released(vol):
    return subprocess.run([os.environ["DRIVER_RELEASED"], vol], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def stage(vol, directory):
    lock, top, known = locked(vol), on_top(directory), record(vol)
    if top and (known is None or known["dev"] == top[1]) and is_ours(vol, directory):
        remember(vol, {"dev": top[1], "published": (known or {}).get("published", [])})  # a restart: adopted
        return 0
    if top:
        sys.exit("%s: something else is mounted there" % directory)
    subprocess.run([os.environ["DRIVER_MOUNT"], vol, directory], check=True, stdout=subprocess.DEVNULL)
    remember(vol, {"dev": on_top(directory)[1], "published": []})
    lock.close()
    return 0


def is_ours(vol, directory):
    with open("/proc/self/mountinfo") as lines:
        fields = [line.split() for line in lines]
    return any(f[4] == directory and f[f.index("-") + 2] == vol for f in fields)


def publish(vol, staged, directory):
    with locked(vol):
        known, top = record(vol), on_top(directory)
        if not known or not on_top(staged):
            sys.exit("%s is not staged" % vol)
        if not (top and top[1] == known["dev"]):
            subprocess.run(["mount", "--bind", staged, directory], check=True)
        remember(vol, dict(known, published=sorted(set(known["published"]) | {directory})))
    return 0


def unpublish(vol, directory):
    with locked(vol) as lock:
        known, top = record(vol), on_top(directory)
        if not known or directory not in known["published"]:
            return 0  # done already; what is there now is somebody else's
        if top and top[1] == known["dev"] and not unmount(directory, lock):
            return 1
        remember(vol, dict(known, published=[d for d in known["published"] if d != directory]))
    return 0


def unstage(vol, directory):
    lock, known, top = locked(vol), record(vol), on_top(directory)
    if not known:
        return 0
    if known["published"]:
        sys.exit("%s is still published on %s" % (vol, ", ".join(known["published"])))
    if top and top[1] != known["dev"]:
        if any(m[2] == directory and m[1] == known["dev"] for m in mounts()):
            sys.exit("%s: somebody has mounted something over it" % directory)
    elif top:
        done = unmount(directory, lock)
        if not done:
            sys.exit(75 if done is None else 1)
    if not released(vol):  # gone from the table is not gone from the kernel
        sys.exit(75)
    os.remove(os.path.join(state, vol))
    return 0


def put(vol, staged, file):
    """Moves a file onto the volume: the only copy goes when the other one is safe."""
    with locked(vol):
        target = os.path.join(staged, os.path.basename(file))
        try:
            with open(file, "rb") as source, open(target, "wb") as copy:
                shutil.copyfileobj(source, copy)
                copy.flush()
                os.fsync(copy.fileno())
        except OSError as error:
            sys.exit("%s: %s; %s stays" % (target, error.strerror, file))
        os.remove(file)
    return 0


def status(vol, staged):
    with open("/proc/self/mountinfo") as lines:
        here = [f for f in (line.split() for line in lines) if f[4] == staged]
    read_only = here and ("ro" in here[-1][5].split(",") or "ro" in here[-1][-1].split(","))
    print("none" if not here else "ro" if read_only else "rw")
    return 0


if __name__ == "__main__":
    os.makedirs(state, exist_ok=True)
    sys.exit(globals()[sys.argv[1]](*sys.argv[2:]))
