#!/usr/bin/env bash
# Daemon and gate frozen together, as a paused container is: the freeze is over soon, nobody's unmount hangs meanwhile, and after the thaw the gate
# holds again. Where the daemon cannot let go when it is frozen, it says so.
# shellcheck source=tests/system/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
root=$(awk '/ - cgroup2 / {print $5; exit}' /proc/self/mountinfo)
group=$root/drainlab-freeze-$$
[ "$(id -u)" = 0 ] && [ -n "$root" ] && mkdir "$group" "$group/in" 2>/dev/null || { echo "cannot run here: no cgroup can be made"; exit 77; }
leave() {
    echo 0 >"$group/cgroup.freeze"
    tidy_up
    for _ in $(seq 100); do rmdir "$group/in" "$group" 2>/dev/null; [ -d "$group" ] || return 0; sleep 0.05; done
}
trap leave EXIT
a=$(new_dir a) b=$(new_dir b) c=$(new_dir c)
# A freeze that meets one of the gate's own looks in mid-flight hangs; who pauses thaws then, and tries again.
freeze() {
    for _ in 1 2 3 4 5; do
        echo 1 >"$group/cgroup.freeze"
        for _ in $(seq 60); do
            frozen 1 && return
            sleep 0.05
        done
        echo 0 >"$group/cgroup.freeze"
        settled
    done
    fail "it stays FREEZING"
}
b_alone=
settled() { # the gate holds; it lets go, and holds again, for the freeze and for the thaw
    for _ in 1 2 3 4 5; do soon '[ "$(state "$b")" = gate ] && { [ -n "$b_alone" ] || [ "$(state "$a")" = gate ]; }'; done
}
frozen() { grep -q "^frozen $1" "$group/cgroup.events"; }
state() { "$drainctl" status --json >"$here/status" && python3 -c 'import json,sys; print({m["dir"]: m["umount_wait"] for m in json.load(open(sys.argv[1]))["mounts"]}.get(sys.argv[2]))' "$here/status" "$1"; }

expect 0 mount "$a" --umount-delay 300ms --json
pid=$(value 'j["pid"]')
expect 0 mount "$b" --umount-delay 300ms
expect 0 mount "$c" --umount-delay 300ms
gate=$(cat "/proc/$pid/task/$pid/children" | tr -d ' ')
exec 8>"$c/held"
umount -l "$c" # detached and held: it is probed all the time

# moved there, and frozen by the cgroup above
inode=$(printf 'ino:%x ' "$(stat -c %i "$group/cgroup.freeze")")
echo "$pid" >"$group/in/cgroup.procs"
echo "$gate" >"$group/in/cgroup.procs"
soon 'cat /proc/$pid/fdinfo/* 2>/dev/null | grep -q "$inode" || "$drainctl" mount "$a" 2>&1 | grep -q FREEZING'
out=$(curl -sS --unix-socket "$("$drainctl" status --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["daemon"]["socket"])')" http://d/health)
case $out in *"stays FREEZING"*)
    echo "this kernel does not let a frozen daemon let go; it says so"
    exec 8>&-
    expect 0 stop
    exit 0 ;;
esac

for round in 1 2 3; do
    settled
    freeze
    if [ $round = 2 ]; then
        # by the system call: umount(8) asks the mount first, which is frozen
        timeout 10 python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).umount2(sys.argv[1].encode(), 0) != 0)' "$b" || fail "an unmount hangs while the daemon is frozen"
        [ "$(ours "$b")" = 0 ] || fail "$b is still there"
    fi
    echo 0 >"$group/cgroup.freeze"
    soon 'frozen 0'
    [ $round != 2 ] || expect 0 mount "$b" --umount-delay 300ms
done
settled
began=$(now_ms)
umount "$a" || fail "umount: $?"
[ $(($(now_ms) - began)) -ge 300 ] || fail "after the thaw an unmount does not wait"

b_alone=1
# Killed while it is frozen: everybody is free.
freeze
kill -KILL "$pid"
soon '! alive "$pid" && ! alive "$gate"'
stat "$b" >/dev/null 2>&1 && fail "a mount of the killed daemon answers"
exec 8>&-
echo 0 >"$group/cgroup.freeze"
expect 0 clean
same "$(drainfs_here)" 0
exit 0
