#!/usr/bin/env bash
# The twelve situations of docs/testing-your-driver.md against a driver: checklist.sh DRAINCTL right|wrong
# right: has to pass every one; wrong: has to fail every one.
# shellcheck disable=SC2034,SC2317
set -u
drainctl=$(readlink -f "$1") kind=$2 here=$(dirname "$(readlink -f "$0")")
for name in ${!DRAINLAB_@}; do unset "$name"; done
"$drainctl" doctor --quiet || { echo "cannot run here: $("$drainctl" doctor | grep '^fail')"; exit 77; }
[ "$(id -u)" = 0 ] || { echo "cannot run here: umount(8) and bind mounts need root"; exit 77; }
[ -n "${CHECKLIST_INSIDE:-}" ] || exec env CHECKLIST_INSIDE=1 unshare -m --propagation private bash "$(readlink -f "$0")" "$drainctl" "$kind"

work=$(mktemp -d)
export XDG_RUNTIME_DIR=$work/run DRIVER_STATE=$work/state DRIVER_MOUNT=$work/attach DRIVER_RELEASED=$work/released
mkdir -m 0700 "$work/run"
S=$work/S D=$work/D S2=$work/S2
printf '#!/bin/sh\nmkdir -p "%s/store-$1"; exec "%s" mount "$2" --name "$1" --store "%s/store-$1" --linger 0 --profile zero ${DELAY:+--umount-delay $DELAY}\n' \
    "$work" "$drainctl" "$work" >"$work/attach"
printf '#!/bin/sh\nexec "%s" wait "name:$1" --state dead --timeout 10ms\n' "$drainctl" >"$work/released"
chmod +x "$work/attach" "$work/released"

driver() { timeout 15 python3 "$here/$kind.py" "$@" >"$work/said" 2>&1; }
mounted() { awk -v d="$1" '$5 == d {n++} END {exit !n}' /proc/self/mountinfo; }
mount_id() { # as the daemon counts them: the kernel uses its numbers again
    "$drainctl" status --json | python3 -c 'import json, sys; print([m["id"] for m in json.load(sys.stdin)["mounts"] if m["state"] == "live"])'
}
is_dead() { "$drainctl" wait "name:${1:-vol}" --state dead --timeout 10ms >/dev/null 2>&1; }
soon() { for _ in $(seq 200); do eval "$*" >/dev/null 2>&1 && return; sleep 0.05; done; echo "    not within 10 s: $*"; return 1; }
now_ms() { date +%s%3N; }
no() { echo "    $*"; return 1; }

# Everything as if nothing had ever been.
fresh() {
    local pid
    for pid in ${helpers:-}; do kill -KILL "$pid" 2>/dev/null; done
    helpers=
    "$drainctl" hold "$S" --by drain --clear >/dev/null 2>&1
    "$drainctl" stop --timeout 5s >/dev/null 2>&1
    "$drainctl" clean >/dev/null 2>&1
    for d in "$D" "$S" "$S" "$S2"; do umount -l "$d" 2>/dev/null; done
    rm -rf --one-file-system "$DRIVER_STATE" "$work"/store-* "$S" "$D" "$S2"
    mkdir -p "$S" "$D" "$S2"
    unset DELAY
}
tidy() { fresh; pkill -KILL -P $$ 2>/dev/null; rm -rf --one-file-system "$work"; }
trap tidy EXIT
hold() { holder=$("$drainctl" hold "$1" --by fd --for 1m --detach 2>/dev/null) && helpers="${helpers:-} $holder"; }
let_go() { kill "$holder"; soon '! kill -0 "$holder"'; }
staged() { driver stage vol "$S" && mounted "$S" && echo precious >"$S/precious" && sync "$S/precious"; }
nothing_lost() { sync "$S" 2>/dev/null; [ "$(cat "$work/store-vol/precious" 2>/dev/null)" = precious ] || no "what was on the volume is gone"; }

busy() {
    staged || return
    hold "$S"
    driver unstage vol "$S" && { no "a busy volume is unstaged"; return 1; }
    mounted "$S" || no "not mounted any more" || return
    nothing_lost || return
    let_go
    soon 'driver unstage vol "$S"' && ! mounted "$S"
}
slow() {
    DELAY=3s && export DELAY && staged || return
    driver unstage vol "$S" &
    local call=$! before
    soon '! mounted "$S"' || return
    before=$(now_ms)
    unset DELAY
    driver stage other "$S2" || no "another volume cannot be staged meanwhile" || return
    [ $(($(now_ms) - before)) -lt 2000 ] || no "another volume waits for the slow one" || return
    wait $call && { is_dead || no "a success before the volume is released"; return; }
    soon 'driver unstage vol "$S"' && is_dead
}
stuck() {
    staged || return
    "$drainctl" hold "$S" --by drain --for 40s >/dev/null || return
    local before
    before=$(now_ms)
    driver unstage vol "$S"
    driver unstage vol "$S"
    driver unstage vol "$S"
    [ $(($(now_ms) - before)) -lt 12000 ] || no "it has no deadline of its own" || return
    is_dead && { no "it was not stuck"; return 1; }
    [ "$(pgrep -f -c "umount $S\$")" -le 1 ] || no "an unmount for each try"
}
lazily_left() {
    staged || return
    hold "$S"
    umount -l "$S"
    driver unstage vol "$S" && { no "a success while the device is in use"; return 1; }
    let_go
    soon is_dead || return
    driver unstage vol "$S"
}
dead_daemon() {
    staged || return
    kill -KILL "$(pgrep -f "drainfs --socket $work/run" | head -n 1)"
    soon '! ls "$S"' || return
    soon 'driver unstage vol "$S"' || return
    mounted "$S" && { no "the dead mount is left"; return 1; }
    "$drainctl" clean >/dev/null 2>&1
    driver stage vol "$S" && mounted "$S"
}
covered() {
    staged || return
    mount -t tmpfs stranger "$S" && echo theirs >"$S/theirs"
    driver unstage vol "$S" && mounted "$S" && { no "a success, and something is mounted"; return 1; }
    [ "$(cat "$S/theirs" 2>/dev/null)" = theirs ] || no "the stranger's mount is gone" || return
    umount "$S"
    soon 'driver unstage vol "$S"' && ! mounted "$S"
}
propagated() {
    staged || return
    unshare -m --propagation private sleep 60 &
    helpers="${helpers:-} $!"
    sleep_ns=$!
    soon '[ "$(readlink /proc/$sleep_ns/ns/mnt)" != "$(readlink /proc/self/ns/mnt)" ]' || return
    driver unstage vol "$S" && { no "a success while a copy of the mount is alive"; return 1; }
    kill -KILL "$sleep_ns"
    soon is_dead || return
    driver unstage vol "$S"
}
bind_published() {
    staged && driver publish vol "$S" "$D" || return
    driver unstage vol "$S" && { no "unstaged while it is published"; return 1; }
    mounted "$S" && mounted "$D" || no "a mount is gone" || return
    driver unpublish vol "$D" && mounted "$S" && ! mounted "$D" && nothing_lost && driver unstage vol "$S" && ! mounted "$S"
}
wrong_order() {
    staged && driver publish vol "$S" "$D" && driver unpublish vol "$D" || return
    driver unpublish vol "$D" || no "the second unpublish is an error" || return
    mount -t tmpfs stranger "$D"
    driver unpublish vol "$D"
    mounted "$D" || no "a stranger's mount is gone" || return
    driver unstage vol "$S" && driver unstage vol "$S" && driver unpublish vol "$D"
}
no_space() {
    staged || return
    "$drainctl" fault "$S" add --op write --errno ENOSPC --path '*only*' >/dev/null || return
    echo only >"$work/only"
    driver put vol "$S" "$work/only" && { no "a failed write is a success"; return 1; }
    [ -e "$work/only" ] || no "the only copy is deleted" || return
    "$drainctl" fault "$S" clear >/dev/null && driver put vol "$S" "$work/only" && [ "$(cat "$S/only")" = only ]
}
read_only() {
    staged || return
    mount -o remount,ro "$S" 2>/dev/null || mount -o remount,bind,ro "$S" || return
    driver status vol "$S"
    [ "$(cat "$work/said")" = ro ] || no "it says $(cat "$work/said")" || return
    driver unstage vol "$S" && ! mounted "$S"
}
restarted() {
    staged || return
    local before
    before=$(mount_id)
    rm -rf "$DRIVER_STATE" # the host was restarted, or the driver was: its records are gone, its mounts are not
    driver stage vol "$S" && mounted "$S" && [ "$(mount_id)" = "$before" ] || no "not the mount that was there" || return
    driver unstage vol "$S" && ! mounted "$S"
}

bad=0
for situation in busy slow stuck lazily_left dead_daemon covered propagated bind_published wrong_order no_space read_only restarted; do
    fresh
    if "$situation"; then passed=right; else passed=wrong; fi
    echo "$situation: $passed"
    [ "$passed" = "$kind" ] || { bad=1; echo "FAILED: the $kind driver does $situation $passed: $(tail -n 2 "$work/said" 2>/dev/null)"; }
done
exit $bad
