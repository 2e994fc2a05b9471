#!/usr/bin/env bash
# A mount is made, used and unmounted; the daemon comes and goes by itself.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
d=$(new_dir a)

out=$(timeout 20 "$drainctl" mount "$d" --name web --policy persb --json) || fail "mount: exit $?"
same "$(value 'j["schema"]')" drainlab.mount/1
same "$(value 'j["dir"]')" "$d"
same "$(value 'j["name"]')" web
pid=$(value 'j["pid"]') log=$(value 'j["log"]') socket=$(value 'j["socket"]')
same "$(ours "$d")" 1
same "$(readlink "/proc/$pid/cwd")" / "the daemon's cwd"
same "$(stat -c %a "$socket")" 600
[ -f "$log" ] || fail "no log $log"
same "$(readlink "/proc/$pid/fd/0")" /dev/null

echo hello > "$d/file" && same "$(cat "$d/file")" hello

expect 2 mount "$d"
says "already a drainfs mount (web)"

expect 0 status --json
same "$(value 'j["mounts"][0]["state"]')" live
same "$(value 'j["daemon"]["pid"]')" "$pid"

expect 0 umount "$d" --json
same "$(value 'j["result"]')" dead
same "$(value 'all(j["phases_ms"][p] is not None for p in ("detached", "drain_begins", "drained", "dead", "returned"))')" True
same "$(ours "$d")" 0
expect 2 umount "$d"
says "nothing is mounted there"

soon '[ ! -e "$socket" ]'
soon '! alive "$pid"'
expect 0 status
says "no daemon"
