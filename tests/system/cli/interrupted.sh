#!/usr/bin/env bash
# Clients that wait for a store that does not answer can be ended.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034
. "$(dirname "$0")/lib.sh"
skip() { echo "cannot run here: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip "a loop device needs root"
export DRAINLAB_SOCKET=$here/d.sock
[ -n "${STORES_INSIDE:-}" ] || exec env STORES_INSIDE=1 unshare -m --propagation private bash "$0" "$drainctl"
mkdir "$here"/{T,D}
ext4_on "$here/T" 32M

# A directory for each: the kernel locks the one in which something is being made.
D=$here/D
mkdir "$here"/T/{touch,ls,cp,rm,alarm,handler,dd}
for file in ls/a ls/b cp/there rm/other; do head -c 100000 /dev/urandom >"$here/T/$file"; done
expect 0 mount "$D" --store "$here/T" --name disk --linger 30s
exec 7>"$D/held"
echo more >&7

# A shell without job control starts what runs beside it with SIGINT ignored.
plain() { exec python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "$@"; }
runs() { alive "$1"; }
in_fuse() { grep -qs request_wait_answer "/proc/$1/stack" "/proc/$1/wchan"; }
begun() { "$drainctl" status | grep -q "waits for its store: create of new"; }

fsfreeze -f "$here/T"
plain touch "$D/touch/new" &
touch=$!
soon begun  # what comes now stands behind it
plain ls -l "$D/ls" >/dev/null 2>&1 &
ls=$!
plain cp "$D/cp/there" "$D/cp/copy" 2>/dev/null &
cp=$!
plain rm "$D/rm/other" 2>/dev/null &
rm=$!
plain dd if=/dev/zero of="$D/dd/synced" bs=4k count=2 oflag=sync 2>/dev/null &
dd=$!
python3 - "$D/alarm/made" <<'P' &
import os, signal, sys
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
os.mkdir(sys.argv[1])
signal.setitimer(signal.ITIMER_REAL, 0)
P
alarm=$!
python3 - "$D/handler/made" 2>"$here/handled" <<'P' &
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
os.mkdir(sys.argv[1])
P
handler=$!
for pid in $touch $ls $cp $rm $dd $alarm $handler; do soon "in_fuse $pid"; done

# SIGKILL and SIGINT end them while the store is as it was: those that stand behind, and the one whose call has begun.
kill -9 "$ls" "$cp" "$dd"
kill -INT "$rm" "$handler"
for pid in $ls $cp $dd $rm $handler; do soon "! runs $pid"; done
grep -q KeyboardInterrupt "$here/handled" || fail "the handler did not run: $(cat "$here/handled")"
kill -9 "$touch"
soon "! runs $touch"
begun || fail "the store has answered"
runs "$alarm" || fail "a timer's signal has ended a call on a file"
exec 7>&-  # its last close is kept back until the store answers
expect 0 status

# What had begun is done, what had not is not, and nothing is left of the rest.
fsfreeze -u "$here/T"
wait "$alarm" || fail "the one with a timer: exit $?"
[ -d "$D/alarm/made" ] || fail "mkdir was not done"
[ -e "$D/touch/new" ] || fail "the file whose making had begun is not there"
[ -e "$D/rm/other" ] || fail "rm was interrupted before it began, and the file is gone"
[ ! -e "$D/handler/made" ] || fail "mkdir was interrupted before it began, and the directory is there"
[ ! -e "$D/dd/synced" ] || fail "dd was ended before it began, and the file is there"
cmp "$D/cp/there" "$here/T/cp/there" || fail "other bytes"
umount "$D" || fail "umount"
same "$(cat "$here/T/held")" more
soon 'umount "$here/T" 2>/dev/null'
exit 0
