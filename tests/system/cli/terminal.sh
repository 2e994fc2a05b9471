#!/usr/bin/env bash
# Ctrl-C at a terminal, a hangup, a full disk: who gets a signal gets it once, nohup(1) is meant, and what was not written is no success.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"

# On a full output: exit 5, whatever the command. With --json - there is nothing else on it.
expect 0 mount "$(new_dir full)" --linger 30s
for words in "list" "list policies" "status" "status --json" "doctor" "doctor --json" "why $here/full" "why $here/full --json" "--help" "umount --help" \
    "--version" "race --world fsync --policy persb --json -" "sim --quick --samples 2 --policy persb --json -" "umount $here/full --json"; do
    # shellcheck disable=SC2086
    timeout 60 "$drainctl" $words >/dev/full 2>"$here/said"
    code=$?
    [ $code = 5 ] || fail "drainctl $words: exit $code on a full output: $(cat "$here/said")"
    [ -s "$here/said" ] || fail "drainctl $words: nothing is said of the full output"
done
same "$(ours "$here/full")" 0 "it was unmounted all the same"
expect 0 stop

# nohup: SIGHUP ignored stays ignored, by what runs long and by what it starts; without nohup it ends in order.
for words in "churn --mounts 2 --for 60s --no-compare" "sim --samples 4000 --policy all --scenario all" "race --world all --policy all --preemptions unbounded"; do
    # shellcheck disable=SC2086
    (trap '' HUP; exec "$drainctl" $words >"$here/out" 2>&1) &
    pid=$!
    for _ in 1 2 3; do
        sleep 0.2
        kill -HUP $pid
    done
    sleep 0.3
    alive $pid || fail "nohup drainctl $words: a hangup ended it: $(tail -5 "$here/out")"
    kill -TERM $pid
    wait $pid
    same $? 130 "drainctl $words, asked to end: $(tail -5 "$here/out")"
done
same "$(drainfs_here)" 0
"$drainctl" churn --mounts 2 --for 60s --no-compare >"$here/out" 2>&1 &
pid=$!
soon 'grep -q " $here/.* fuse.drainfs " /proc/self/mountinfo'
kill -HUP $pid
wait $pid
code=$?
same $code 130 "a hangup that is not ignored"
same "$(drainfs_here)" 0

# Ctrl-C at a terminal given to `with`: the command gets it once, `with` waits for it and cleans up.
cat >"$here/at_terminal.py" <<'PY'
import os, pty, select, sys, time

drainctl, here = sys.argv[1:]
command = f"""trap 'echo got >> {here}/got' INT; echo $DRAINLAB_DIR > {here}/where; : > {here}/ready
n=0; while [ ! -e {here}/enough ]; do sleep 0.05; done; exit 9"""
pid, terminal = pty.fork()
if pid == 0:
    os.execv(drainctl, [drainctl, "with", "--", "sh", "-c", command])

def until(what):
    end = time.time() + 30
    while not what():
        if time.time() > end:
            sys.exit("not within 30 s")
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                os.read(terminal, 4096)
            except OSError:
                return

def lines(name):
    try:
        return open(f"{here}/{name}").read().splitlines()
    except OSError:
        return []

until(lambda: os.path.exists(f"{here}/ready"))
os.write(terminal, b"\x03")
until(lambda: lines("got"))
time.sleep(0.3)  # a second one would be here by then
if lines("got") != ["got"]:
    sys.exit(f"the command got {len(lines('got'))} signals, not one")
if not any(f" {lines('where')[0]} " in line for line in open("/proc/self/mountinfo")):
    sys.exit("the mount went while the command still ran")
open(f"{here}/enough", "w").close()
ended = []
def over():
    got, status = os.waitpid(pid, os.WNOHANG)
    if got:
        ended.append(os.waitstatus_to_exitcode(status))
    return ended
until(over)
if not ended:
    ended.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
if ended != [9]:
    sys.exit(f"with ended with {ended[0]}, not with the command's 9")
if any(lines("where")[0] in line for line in open("/proc/self/mountinfo")):
    sys.exit("the mount is still there")
PY
timeout 90 python3 "$here/at_terminal.py" "$drainctl" "$here" || fail "Ctrl-C at a terminal"
same "$(ls "$XDG_RUNTIME_DIR/drainlab" 2>/dev/null | grep -c '^p-')" 0 "nothing is left of with"
exit 0
