#!/usr/bin/env bash
# What a mount waits for beside the loop: a fusermount3 that does not end, a directory that is locked by somebody who waits. Other mounts and the
# socket go on meanwhile; the one who asked is told; nothing is left.
[ "$(id -u)" = 0 ] || { echo "cannot run here: only root can make a file system that does not answer"; exit 77; }
[ "${2:-}" = alone ] || exec unshare -m --propagation private bash "$0" "$1" alone # for a /dev/fuse of our own
# shellcheck source=tests/system/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
drainfs=$(dirname "$drainctl")/drainfs
api() { curl -sS --max-time 30 --unix-socket "$socket" -X "$1" "http://d$2" ${3:+-d "$3"}; }
goes_on() { # DIR: the mount on it, and the socket, while another one waits
    local began
    began=$(now_ms)
    api GET /health >/dev/null || fail "the socket is deaf"
    api GET /mounts >/dev/null || fail "the socket is deaf"
    ls "$1" >/dev/null || fail "another mount does not answer"
    [ $(($(now_ms) - began)) -lt 4000 ] || fail "they waited for the one that is stuck"
}
children() { cat /proc/"$pid"/task/*/children 2>/dev/null; }

# A directory whose lock is held: mkdir(2) below it waits for a FUSE daemon that has been told nothing.
dir=$(new_dir d) slow=$(new_dir slow) socket=$here/root.sock
"$drainfs" --socket "$socket" --linger 0 --log "$here/root.log" 9>&- &
pid=$!
soon 'api GET /health >/dev/null 2>&1'
api POST /mounts "{\"dir\":\"$dir\"}" | grep -q '"state":"live"' || fail "the first mount"
threads() { ls "/proc/$pid/task" | wc -l; }
before=$(threads)
python3 "$(dirname "$0")/stuck_fuse.py" "$slow" 2>"$here/stuck" &
stuck=$!
soon 'grep -q " $slow .* fuse.stuck " /proc/self/mountinfo || ! alive $stuck'
alive $stuck || { cat "$here/stuck" >&2; fail "no stuck file system could be made"; }
mkdir "$slow/locked" 2>/dev/null &
locker=$!
soon 'grep -q "request_wait_answer\|^0" /proc/$locker/wchan'
api POST /mounts "{\"dir\":\"$slow\"}" >"$here/answer" & asker=$!
for _ in 1 2 3; do goes_on "$dir"; done
wait $asker
grep -q "did not return within 8 s" "$here/answer" || fail "$(cat "$here/answer")"
goes_on "$dir"
# Once it is unlocked, the thread that waited takes away what nobody wants any more.
kill -KILL $stuck
wait $stuck $locker 2>/dev/null
soon '[ "$(ours "$slow")" = 0 ] && [ "$(threads)" -le "$before" ]'
umount -l "$slow"
goes_on "$dir"
kill -TERM $pid
wait $pid || fail "exit code $?: $(cat "$here/root.log")"

# The same with a daemon that is killed meanwhile: its mounts end at once.
python3 "$(dirname "$0")/stuck_fuse.py" "$slow" &
stuck=$!
soon 'grep -q " $slow .* fuse.stuck " /proc/self/mountinfo'
mkdir "$slow/locked" 2>/dev/null &
locker=$!
soon 'grep -q "request_wait_answer\|^0" /proc/$locker/wchan'
"$drainfs" --socket "$socket" --linger 0 --log "$here/root.log" 9>&- &
pid=$!
soon 'api GET /health >/dev/null 2>&1'
api POST /mounts "{\"dir\":\"$dir\"}" | grep -q '"state":"live"' || fail "the first mount"
api POST /mounts "{\"dir\":\"$slow\"}" >"$here/answer" 2>/dev/null & asker=$!
soon 'grep -qs "^lock_mount\|rwsem\|do_lock_mount\|move_mount" /proc/$pid/task/*/wchan || [ "$(cat "/proc/$pid"/task/*/stat | grep -c ") D ")" -gt 0 ]'
kill -KILL $pid
soon 'stat "$dir" 2>&1 | grep -q "not connected"'
kill -KILL $stuck
wait $stuck $locker $asker $pid 2>/dev/null
soon '! alive $pid'
while grep -q " $slow " /proc/self/mountinfo; do umount -l "$slow"; done # the killed daemon may have got there at last
umount "$dir" || fail "umount of the dead mount"

# A fusermount3 that never ends, for a daemon of an ordinary user.
command -v setpriv >/dev/null && command -v fusermount3 >/dev/null || exit 0
user="setpriv --reuid nobody --regid nogroup --clear-groups" # one that has a name: fusermount3 wants it
chmod 755 "$here"
mknod -m 666 "$here/fuse" c 10 229 && mount --bind "$here/fuse" /dev/fuse || { echo "no /dev/fuse for a user can be made here"; exit 77; }
mkdir -m 755 "$here/bin"
mkdir -m 700 "$here/u" "$here/u/a" "$here/u/b"
chown -R nobody:nogroup "$here/u"
real=$(command -v fusermount3)
cat >"$here/bin/fusermount3" <<SCRIPT
#!/bin/sh
if [ -e $here/hang ]; then
    echo "waiting for a server" >&2
    sleep 1000
fi
exec $real "\$@"
SCRIPT
chmod 755 "$here/bin/fusermount3"
socket=$here/u/user.sock
PATH=$here/bin:$PATH $user "$drainfs" --socket "$socket" --linger 0 --log "$here/u/log" 9>&- &
pid=$!
soon 'api GET /health >/dev/null 2>&1'
api POST /mounts "{\"dir\":\"$here/u/a\"}" >"$here/answer"
grep -q "\"state\":\"live\"" "$here/answer" || fail "a mount by fusermount3: $(cat "$here/answer")"
user_goes_on() {
    api GET /health >/dev/null && timeout 4 $user ls "$here/u/a" >/dev/null || fail "they waited for fusermount3"
}
touch "$here/hang"
api POST /mounts "{\"dir\":\"$here/u/b\"}" >"$here/answer" & asker=$!
soon '[ -n "$(children | tr " " "\n" | xargs -I{} cat /proc/{}/comm 2>/dev/null | grep fusermount3)" ]'
began=$(now_ms)
for _ in 1 2 3; do user_goes_on; done
wait $asker
[ $(($(now_ms) - began)) -lt 9000 ] || fail "it took $(($(now_ms) - began)) ms"
grep -q "fusermount3 did not end within 5 s, and was killed; it said: waiting for a server" "$here/answer" || fail "$(cat "$here/answer")"
grep -q '"code":"timed_out"' "$here/answer" || fail "$(cat "$here/answer")"
user_goes_on
[ -z "$(children | tr " " "\n" | xargs -I{} cat /proc/{}/comm 2>/dev/null | grep 'fusermount3\|sleep')" ] || fail "fusermount3 is left"
# An unmount by a fusermount3 that hangs is a failure of that unmount alone.
api POST /mounts/1/umount '{}' >"$here/answer" & asker=$!
for _ in 1 2; do user_goes_on; done
wait $asker
grep -q "Connection timed out" "$here/answer" || fail "$(cat "$here/answer")"
rm "$here/hang"
api POST /mounts "{\"dir\":\"$here/u/b\"}" | grep -q '"state":"live"' || fail "it does not mount any more"
kill -TERM $pid
wait $pid || fail "exit code $?: $(cat "$here/u/log")"
[ "$(drainfs_here)" = 0 ] || fail "a mount is left"
umount /dev/fuse
