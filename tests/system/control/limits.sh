#!/usr/bin/env bash
# What the shell that starts a daemon has set must not end its mounts: limits, ignored and blocked signals, niceness, OOM score.
# shellcheck source=tests/system/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
dir=$(new_dir d) store=$(new_dir s)
pid_of() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["pid"])' "$here/mount"; }
status() { awk -v k="$1:" '$1 == k {print $2}' "/proc/$pid/status"; }

(
    ulimit -f 1024
    ulimit -t 3600
    trap '' CHLD USR1 XFSZ
    echo 500 >/proc/self/oom_score_adj
    umask 077
    exec nice -n 5 "$drainctl" mount "$dir" --store "$store" --json
) >"$here/mount" 2>"$here/said" || fail "mount: $(cat "$here/said")"
pid=$(pid_of)
if [ "$(id -u)" = 0 ] && grep -q 'Max file size *unlimited' "/proc/$pid/limits"; then
    grep -q 'Max cpu time *unlimited' "/proc/$pid/limits" || fail "a limit of CPU time is left"
    same "$(cat "/proc/$pid/oom_score_adj")" 0 "oom_score_adj"
    same "$(awk '{print $19}' "/proc/$pid/stat")" 0 "niceness"
    same "$(cat "$here/said")" "" "warnings"
    head -c 4M /dev/zero >"$dir/b" || fail "4 MiB could not be written"
    umount "$dir" || fail "umount"
    same "$(stat -c %s "$store/b")" 4194304 "bytes in the store"
else
    grep -q "files in a store end at 1048576 bytes" "$here/said" || fail "no warning: $(cat "$here/said")"
fi
same "$(status SigBlk)" 0000000000000000 "blocked"
# ignored: SIGPIPE (13) and SIGXFSZ (25), nothing else
same "$(status SigIgn)" "$(printf '%016x' $((1 << 12 | 1 << 24)))" "ignored"
expect 0 stop

# Where a limit cannot be lifted (no CAP_SYS_RESOURCE): the writer hears of it, the daemon lives, mount warns.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    rm -f "$store"/*
    (ulimit -f 1024 && exec setpriv --bounding-set -sys_resource --inh-caps -sys_resource "$drainctl" mount "$dir" --store "$store" --json) \
        >"$here/mount" 2>"$here/said" || fail "mount: $(cat "$here/said")"
    grep -q "files in a store end at 1048576 bytes" "$here/said" || fail "no warning: $(cat "$here/said")"
    pid=$(pid_of)
    head -c 4M /dev/zero >"$dir/b" 2>"$here/why" && fail "all of 4 MiB was acknowledged"
    grep -q "File too large" "$here/why" || fail "the writer was told: $(cat "$here/why")"
    alive "$pid" || fail "SIGXFSZ has ended the daemon"
    sync "$dir/b"
    same "$(stat -c %s "$dir/b") $(stat -c %s "$store/b")" "1048576 1048576" "bytes up to the limit"
    umount "$dir" || fail "umount"
    same "$(stat -c %s "$store/b")" 1048576 "bytes in the store after the unmount"
fi
exit 0
