#!/usr/bin/env bash
# No drain keeps an unmounter for longer than the limit; a violation makes everybody exit 1. And no fanotify is needed.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/../cli/lib.sh"
a=$(new_dir a)

start() { # DRAINFS WORDS...: in the foreground of a background job, as $pid
    "$(dirname "$drainctl")/drainfs" --socket "$here/x.sock" --log "$here/run/x.log" "$@" &
    pid=$!
    soon '[ -S "$here/x.sock" ]'
}

start --drain-limit 1s
expect 0 mount "$a" --umount-delay 5s --socket "$here/x.sock"
began=$(now_ms)
umount "$a" || fail "umount: $?"
took=$(($(now_ms) - began))
[ $took -ge 1000 ] || fail "the unmount took only $took ms"
[ $took -lt 5000 ] || fail "the limit of 1 s did not open the gate: $took ms"
grep -q 'the drain is not over after 1 s' "$here/run/x.log" || fail "the log does not tell"
expect 0 status --json --socket "$here/x.sock"
same "$(value '[v["invariant"] for v in j["counters"]["violations"]]')" "['drain_limit']"
wait $pid
same $? 1 "exit code of a daemon that saw a violation"

# As long as the limit is not too long.
start --drain-limit 1s
expect 0 mount "$a" --umount-delay 1s --socket "$here/x.sock"
expect 0 umount "$a" --socket "$here/x.sock"
wait $pid
same $? 0

"$(dirname "$drainctl")/drainfs" --socket "$here/x.sock" --drain-limit 2m 2>/dev/null
same $? 2 "a limit above 60s"

# mountinfo tells of detached mounts where fanotify does not.
start --detach-event mountinfo
expect 0 mount "$a" --umount-delay 300ms --socket "$here/x.sock"
expect 0 status --socket "$here/x.sock"
says "detach event mountinfo"
began=$(now_ms)
umount "$a" || fail "umount: $?"
[ $(($(now_ms) - began)) -ge 300 ] || fail "the unmount did not wait"
expect 0 mount "$a" --umount-delay 300ms --socket "$here/x.sock"
exec 9>"$a/file"
began=$(now_ms)
umount -l "$a" || fail "umount -l: $?"
[ $(($(now_ms) - began)) -lt 300 ] || fail "a lazy detach of a held mount waited"
expect 0 status --json --socket "$here/x.sock"
same "$(value '[m["state"] for m in j["mounts"]]')" "['detached']"
exec 9>&-
wait $pid
same $? 0
