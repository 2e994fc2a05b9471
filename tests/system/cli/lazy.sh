#!/usr/bin/env bash
# Lazy detaches: the name goes at once; --wait waits for the holders and names them.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
d=$(new_dir a)

expect 0 mount "$d"
sleep 1000 > "$d/file" &
holder=$!
soon '[ -e "$d/file" ]'
expect 0 detach "$d" --json
same "$(value 'j["result"]')" detached
same "$(value '[h["pid"] for h in j["holders"]]')" "[$holder]"
same "$(ours "$d")" 0
expect 0 status --json
same "$(value 'j["mounts"][0]["state"]')" detached
end $holder
soon '"$drainctl" status --json | grep -q "\"mounts\": \[\]\|\"running\": false"'

expect 0 mount "$d"
sleep 1.5 > "$d/file" &
soon '[ -e "$d/file" ]'
before=$(now_ms)
expect 0 umount "$d" --lazy --wait
[ $(($(now_ms) - before)) -ge 500 ] || fail "--wait did not wait"
says "still held by"
says "dead"

expect 0 mount "$d"
sleep 1000 > "$d/file" &
holder=$!
asleep $holder
expect 124 detach "$d" --wait --timeout 700ms
says "phase reached: detached"
says "held by pid $holder (sleep)"
end $holder

# A copy in another mount namespace does not make umount busy, but keeps the superblock.
expect 0 mount "$d"
unshare -m --propagation private sleep 1000 &
holder=$!
soon '[ "$(readlink /proc/$holder/ns/mnt)" != "$(readlink /proc/self/ns/mnt)" ]'
expect 124 umount "$d" --timeout 700ms
says "mount namespace"
end $holder
