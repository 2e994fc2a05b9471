#!/usr/bin/env bash
# Faults by operation: each is really put in, says what was observed, ends when asked, and nobody is left waiting.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034
. "$(dirname "$0")/lib.sh"
m=$(new_dir m)

add() { prints 0 fault "$m" add "$@" && name=$out; }
seen() { prints 0 fault "$m" list --name "$1" --json && value "j['faults'][0]['observed']['$2']"; }
as_asked() { prints 0 fault "$m" list --name "$1" --json && same "$(value "j['faults'][0]['as_asked']")" True "$1"; }
clear_all() { expect 0 fault "$m" clear; }
waits() { [ "$(seen "$1" held)" = 1 ]; }

expect 0 mount "$m"
echo hello >"$m/f"
stat "$m/f" >/dev/null # known to the kernel: and asked for again all the same

# A delay: of each operation that it is about, and of no other.
add --op getattr --delay 300ms
before=$(now_ms)
stat "$m/f" >/dev/null || fail "stat"
[ $(($(now_ms) - before)) -ge 300 ] || fail "stat was not slow"
[ "$(seen "$name" injected)" -ge 1 ] || fail "nothing was injected"
as_asked "$name"
clear_all

# An error: on the files that the glob names, so often as asked.
add --op write --path '*.log' --errno ENOSPC --after 1 --times 1
echo 1 >"$m/a.log" && echo 1 >"$m/b" || fail "the first one passes"
echo 2 >>"$m/a.log" && fail "the second one does not"
echo 3 >>"$m/a.log" || fail "the third one passes"
same "$(seen "$name" matched)/$(seen "$name" injected)/$(seen "$name" answered)" 3/1/1
as_asked "$name"
clear_all
same "$(tr '\n' ' ' <"$m/a.log")" "1 3 "

# The same seed strikes the same.
strikes() {
    add --op open --errno EIO --probability 0.5 --seed 7
    for _ in 1 2 3 4 5 6 7 8 9 10; do cat "$m/f" >/dev/null 2>&1 && printf 0 || printf 1; done
    clear_all
}
first=$(strikes)
same "$first" "$(strikes)" "one seed"
case $first in *0*1* | *1*0*) ;; *) fail "not by chance: $first" ;; esac

# A write of which only the beginning arrives; a write that fails and leaves its beginning.
add --torn-write 4
echo 123456789 >"$m/torn" || fail "the caller is told that all is written"
same "$(seen "$name" bytes_asked)/$(seen "$name" bytes_dropped)" 10/6
as_asked "$name"
clear_all
same "$(cat "$m/torn")" 1234
add --torn-write 0 --path /none
add --torn-write 3 --errno EIO
echo 123456789 >"$m/torn" && fail "the caller is told"
clear_all
same "$(cat "$m/torn")" 123

# An fsync that is none: slow write-back is not waited for.
add --drop-fsync
add --op fsync --errno EIO
sync "$m/f" || fail "the first rule decides"
prints 0 fault "$m" list
says "drop_fsync"
clear_all

# Hanging: until released, until a signal, until its limit.
add --op open --hang --limit 30s --name stuck
cat "$m/f" >"$here/read" &
reader=$!
soon waits stuck
expect 0 fault "$m" release
wait $reader || fail "the reader was not let go"
same "$(cat "$here/read")" hello
timeout -s INT 1 cat "$m/f" 2>/dev/null
same "$(seen stuck interrupted)" 1
timeout -s KILL 1 cat "$m/f" 2>/dev/null
soon '[ "$(seen stuck interrupted)" = 2 ]'
as_asked stuck
clear_all
add --op open --hang --limit 300ms
cat "$m/f" >/dev/null || fail "beyond its limit"
same "$(seen "$name" limit_reached)" 1
as_asked "$name"
clear_all

# Only of one process, only of one cgroup.
add --op open --errno EIO --pid $$
read -r line <"$m/f" && fail "this shell's"
cat "$m/f" >/dev/null || fail "not another one's"
clear_all
add --op open --errno EIO --cgroup /drainlab-no-such
cat "$m/f" >/dev/null || fail "not of another cgroup"
clear_all
own=$(sed -n 's/^0:://p' /proc/self/cgroup)
if [ -n "$own" ]; then
    add --op open --errno EIO --cgroup "/sys/fs/cgroup$own"
    cat "$m/f" >/dev/null 2>&1 && fail "of its own cgroup"
    clear_all
fi

# RELEASE may hang: close(2) has returned, and an unmount ends the wait.
add --op release --hang --name late
cat "$m/f" >/dev/null || fail "close"
soon waits late
expect 0 umount "$m" --timeout 20s
expect 0 wait "$m" --state dead

# With a name that hangs, and one in the middle of it: force always works, and nobody stays in D state.
expect 0 mount "$m" --fault op=lookup,hang=60s,name=stuck --fault op=statfs,hang --linger 0
cat "$m/g" 2>/dev/null &
reader=$!
df "$m" >/dev/null 2>&1 &
second=$!
soon waits stuck
before=$(now_ms)
timeout 60 "$drainctl" umount "$m" --force >"$here/out" 2>&1
wait $reader
wait $second
soon '[ "$(ours "$m")" = 0 ]'
[ $(($(now_ms) - before)) -lt 20000 ] || fail "force took $(($(now_ms) - before)) ms"
expect 0 stop

# The gate's own STATFS is never touched: a slow unmount waits, with faults on everything.
expect 0 mount "$m" --umount-delay 500ms --fault delay=10ms --fault op=statfs,errno=EIO
before=$(now_ms)
umount "$m" || fail "umount with faults"
[ $(($(now_ms) - before)) -ge 500 ] || fail "the unmount did not wait"

# with, and mount(8)'s word.
expect 0 with --fault op=write,errno=EDQUOT,times=1 -- sh -c '! echo x >"$DRAINLAB_DIR/f" && echo x >"$DRAINLAB_DIR/f"'

# What is wrong is named.
expect 2 with --fault op=wrte,errno=EIO -- true
says "op"
expect 2 with --fault errno=ENOSYS -- true
says "ENOSYS"
expect 2 with --fault op=write,dely=3s -- true
says "did you mean delay"
expect 2 with --fault op=read,drop_fsync -- true
says "drop_fsync"
expect 2 with --fault delay=61s -- true
says "60000000"
expect 0 mount "$m"
expect 2 fault "$m" add
says "--hang"
expect 2 fault "$m" add --op release --errno EIO
says "flush"
expect 2 fault "$m" release --name none
says "there is none"
expect 2 fault "$m" list --op read
says "--name"
add --delay 1ms --name twice
expect 2 fault "$m" add --delay 1ms --name twice
says "twice"
exit 0
