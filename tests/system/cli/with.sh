#!/usr/bin/env bash
# `with`: the command's mount, code and signals; nothing stays.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"

expect 0 with --policy persb -- sh -c 'echo x > "$DRAINLAB_DIR/f" && cat "$DRAINLAB_DIR/f" && grep -c "$DRAINLAB_DIR .*fuse.drainfs" /proc/self/mountinfo'
same "$out" "x
1"
expect 7 with -- sh -c 'exit 7'
expect 127 with -- /nonexistent/command
expect 0 with -- sh -c "'$drainctl' status --json"
same "$(value 'j["running"]')" True
expect 124 with --timeout 300ms -- sleep 100

before=$(now_ms)
expect 0 with --umount-delay 600ms -- true
[ $(($(now_ms) - before)) -ge 600 ] || fail "--umount-delay was not waited for"

# What the command leaves behind does not keep us.
expect 0 with -- sh -c 'sleep 1000 > "$DRAINLAB_DIR/f" 2>/dev/null & echo $! > '"$here/left"'; while [ ! -e "$DRAINLAB_DIR/f" ]; do sleep 0.01; done'
says "detached lazily; still held by"
kill "$(cat "$here/left")"

# --socket: others look at it there meanwhile. What it runs is told of it, and starts private daemons of its own all the same.
expect 0 with --socket "$here/own.sock" -- sh -c "'$drainctl' status --socket '$here/own.sock' --json"
same "$(value 'len(j["mounts"])')" 1
same "$(value 'j["socket"]')" "$here/own.sock"
same "$(ls "$here"/own.* 2>/dev/null)" "" "nothing is left beside the socket"
expect 0 with --socket "$here/own.sock" -- "$drainctl" with -- sh -c 'case $DRAINLAB_SOCKET in */own.sock) exit 1 ;; esac'
expect 2 with --socket "$here/own.sock" -- "$drainctl" with --socket "$here/own.sock" -- true
says "a daemon is there already"
expect 2 with --socket "$here/no/own.sock" -- true

"$drainctl" with -- sh -c 'trap "exit 9" TERM; echo $$ > '"$here/pid"'; while :; do sleep 0.05; done' &
with=$!
soon '[ -s "$here/pid" ]'
kill -TERM $with
wait $with
same $? 9 "the code of a command that got our SIGTERM"

# Killed outright: the daemon notices, unmounts and ends.
"$drainctl" with -- sh -c 'echo $DRAINLAB_DIR > '"$here/dir"'; exec sleep 3' &
with=$!
soon '[ -s "$here/dir" ]'
kill -KILL $with
wait $with 2>/dev/null
soon '[ "$(ours "$(cat "$here/dir")")" = 0 ]'
soon '! pgrep -f "drainfs --socket $XDG_RUNTIME_DIR" >/dev/null'
soon '! compgen -G "$XDG_RUNTIME_DIR/drainlab/p-*" >/dev/null' # its directory goes as well, without `clean`
same "$(grep -c "$here" /proc/self/mountinfo)" 0 "no mount stays"
