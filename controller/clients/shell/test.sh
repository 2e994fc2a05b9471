#!/bin/sh
# Tests of drainlab.sh.
set -eu
. "$(dirname "$0")/drainlab.sh"
fail() { echo "FAILED: $*" >&2; exit 1; }
drainlab_begin
dir=$(mktemp -d)
trap 'drainlab_end; rmdir "$dir"' EXIT

drainlab_mount "$dir" --umount-delay 2s --profile zero --linger 0
drainlab_is_mounted "$dir" || fail "not mounted"
pid=$(drainlab_hold "$dir" cwd)
umount "$dir" 2>/dev/null && fail "umount of a busy mount worked"
drainlab_release "$pid"
umount "$dir" &
drainlab_wait "$dir" detached 10s
drainlab_is_mounted "$dir" && fail "still in the table"
drainlab_wait "$dir" dead 1ms 2>/dev/null && fail "dead before its time"
drainlab_wait "$dir" dead 10s
wait $!

# Whoever is killed leaves nothing.
sh -c '. "$1"; drainlab_begin; trap - EXIT; drainlab_mount "$2"; echo "$drainlab_control" >"$3"; kill -9 $$' sh "$(dirname "$0")/drainlab.sh" "$dir" "$drainlab_control/other" && fail "not killed"
gone() { ! drainlab_is_mounted "$dir" && [ ! -d "$(cat "$drainlab_control/other")" ]; }
for _ in $(seq 500); do gone && exit 0; sleep 0.02; done
fail "a killed script left its mount, or its directory"
