#!/usr/bin/env bash
# Smaller promises of the command line, one by one.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/../cli/lib.sh"
a=$(new_dir a) b=$(new_dir b)

# Two mounts at once on none: one daemon.
"$drainctl" mount "$a" --json >"$here/1" & first=$!
"$drainctl" mount "$b" --json >"$here/2" & second=$!
wait $first || fail "the first of two mounts at once"
wait $second || fail "the second of two mounts at once"
pid=$(python3 -c 'import json,sys; print(len({json.load(open(f))["pid"] for f in sys.argv[1:]}), json.load(open(sys.argv[1]))["pid"])' "$here/1" "$here/2")
same "${pid% *}" 1 "daemons"
pid=${pid#* }

# It ends within 1 s of its last mount's death.
expect 0 umount "$a"
expect 0 umount "$b"
began=$(now_ms)
while alive "$pid"; do sleep 0.02; done
[ $(($(now_ms) - began)) -lt 2000 ] || fail "the daemon lived for $(($(now_ms) - began)) ms without a mount"
same "$(ls "$XDG_RUNTIME_DIR/drainlab" | grep -vc '\.log$')" 0 "sockets and records left"

# $(drainctl mount D) returns at once: the daemon keeps no descriptor of ours.
began=$(now_ms)
out=$("$drainctl" mount "$a" --linger 20s)
[ $(($(now_ms) - began)) -lt 5000 ] || fail "the substitution took $(($(now_ms) - began)) ms"

# Every option by the environment.
DRAINLAB_NAME=from-env DRAINLAB_POLICY=rmbarrier DRAINLAB_UMOUNT_DELAY=300ms DRAINLAB_PAGE_CACHE=keep DRAINLAB_JSON=1 expect 0 mount "$b"
same "$(value 'j["name"], j["policy"]')" "from-env rmbarrier"
began=$(now_ms)
umount "$b" || fail "umount $b"
[ $(($(now_ms) - began)) -ge 300 ] || fail "DRAINLAB_UMOUNT_DELAY had no effect"
DRAINLAB_POLICY=nope expect 2 mount "$b"
says nope

# A companion process.
sleep 1000 & companion=$!
expect 0 mount "$b" --with-pid $companion
end $companion
soon '[ "$(ours "$b")" = 0 ]'
expect 2 mount "$b" --with-pid 4194303
says "no such process"

# A hold for every drain outlives the mount, until it is cleared.
expect 0 mount "$b"
expect 0 hold "$b" --by drain --for 300ms --every
for round in 1 2; do
    began=$(now_ms)
    umount "$b" || fail "umount $b"
    [ $(($(now_ms) - began)) -ge 300 ] || fail "unmount $round did not take the 300 ms"
    expect 0 mount "$b"
done
expect 0 hold "$b" --by drain --clear
expect 0 umount "$b" --json
[ "$(value 'int(j["phases_ms"]["drained"] - j["phases_ms"]["drain_begins"])')" -lt 300 ] || fail "the hold was not taken back"

# Busy, timed out, dead: the same document.
keys="['dir', 'holders', 'phase', 'phases_ms', 'result', 'schema', 'unseen']"
expect 0 mount "$b" --umount-delay 1s
exec 9>"$b/file"
expect 16 umount "$b" --json
same "$(value 'sorted(set(j) - {"error"})')" "$keys"
same "$(value 'j["result"], j["holders"][0]["kind"]')" "busy fd"
(sleep 0.3) & exec 9>&-
expect 124 umount "$b" --retry 3s --timeout 800ms --json
same "$(value 'sorted(set(j) - {"error"}), j["result"], j["phase"]')" "$keys timed_out drain_begins"
same "$(value 'j["phases_ms"]["drain_begins"] > 0, j["phases_ms"]["dead"]')" "True None"
soon '[ "$(ours "$b")" = 0 ]'

# What --force leaves when somebody held the mount: an error for him, no mount.
expect 0 mount "$b"
exec 9>"$b/file"
expect 16 umount "$b" --force
says "holds it"
soon '[ "$(ours "$b")" = 0 ]'
exec 9>&-
expect 0 mount "$b"
expect 0 umount "$b" --force
same "$(ours "$b")" 0

# No colour where none is wanted; an example in every help.
for command in mount umount detach hold status doctor clean stop list with bench sim race; do
    expect 0 "$command" --help
    says "Example:"
    says "drainctl $command"
done
out=$(NO_COLOR=1 script -qec "'$drainctl' doctor" /dev/null)
case $out in *$'\e['*) fail "colours in spite of NO_COLOR" ;; esac
expect 0 stop
expect 0 stop
