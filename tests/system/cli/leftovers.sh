#!/usr/bin/env bash
# `clean` takes away what provably was the dead daemon's, and nothing else.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
d=$(new_dir d) e=$(new_dir e)
A=$here/A.sock B=$here/B.sock

# kill_daemon SOCKET: with SIGKILL
kill_daemon() {
    expect 0 status --json --socket "$1"
    pid=$(value 'j["daemon"]["pid"]')
    kill -KILL "$pid"
    soon '! alive "$pid"'
}
# The device number that the first had comes back with one of the next mounts: try some.
for _ in 1 2 3; do
    expect 0 mount "$d" --socket "$A"
    kill_daemon "$A"
    umount "$d" || fail "umount"
    expect 0 mount "$d" --socket "$B"
    echo mine > "$d/f"
    expect 0 clean --socket "$A"
    same "$(ours "$d")" 1 "the living daemon's mount stays"
    same "$(cat "$d/f")" mine
    expect 0 umount "$d" --socket "$B"
    expect 0 stop --socket "$B"
done

# Its parent was renamed: it is found where it is.
mkdir -p "$here/x/m"
expect 0 mount "$here/x/m" --socket "$A"
kill_daemon "$A"
mv "$here/x" "$here/y"
expect 0 clean --socket "$A" --json
same "$(value 'j["mounts"]')" "['$here/y/m']"
same "$(ours "$here/y/m")" 0

# Covered: the cover stays, so does the dead mount, and the record; afterwards it goes.
if [ "$(id -u)" = 0 ]; then
    expect 0 mount "$d" --socket "$A"
    kill_daemon "$A"
    mount -t tmpfs t "$d" || fail "tmpfs"
    expect 5 clean --socket "$A"
    says "lies beneath the tmpfs on $d"
    same "$(grep -c " $d " /proc/self/mountinfo)" 2
    umount "$d"
    expect 0 clean --socket "$A" --json
    same "$(value 'j["mounts"]')" "['$d']"

    # Another user's record in a directory of everybody's is not obeyed: neither its mount nor its gate.
    shared=$(new_dir shared)
    chmod 1777 "$shared"
    expect 0 mount "$e" --socket "$B"
    expect 0 status --json --socket "$B"
    gate=$(value 'j["daemon"]["gate_pid"]')
    printf '{"pid":1,"start_time":1,"pid_namespace":1,"boot_id":"","mount_namespace":%s,"gate_pid":%s,"gate":{"pid":%s,"start_time":%s,"pid_namespace":0,"boot_id":""},"mounts":[{"dir":"%s","dev":null,"name":"x"}]}' \
        "$(stat -Lc %i /proc/self/ns/mnt)" "$gate" "$gate" "$(sed 's/.*) //' "/proc/$gate/stat" | cut -d' ' -f20)" "$e" > "$shared/x.state"
    if chown 1234 "$shared/x.state" 2>/dev/null; then  # not in a user namespace of one user
        expect 5 clean --socket "$shared/x.sock"
        says "belongs to uid 1234"
    fi
    same "$(ours "$e")" 1
    alive "$gate" || fail "the gate was ended"
    # Our own words are no better without a device: they match nothing.
    chown 0 "$shared/x.state" 2>/dev/null
    chmod 600 "$shared/x.state"
    sed -i 's/"gate":{[^}]*}/"gate":null/' "$shared/x.state"
    expect 0 clean --socket "$shared/x.sock"
    same "$(ours "$e")" 1
    expect 0 stop --socket "$B"

    # A daemon in another pid namespace lives, though its number here does not.
    expect 0 mount "$d" --socket "$A"
    out=$(unshare -p --fork --mount-proc "$drainctl" clean --socket "$A") || fail "clean in a pid namespace"
    same "$(ours "$d")" 1
    echo alive > "$d/f" || fail "its connection is cut"
    expect 0 stop --socket "$A"
fi

# A living daemon that does not answer is alive.
expect 0 mount "$d" --socket "$A"
expect 0 status --json --socket "$A"
pid=$(value 'j["daemon"]["pid"]')
stopped_daemon=$pid
kill -STOP "$pid"
expect 0 clean --socket "$A" --all
same "$(ours "$d")" 1
kill -CONT "$pid"
expect 0 stop --socket "$A"
