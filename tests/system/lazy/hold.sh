#!/usr/bin/env bash
# hold: every kind, verified by it and by umount itself.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/../cli/lib.sh"
trap 'kill $(jobs -p) 2> /dev/null; tidy_up' EXIT
d=$(new_dir a)
expect 0 mount "$d" --linger 60s

for kind in fd cwd root mmap child nested pinned-inode unix-socket loop io-uring fork-race; do
    pid=$("$drainctl" hold "$d" --by $kind --for 60s --detach 2> "$here/said")
    code=$?
    # These need more of the machine than the rest: a device, a system call.
    case $kind in loop | io-uring) [ $code != 4 ] || { cat "$here/said" && continue; } ;; esac
    [ $code = 0 ] || fail "hold --by $kind: $(cat "$here/said")"
    alive "$pid" || fail "--by $kind: no process $pid"
    umount "$d" 2> /dev/null && fail "--by $kind: umount was not busy"
    kill "$pid"
    soon '! "$drainctl" umount "$d" --json 2>/dev/null | grep -q busy'
    expect 0 mount "$d"
done

# These do not block; the superblock lives on, and dies when they let go.
for kind in namespace bind overlay; do
    "$drainctl" hold "$d" --by $kind --for 60s --json > "$here/json" &
    holder=$!
    soon '[ -s "$here/json" ]'
    out=$(cat "$here/json")
    case $out in *error*) [ $kind = overlay ] && says "overlay" && continue ;; esac
    same "$(value 'j["blocks_umount"], j["keeps_superblock"]')" "False True"
    umount "$d" || fail "--by $kind: umount was busy"
    expect 0 status --json
    same "$(value '[m["state"] for m in j["mounts"] if m["state"] not in ("gone", "dead")]')" "['detached']" "$kind"
    end $holder
    soon '"$drainctl" status --json | python3 -c "import json, sys; sys.exit(any(m[\"state\"] == \"detached\" for m in json.load(sys.stdin)[\"mounts\"]))"'
    expect 0 mount "$d"
done

# What is inherited is let go of by the exec, and nothing of any kind is left in the mount.
"$drainctl" hold "$d" --by fork-race --for 0.3s > /dev/null 2>&1 || fail "--by fork-race"
umount "$d" || fail "still held"
expect 0 mount "$d"
[ -z "$(ls -A "$d")" ] || fail "left in the mount: $(ls -A "$d")"

# A switch in flight, as the daemon says.
"$drainctl" hold "$d" --by switch --for 60s > "$here/held" 2>/dev/null &
holder=$!
soon '[ "$(cat "$here/held")" = held ]'
end $holder
soon '"$drainctl" umount "$d" > /dev/null 2>&1'

# A daemon that is stopped while somebody holds a mount leaves nothing of itself beside its log.
expect 0 mount "$d"
"$drainctl" hold "$d" --by cwd --for 60s > "$here/held" 2>/dev/null &
holder=$!
soon '[ "$(cat "$here/held")" = held ]'
expect 16 stop
[ -z "$(find "$XDG_RUNTIME_DIR/drainlab" -name '*.state' -o -name '*.sock')" ] || fail "left: $(ls "$XDG_RUNTIME_DIR/drainlab")"
end $holder

# Any filesystem, and what is refused.
expect 2 hold "$d" --by fd --for 1s
says "not a mount point"
expect 2 hold "$d" --by fdd --for 1s
says "fd"
expect 2 hold "$d" --by fd
says "--for"
expect 2 hold "$d" --by cwd --for 1s --clear
says "--by drain only"
mount -t tmpfs none "$d" || exit 0
out=$("$drainctl" hold "$d" --by cwd --for 0.2s 2>/dev/null)
same "$out" held
umount "$d" || fail "still held"
[ -z "$(find "$XDG_RUNTIME_DIR/drainlab" -name 'hold-*')" ] || fail "a scratch directory stays"
