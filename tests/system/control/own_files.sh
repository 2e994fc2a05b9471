#!/usr/bin/env bash
# The file system of the daemon's own files (socket, record, log) is frozen: mounts, unmounts, the socket and the end go on.
# shellcheck source=tests/system/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
[ "$(id -u)" = 0 ] || { echo "cannot run here: only root can freeze a file system"; exit 77; }
drainfs=$(dirname "$drainctl")/drainfs
a=$(new_dir a) b=$(new_dir b) own=$(new_dir own)
ext4_on "$own" 48M
api() { curl -sS --max-time 20 --unix-socket "$own/d.sock" -X "$1" "http://d$2" ${3:+-d "$3"}; }

"$drainfs" --socket "$own/d.sock" --linger 0 --log "$own/log" 9>&- &
pid=$!
soon 'api GET /health >/dev/null 2>&1'
api POST /mounts "{\"dir\":\"$a\"}" | grep -q '"state":"live"' || fail "the first mount"
grep -q "$a" "$own/d.state" || fail "it is not on record when the mount is answered"
fsfreeze -f "$own"
began=$(now_ms)
api POST /mounts "{\"dir\":\"$b\"}" | grep -q '"state":"live"' || fail "a mount waits for the record"
api GET /mounts >/dev/null || fail "the socket is deaf"
echo x >"$a/x" && ls "$b" >/dev/null || fail "a mount does not answer"
umount "$a" || fail "umount: $?"
[ $(($(now_ms) - began)) -lt 5000 ] || fail "they waited for the frozen file system"
kill -TERM $pid
soon '[ "$(ours "$b")" = 0 ]'
fsfreeze -u "$own"
wait $pid || fail "exit code $?: $(cat "$own/log")"
grep -q "unmounting 1 mounts" "$own/log" || fail "the log has lost a line: $(cat "$own/log")"
grep -q "drainfs ends" "$own/log" || fail "the log has lost its end: $(cat "$own/log")"
[ ! -e "$own/d.sock" ] && [ ! -e "$own/d.state" ] || fail "left: $(ls "$own")"

# Killed while it is frozen: the mounts are over at once, the record tells what to remove.
"$drainfs" --socket "$own/d.sock" --linger 0 --log "$own/log" 9>&- &
pid=$!
soon 'api GET /health >/dev/null 2>&1'
api POST /mounts "{\"dir\":\"$a\"}" >/dev/null
fsfreeze -f "$own"
api POST /mounts "{\"dir\":\"$b\"}" >/dev/null # the scribe hangs now
kill -KILL $pid
soon 'for d in "$a" "$b"; do stat -f "$d" 2>&1 | grep -q "not connected" || false; done'
fsfreeze -u "$own"
soon '! alive $pid'
wait $pid 2>/dev/null
umount "$b"
out=$("$drainctl" clean --socket "$own/d.sock")
same "$(drainfs_here)" 0 mounts
exit 0
