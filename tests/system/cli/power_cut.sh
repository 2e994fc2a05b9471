#!/usr/bin/env bash
# --lose-unsynced: data that nobody has synced is lost when the power is cut. The test of a crash-safe update that it is for.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034
. "$(dirname "$0")/lib.sh"
m=$(new_dir m) store=$(new_dir store)

cut() { prints 0 fault "$m" power-cut --json; }
for kept in "" "--store $store"; do # in memory, and in a directory
    # shellcheck disable=SC2086
    expect 0 mount "$m" --lose-unsynced $kept --linger 5s --name lossy
    echo one >"$m/a"
    sync "$m/a"
    echo two >>"$m/a"
    echo three >"$m/b"
    same "$(cat "$m/a" "$m/b" | tr '\n' ' ')" "one two three "
    [ -z "$kept" ] || same "$(cat "$store/a" "$store/b")" one "what reached the store"
    prints 0 fault name:lossy power-cut
    says "lost: 4 bytes of /a"
    says "lost: 6 bytes of /b"
    says "power cut: 10 bytes"
    same "$(cat "$m/a")" one
    [ -f "$m/b" ] && [ ! -s "$m/b" ] || fail "names stay, without their bytes"
    cut
    same "$(value "(j['dropped_bytes'], j['files'])")" "(0, [])"
    # One who has it open, and appends: to what is there now.
    exec 9>>"$m/a"
    printf 1234 >&9
    cut
    same "$(value 'j["files"]')" "[{'bytes': 4, 'path': '/a'}]"
    exec 9>&-
    exec 9>>"$m/a"
    printf 5678 >&9
    exec 9>&-
    same "$(cat "$m/a")" "one
5678"
    sync -d "$m/a" # fdatasync
    cut
    same "$(value 'j["dropped_bytes"]')" 0 "fdatasync"
    dd if=/dev/zero of="$m/c" bs=1k count=8 oflag=dsync status=none
    cut
    same "$(stat -c %s "$m/c")" 8192 O_DSYNC
    echo last >"$m/d"
    expect 0 umount "$m" # an orderly end syncs
    [ -z "$kept" ] || same "$(cat "$store/d")" last
done

# On a mount with -o sync every write is one that was synced: the kernel says so with each (O_DSYNC). Also when it is remounted so.
expect 0 mount "$m" --lose-unsynced -o sync --linger 5s
echo synced >"$m/a"
cut
same "$(value 'j["dropped_bytes"]')" 0 "-o sync"
same "$(cat "$m/a")" synced
if mount -i -o remount,async "$m" 2>/dev/null; then
    echo lost >>"$m/a"
    cut
    same "$(value 'j["files"]')" "[{'bytes': 5, 'path': '/a'}]"
    mount -i -o remount,sync "$m" || fail "remount,sync"
    echo again >>"$m/a"
    cut
    same "$(value 'j["dropped_bytes"]')" 0 "remount,sync"
fi
expect 0 umount "$m"

# What it is for. The update of a configuration, right and wrong: written beside, synced or not, renamed over the old one.
update='
import os, sys
path, safe = sys.argv[1], sys.argv[2] == "safe"
with open(path + ".new", "w") as f:
    f.write("new\n")
    f.flush()
    if safe: os.fsync(f.fileno())
os.rename(path + ".new", path)
'
for how in safe hasty; do
    expect 0 mount "$m" --lose-unsynced --linger 5s
    echo old >"$m/conf"
    sync "$m/conf"
    python3 -c "$update" "$m/conf" $how
    cut
    eval "$how='$(cat "$m/conf")'"
    expect 0 umount "$m"
done
# shellcheck disable=SC2154  # set by eval
same "$safe" new
same "${hasty:-}" "" "neither the old nor the new"

# For one command; what cannot be is refused.
expect 0 with --lose-unsynced -- sh -c 'echo x >"$DRAINLAB_DIR/f" && "$0" fault "$DRAINLAB_DIR" power-cut && test ! -s "$DRAINLAB_DIR/f"' "$drainctl"
expect 0 mount "$m" --linger 5s --name slow
expect 2 fault "$m" power-cut
says "--lose-unsynced"
expect 2 fault "$m" power-cut --errno EIO
expect 2 fault "$m" power-cut --name x
says "it has no name"

# The latency of a device is that of names and attributes, too, and of the data; what waited is told.
curl --unix-socket "$("$drainctl" status --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["daemon"]["socket"])')" -sS -X PATCH \
    http://d/mounts/slow -d '{"device":{"latency_us":100000}}' >/dev/null || fail "PATCH"
for call in "mkdir $m/dir" "touch $m/dir/new" "mv $m/dir/new $m/dir/old" "ls $m/dir" "rm $m/dir/old" "rmdir $m/dir"; do
    before=$(now_ms)
    $call >/dev/null || fail "$call"
    [ $(($(now_ms) - before)) -ge 100 ] || fail "$call: not slow"
done
prints 0 status --json
same "$(value "(lambda t: t['count'] >= 6 and t['took_ns'] >= t['wanted_ns'] >= 6 * 10**8)([m for m in j['mounts'] if m['name'] == 'slow'][0]['device_observed']['metadata'])")" True
exit 0
