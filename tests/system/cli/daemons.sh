#!/usr/bin/env bash
# Two mounts at once start one daemon; stop ends it; sockets keep daemons apart.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
a=$(new_dir a) b=$(new_dir b) c=$(new_dir c)

"$drainctl" mount "$a" --json > "$here/a.json" &
"$drainctl" mount "$b" --json > "$here/b.json" &
wait
out=$(cat "$here/a.json"); pid_a=$(value 'j["pid"]')
out=$(cat "$here/b.json"); pid_b=$(value 'j["pid"]')
same "$pid_a" "$pid_b" "one daemon"
same "$(compgen -G "$XDG_RUNTIME_DIR/drainlab/*.lock")" "" "no lock file stays"

expect 0 mount "$c" --socket "$here/other.sock" --json
[ "$(value 'j["pid"]')" != "$pid_a" ] || fail "another socket is another daemon"
expect 5 umount "$c" --socket "$here/wrong.sock"
says "no daemon answers on $here/wrong.sock"
says "name its socket"
expect 2 umount "$c"
says "does not serve $c"
same "$(ours "$c")" 1 "nobody unmounted it"
expect 0 umount "$c" --socket "$here/other.sock"
same "$(ours "$c")" 0
expect 0 mount "$c" --socket "$here/other.sock"
expect 0 stop --socket "$here/other.sock"
same "$(ours "$c")" 0
same "$(ours "$a")" 1
[ ! -e "$here/other.sock" ] || fail "the socket is still there"

expect 0 stop
says "stopped"
same "$(ours "$a")$(ours "$b")" 00
! alive "$pid_a" || fail "stop returned before the daemon was gone"
expect 0 stop
says "no daemon was running"

# What the caller's environment says to a daemon reaches none that drainctl starts.
DRAINLAB_DETACH_EVENT=mountinfo DRAINLAB_DRAIN_LIMIT=nonsense DRAINLAB_VERBOSE=1 expect 0 mount "$a" --linger 5s
expect 0 status --json
log=$(value 'j["daemon"]["log"]')
! grep -q ' debug ' "$log" || fail "DRAINLAB_VERBOSE reached the daemon"
expect 0 stop

expect 0 mount "$a"
exec 9> "$a/file"
expect 16 stop
says "$a was held"
same "$(ours "$a")" 0
exec 9>&-
