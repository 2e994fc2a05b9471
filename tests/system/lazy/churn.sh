#!/usr/bin/env bash
# churn: a few seconds of it, with kills of the daemon, and nothing may be left.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/../cli/lib.sh"
[ "$(id -u)" = 0 ] || { echo "churn needs root"; exit 77; }

expect 0 churn --mounts 4 --for 3s --seed 7 --json "$here/json"
out=$(cat "$here/json")
same "$(value 'j["schema"], j["complete"], j["violations"]')" "drainlab.churn/1 True []"
same "$(value 'sorted(set(j["left"].values()))')" "[0]"
same "$(value 'all(j["actions"][a]["cycles"] > 0 for a in ("umount", "lazy", "force"))')" True
same "$(value 'j["actions"]["umount"]["busy"] == j["actions"]["umount"]["held"]')" True
same "$(value 'j["bytes_verified"] > 0')" True
same "$(value 'all(sum(n for _, n in a["histogram_ns"]["buckets"]) == a["cycles"] - (j["names_taken"] if k == "force" else 0) for k, a in j["actions"].items())')" True
same "$(value 'j["compared"]["mounts"], j["compared"]["violations"]')" "tmpfs []"

expect 0 churn --mounts 4 --for 6s --kill-daemon 1500ms --no-compare --json "$here/json"
out=$(cat "$here/json")
same "$(value 'j["daemon_kills"] > 1')" True
same "$(value 'j["compared"], sorted(set(j["left"].values()))')" "None [0]"

expect 0 churn --cycles 50 --mix lazy=1 --no-compare --json "$here/json"
out=$(cat "$here/json")
same "$(value 'j["cycles"], j["actions"]["umount"]["cycles"]')" "50 0"

# Nothing but umount -f: the names that drainfs takes away are its own, never the next mount's.
expect 0 churn --mounts 8 --for 3s --mix force=1,umount=1 --no-compare

# A stranger who holds one of its mounts makes it a violation that names him.
"$drainctl" churn --mounts 1 --for 4s --mix umount=1 --no-compare > "$here/out" &
pid=$!
soon '[ -n "$(find "$XDG_RUNTIME_DIR/drainlab" -path "*/drainfs0/m")" ]'
dir=$(find "$XDG_RUNTIME_DIR/drainlab" -path "*/drainfs0/m" | head -n 1)
(while cd / && [ -d "$dir" ]; do cd "$dir" 2> /dev/null && ls f[0-9]* > /dev/null 2>&1 && exec sleep 6; done) &
stranger=$!
wait $pid
same $? 1
end $stranger 2> /dev/null
out=$(tr -s '\n ' '  ' <"$here/out") # lines end where the terminal does
says "Device or resource busy (mountinfo: "
says "(sleep): working directory: $dir"

# Interrupted: what was made goes, the code says so.
for signal in INT TERM HUP; do # a shell's background job ignores SIGINT, and so would drainctl
    env --default-signal=$signal "$drainctl" churn --mounts 2 --for 60s --no-compare > /dev/null &
    pid=$!
    soon 'grep -q "$XDG_RUNTIME_DIR.* fuse.drainfs " /proc/self/mountinfo'
    kill -$signal $pid
    wait $pid
    same $? 130
    ! grep -q "$XDG_RUNTIME_DIR" /proc/self/mountinfo || fail "SIG$signal: a mount is left"
done
# Killed: the sweeper and the lifelines clean up.
"$drainctl" churn --mounts 2 --for 60s --no-compare > /dev/null &
pid=$!
sleep 1
kill -KILL $pid
wait $pid 2> /dev/null
soon '! grep -q "$XDG_RUNTIME_DIR" /proc/self/mountinfo'
soon '[ -z "$(find "$XDG_RUNTIME_DIR/drainlab" -mindepth 1 -name "churn-*")" ]'

expect 2 churn --mix umount=x
says "--mix umount=x"
expect 2 churn --mix umount=0
expect 2 churn --for 1s --cycles 5
