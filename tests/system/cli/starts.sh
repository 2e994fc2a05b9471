#!/usr/bin/env bash
# Starts against a daemon that is about to leave: who loses that race starts a new one. DRAINLAB_STARTS says how many (40).
starts=${DRAINLAB_STARTS:-40}  # before lib.sh, which takes all such variables away
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"

# start_and_leave DIR: by umount(8) or ours, and then at once, or a moment later: the daemon leaves 1 ms after its last mount.
start_and_leave() {
    local d=$1 i
    for i in $(seq "$starts"); do
        "$drainctl" mount "$d" --linger 1ms >"$d.said" 2>&1 || { echo "start $i on $d: $(cat "$d.said")" | tee -a "$here/failed" >&2; continue; }
        case $((i % 4)) in
            0) umount "$d" 2>/dev/null || "$drainctl" umount "$d" >/dev/null ;;
            1) "$drainctl" umount "$d" >/dev/null ;;
            2) "$drainctl" umount "$d" >/dev/null; sleep 0.001 ;;
            3) "$drainctl" umount "$d" >/dev/null; sleep 0.00$((RANDOM % 9)) ;;
        esac
        [ "$(ours "$d")" = 0 ] || echo "start $i on $d: still mounted" >>"$here/failed"
    done
}
start_and_leave "$(new_dir alone)"
# Two at once, each the other's last mount.
starts=$((starts / 2))
start_and_leave "$(new_dir a)" &
start_and_leave "$(new_dir b)" &
wait
[ ! -e "$here/failed" ] || fail "$(wc -l <"$here/failed") starts failed: $(head -3 "$here/failed")"
expect 0 stop
