#!/usr/bin/env bash
# A remount of a living mount by mount(8): alone, and through an installed drainfs.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/../cli/lib.sh"
[ "$(id -u)" = 0 ] || { echo "cannot run here: only root remounts"; exit 77; }
d=$(new_dir a)

# remounts WORDS...: mount(8) does it within 2 s (1 s is what is promised on an idle machine).
remounts() {
    local began
    began=$(now_ms)
    timeout 10 mount "$@" || fail "mount $*: exit $?"
    [ $(($(now_ms) - began)) -lt 2000 ] || fail "mount $* took $(($(now_ms) - began)) ms"
}

expect 0 mount "$d" --umount-delay 200ms
remounts -i -o remount,ro "$d"
touch "$d/x" 2>/dev/null && fail "the mount is not read-only"
remounts -i -o remount,rw "$d"
touch "$d/x" || fail "the mount is still read-only"

out=$("$drainctl" doctor --json)
status=$(value '[c["status"] for c in j["checks"] if c["id"] == "remount"][0]')
link=/usr/local/bin/drainfs
if [ "$status" = warn ] && [ ! -e "$link" ] && [ -w /usr/local/bin ]; then
    mount -o remount,ro "$d" 2>/dev/null
    same $? 127 "as doctor warned"
    ln -s "$(dirname "$drainctl")/drainfs" "$link"
    trap 'rm -f "$link"; tidy_up' EXIT
    out=$("$drainctl" doctor --json)
    status=$(value '[c["status"] for c in j["checks"] if c["id"] == "remount"][0]')
    same "$status" ok
    remounts -o remount,ro,noexec "$d"
    touch "$d/y" 2>/dev/null && fail "the mount is not read-only"
    grep -q " $d ro,.*noexec" /proc/self/mountinfo || fail "not noexec: $(grep " $d " /proc/self/mountinfo)"
    remounts -o remount,rw "$d"
    touch "$d/y" || fail "the mount is still read-only"
fi

sleep 0.1 # the gate closes behind a remount
began=$(now_ms)
umount "$d" || fail "umount: $?"
[ $(($(now_ms) - began)) -ge 200 ] || fail "the unmount did not wait for its drain"
