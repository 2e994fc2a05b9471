#!/usr/bin/env bash
# Where the kernel limits the age of FUSE requests (fs.fuse.max_request_timeout): mount, doctor and bench say so, and a hold is replaced before its time.
[ "$(id -u)" = 0 ] || { echo "cannot run here: only root can put another file over the sysctl"; exit 77; }
[ "${2:-}" = alone ] || exec unshare -m --propagation private bash "$0" "$1" alone
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/../cli/lib.sh"
real=/proc/sys/fs/fuse/max_request_timeout
[ -e $real ] || { echo "cannot run here: this kernel has no $real"; exit 77; }
echo 3 >"$here/limit"
mount --bind "$here/limit" $real || { echo "cannot run here: no bind mount in /proc"; exit 77; }
dir=$(new_dir d)

expect 0 mount "$dir" --umount-delay 300ms
says "a FUSE connection whose request waits for 3 s"
expect 0 doctor
says "fs.fuse.max_request_timeout is 3"
socket=$("$drainctl" status --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["daemon"]["socket"])')
curl -sSN --unix-socket "$socket" http://d/events >"$here/events" &
reader=$!
soon '[ "$(grep -c gate_closed "$here/events")" -ge 3 ]' # each second a fresh one
out=$(cat "$here/events")
case $out in *gate_opened* | *gate_interrupted*) fail "a hold ended while it was renewed" ;; esac
same "$("$drainctl" status --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["mounts"][0]["umount_wait"])')" gate
kill $reader
began=$(now_ms)
umount "$dir" || fail "umount: $?"
[ $(($(now_ms) - began)) -ge 300 ] || fail "an unmount does not wait for its drain"
expect 0 bench --policy persb --scenario no_pressure --samples 1 --profile zero --no-save --json "$here/result.json"
grep -q "a FUSE connection whose request waits for 3 s" "$here/result.json" || fail "nothing in the result"
umount $real
exit 0
