#!/usr/bin/env bash
# After kill -9 of the daemon: mounts are dead, and umount, clean or the next start remove them.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
a=$(new_dir a) b=$(new_dir b) bystander=$(new_dir c)

kill_daemon() {
    out=$("$drainctl" status --json)
    pid=$(value 'j["daemon"]["pid"]')
    kill -KILL "$pid"
    soon '! alive "$pid"'
    soon 'stat "$a" 2>&1 | grep -q "not connected"'
}

expect 0 mount "$bystander" --socket "$here/other.sock"
expect 0 mount "$a"
expect 0 mount "$b"
kill_daemon
expect 2 mount "$a"
says "a mount whose daemon is dead"
expect 0 umount "$a"
same "$(ours "$a")$(ours "$b")" 01
expect 0 clean --json
same "$(value 'j["mounts"]')" "['$b']"
same "$(ours "$b")" 0
same "$(ours "$bystander")" 1 "the living daemon's mount stays"
expect 0 clean
says "nothing to clean"

expect 0 mount "$a"
kill_daemon
expect 0 mount "$b"
same "$(ours "$a")$(ours "$b")" 01 "the next start cleans up"
expect 0 stop
expect 0 stop --socket "$here/other.sock"
