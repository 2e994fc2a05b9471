#!/usr/bin/env bash
# Boots one cached kernel, takes 4 samples of an unmount under load, and looks at the result. Skipped where there is no QEMU that
# can, or no kernel in the cache.
set -euo pipefail
drainctl=$1
skip() { echo "skipped: $*"; exit 77; }

kernel=$("$drainctl" lab --list | awk '$1 ~ /^deb:/ { print $1; exit }')
[ -n "$kernel" ] || skip "no kernel in the cache (scripts/fetch-kernels)"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
rc=0
"$drainctl" lab --accel icount --kernel "$kernel" --scenario no_pressure,idle_cross_pressure --samples 4 --validate \
    --json "$out/lab.json" >"$out/text" 2>&1 </dev/null || rc=$?
cat "$out/text"
[ "$rc" -ne 4 ] || skip "$(tail -1 "$out/text")"
[ "$rc" -eq 0 ] || exit 1

jq -e '.schema == "drainlab.result/1" and .complete and .run.mode == "lab" and .run.accel == "icount" and (.cells | length) == 2
       and all(.cells[]; .samples == 4 and .policy_seen != null and (.policy_seen | startswith("unknown") | not)
                         and (.violations | length) == 0 and .drain.calls == 4)
       and (.cells[] | select(.scenario == "no_pressure") | .drain.waited == 0 and .umount_ms.p50 > 1 and .umount_ms.p50 < 10)
       and (.cells[] | select(.scenario == "idle_cross_pressure") | .switches.inodes > 0)' "$out/lab.json"
# Other commands take it as any result.
"$drainctl" report "$out/lab.json" >/dev/null
"$drainctl" merge "$out/lab.json" >/dev/null
