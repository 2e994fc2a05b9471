#!/usr/bin/env bash
# Stores that are full, frozen or taken: what others notice of it.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034
. "$(dirname "$0")/lib.sh"
skip() { echo "cannot run here: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip "a loop device needs root"
export DRAINLAB_SOCKET=$here/d.sock

# Nobody else's namespace gets a copy of what we mount here.
[ -n "${STORES_INSIDE:-}" ] || exec env STORES_INSIDE=1 unshare -m --propagation private bash "$0" "$drainctl"
mkdir "$here"/{T,D,D2,mem}
ext4_on "$here/T" 12M

# Full: the write that does not fit says so; what was taken is there; the store is free afterwards.
expect 0 mount "$here/D" --store "$here/T" --linger 30s
head -c 20M /dev/urandom >"$here/x"
cp "$here/x" "$here/D/i" 2>"$here/said" && fail "20 MiB fitted into 12"
grep -q "No space left" "$here/said" || fail "said: $(cat "$here/said")"
taken=$(stat -c %s "$here/D/i")
umount "$here/D" || fail "umount"
[ "$taken" -gt 4000000 ] || fail "only $taken bytes were taken"
same "$(stat -c %s "$here/T/i")" "$taken" "size in the store"
cmp -n "$taken" "$here/x" "$here/T/i" || fail "other bytes"
rm "$here/T/i"
umount "$here/T" || fail "the store is not free after umount(8)"
mount -o loop "$here/image" "$here/T"

# Taken: by this daemon, by directory, by another daemon, while the first is dying.
expect 0 mount "$here/D" --store "$here/T" --name first
mkdir "$here/T/sub"
expect 2 mount "$here/D2" --store "$here/T"
says "the mount 'first' on $here/D keeps its files there"
expect 2 mount "$here/D2" --store "$here/T/sub"
expect 2 mount "$here/D2" --store "$here/T" --socket "$here/other.sock"
says "another daemon"
exec 8>>"$here/D/log"
umount -l "$here/D"
expect 2 mount "$here/D2" --store "$here/T"
echo kept >&8
exec 8>&-
expect 0 wait first --state dead --timeout 10s
same "$(cat "$here/T/log")" kept

# Frozen: its own mount waits, nobody else does; after SIGKILL nobody waits.
expect 0 mount "$here/D" --store "$here/T" --name disk --linger 30s
expect 0 mount "$here/mem" --name mem
fsfreeze -f "$here/T"
touch "$here/D/new" 2>"$here/said" &
soon '"$drainctl" status | grep -q "waits for its store: create of new since"'
echo fine >"$here/mem/f" && same "$(cat "$here/mem/f")" fine
expect 0 umount "$here/mem" --timeout 20s
expect 0 mount "$here/mem" --name mem
expect 0 status --json
daemon=$(value 'j["daemon"]["pid"]')
kill -9 "$daemon"
wait $!
grep -qE "abort|not connected" "$here/said" || fail "touch said: $(cat "$here/said")"
for dir in D mem; do
    out=$(stat "$here/$dir" 2>&1) && fail "$dir still answers"
    says "not connected"
done
expect 0 clean
fsfreeze -u "$here/T"
soon 'umount "$here/T" 2>/dev/null'
soon '[ ! -e /proc/'"$daemon"'/stat ] || grep -q ") Z" /proc/'"$daemon"'/stat'
exit 0
