#!/usr/bin/env bash
# Nobody stays: a daemon killed while its store is frozen frees all its clients at once, and one that does not answer is got rid of as doctor says.
[ "$(id -u)" = 0 ] || { echo "cannot run here: only root can freeze a file system"; exit 77; }
[ "${2:-}" = alone ] || exec unshare -m --propagation private bash "$0" "$1" alone # doctor shall see no other mounts
# shellcheck source=tests/system/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
umount -a -l -t fuse.drainfs 2>/dev/null # copies of what others have mounted
a=$(new_dir a) b=$(new_dir b) store=$(new_dir store)
ext4_on "$store" 48M
check() { "$drainctl" doctor --json | python3 -c 'import json,sys; print([c[sys.argv[1]] for c in json.load(sys.stdin)["checks"] if c["id"] == "connections"][0])' "$1"; }
over() { stat -f "$1" 2>&1 | grep -q "not connected\|connection abort"; }

# Killed in mid-write to a frozen store, with a second mount that has nothing to do with it.
expect 0 mount "$a" --store "$store" --json
pid=$(value 'j["pid"]')
expect 0 mount "$b"
echo old >"$b/file"
fsfreeze -f "$store"
dd if=/dev/zero of="$a/big" bs=1M count=4 conv=fsync 2>"$here/dd" &
writer=$!
touch "$a/new" 2>"$here/touch" &
toucher=$!
soon '"$drainctl" status --json | grep -q "\"store_calls\": \[{\|\"store_calls\":\[{\|\"call\""'
cat "$b/file" >/dev/null || fail "the other mount waits, too"
kill -KILL "$pid"
soon 'over "$a" && over "$b" && ! alive $writer && ! alive $toucher'
wait $writer && fail "a writer to a frozen store was told that all is well"
wait $toucher && fail "a file was made in a frozen store"
out=$(check detail)
says "the daemon is gone of"
says "$a"
out=$(check fix)
says "drainctl clean, or umount -l"
fsfreeze -u "$store"
soon '! alive "$pid"'
expect 0 clean
same "$(drainfs_here)" 0 "mounts"
umount "$store" || fail "the store is in use"
mount -o loop "$here/image" "$store"

# One that is stopped: doctor's own words free whoever waits for it.
expect 0 mount "$a" --json
pid=$(value 'j["pid"]')
kill -STOP "$pid"
stopped_daemon=$pid
ls "$a/nobody" 2>"$here/ls" &
waits=$!
out=$(check detail)
says "no answer within a second from $a"
out=$(check fix)
says "mount -t fusectl none /sys/fs/fuse/connections"
sh -c "$(printf '%s' "$out" | sed 's/.*this frees everybody: //')" || fail "its way out fails"
soon '! alive $waits && over "$a"'
kill -KILL "$pid"
soon '! alive "$pid"'
umount -l "$a"
expect 0 clean
exit 0
