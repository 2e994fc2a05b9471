#!/usr/bin/env bash
# mount(8) mounts a drainfs, with drainctl's own options: as fstab and systemd would, and as people write it.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034
. "$(dirname "$0")/lib.sh"
skip() { echo "cannot run here: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip "mount(8) needs root"

# An installed helper, seen by this test alone: its own mount namespace with a layer over /sbin.
if [ -z "${MOUNT8_INSIDE:-}" ]; then
    mkdir -p "$here/sbin"
    ln -s "$(dirname "$drainctl")/drainfs" "$here/sbin/mount.fuse.drainfs"
    exec env MOUNT8_INSIDE="$here/sbin" unshare -m --propagation private bash "$0" "$drainctl"
fi
real=$(readlink -f /sbin)
mount -t overlay -o "lowerdir=$MOUNT8_INSIDE:$real" overlay "$real" || skip "no overlay over $real"

mkdir -p "$here/m" "$here/store, with comma"
mount -t fuse.drainfs data "$here/m" -o 'umount_delay=600ms,policy=persb,profile=zero,nosuid,noexec,x-systemd.automount' || fail "mount"
grep -q " $here/m .*noexec.* fuse.drainfs data " /proc/self/mountinfo || fail "not mounted as asked for"
expect 0 status --json
same "$(value 'j["mounts"][0]["umount_delay_ms"]')" 600
same "$(value 'j["mounts"][0]["policy"]')" persb
mount -o remount,ro "$here/m" || fail "remount"
touch "$here/m/f" 2>/dev/null && fail "written to a read-only mount"
before=$(now_ms)
umount "$here/m" || fail "umount"
[ $(($(now_ms) - before)) -ge 600 ] || fail "the unmount was not slow"

# A relative directory, no name, a store whose name has a comma; then lazily.
cd "$here" || exit 1
mount -t fuse.drainfs drainfs m -o "store=\"$here/store, with comma\"" || fail "mount with a comma"
echo kept >m/f
umount -l m || fail "umount -l"
soon '[ "$(cat "$here/store, with comma/f" 2>/dev/null)" = kept ]'

mount -t fuse.drainfs none m -o nonsense 2>"$here/said"
same $? 1 "an unknown word"
grep -q "unknown mount option 'nonsense'" "$here/said" || fail "said: $(cat "$here/said")"
mount -t fuse.drainfs none m -o umount_delay=soon 2>"$here/said"
same $? 1 "a bad value"
grep -q -- "--umount-delay" "$here/said" || fail "said: $(cat "$here/said")"
mountpoint -q m && fail "mounted all the same"

# /etc/fstab
echo "vol $here/m fuse.drainfs noauto,profile=zero 0 0" >"$here/fstab"
mount -T "$here/fstab" "$here/m" || fail "mount by fstab"
grep -q " $here/m .* fuse.drainfs vol " /proc/self/mountinfo || fail "no mount of fstab"
umount "$here/m" || fail "umount of fstab's"
"$drainctl" stop >/dev/null

# fstab's own words: remounted by it, shown by findmnt; a line may have every option.
echo "vol $here/m fuse.drainfs noauto,nosuid,noexec,profile=zero,umount_delay=100ms,device_latency=60ms,lose_unsynced 0 0" >"$here/fstab"
mount -T "$here/fstab" "$here/m" || fail "mount by fstab"
findmnt -n -o SOURCE,FSTYPE,OPTIONS --mountpoint "$here/m" >"$here/said" || fail "findmnt"
grep -q 'vol *fuse.drainfs *rw,nosuid,.*noexec' "$here/said" || fail "findmnt says: $(cat "$here/said")"
findmnt -n -T "$here/fstab" -o SOURCE,OPTIONS >"$here/said"
findmnt --verify -F "$here/fstab" >"$here/said" 2>&1 || grep -q '0 errors\|0 parse errors, 0 errors' "$here/said" || fail "findmnt --verify: $(cat "$here/said")"
before=$(now_ms)
mkdir "$here/m/dir" || fail "mkdir"
[ $(($(now_ms) - before)) -ge 60 ] || fail "a directory was made without the device's latency"
echo unsynced >"$here/m/dir/f"
expect 0 fault "$here/m" power-cut
says "lost: 9 bytes of /dir/f"
mount -T "$here/fstab" -o remount,ro "$here/m" 2>"$here/said" || mount -o remount,ro "$here/m" || fail "remount: $(cat "$here/said")"
findmnt -n -o OPTIONS --mountpoint "$here/m" | grep -q '^ro,' || fail "findmnt after the remount: $(findmnt -n -o OPTIONS --mountpoint "$here/m")"
mount -o remount,rw "$here/m" && touch "$here/m/again" || fail "remount,rw"
umount "$here/m" || fail "umount of fstab's"
mount -t fuse.drainfs faulty m -o 'fault="op=create,errno=EDQUOT,times=1",fault="op=open,delay=80ms",profile=zero' || fail "mount with faults"
touch m/f 2>"$here/said" && fail "the fault did not strike"
grep -q "quota" "$here/said" || fail "said: $(cat "$here/said")"
echo x >m/f || fail "the second create"
before=$(now_ms)
cat m/f >/dev/null
[ $(($(now_ms) - before)) -ge 80 ] || fail "the open was not late"
umount m || fail "umount of the faulty one"
"$drainctl" stop >/dev/null

# Our own options are changed by a remount; what cannot change is named and nothing changes. status says them as -o takes them: a mount
# made with that has the same. findmnt, which reads the kernel's table, shows the kernel's.
options() { "$drainctl" status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["mounts"][0]["mount_options"])'; }
store="$here/store, with comma"
echo "vol $here/m fuse.drainfs noauto,policy=persb,profile=zero,umount_delay=1500ms,device_latency=3ms,nosuid 0 0" >"$here/fstab"
mount -T "$here/fstab" "$here/m" -o "store=\"$store\",page_cache=keep,lose_unsynced,fault=\"op=open|mkdir,path=*.x,delay=20ms,times=3\"" || fail "mount by fstab"
asked=$(options)
mount -o remount,umount_delay=200ms,policy=base "$here/m" || fail "remount with our own options"
same "$(options | cut -d, -f1-3)" policy=base,profile=zero,umount_delay=200ms
mount -o remount,ro,umount_delay=1s,store=/tmp "$here/m" 2>"$here/said"
same $? 1 "a store that would change"
grep -q 'store cannot change' "$here/said" || fail "said: $(cat "$here/said")"
findmnt -n -o OPTIONS --mountpoint "$here/m" | grep -q '^rw,' || fail "remounted all the same"
same "$(options | cut -d, -f3)" umount_delay=200ms
mount -T "$here/fstab" -o remount "$here/m" 2>"$here/said" || fail "remount by fstab: $(cat "$here/said")"
same "$(options)" "$asked" "as fstab says it again"
umount "$here/m" || fail "umount"
mount -t fuse.drainfs again "$here/m" -o "$asked" || fail "mount with what status said: $asked"
same "$(options)" "$asked" "a mount made with what status said of another"
case $asked in *"store=\"$store\",page_cache=keep,lose_unsynced,"*'fault="op=mkdir|open,name='*',path=*.x,delay=20ms,times=3"'*) ;; *) fail "status says: $asked" ;; esac
umount "$here/m" || fail "umount"
"$drainctl" stop >/dev/null

# The kernel's own options alone need no daemon of ours: that of another socket is not asked.
expect 0 mount "$here/m" --socket "$here/other.sock" --profile zero
mount -o remount,ro "$here/m" || fail "remount,ro of another daemon's mount"
mount -o remount,umount_delay=1s "$here/m" 2>"$here/said" && fail "changed by a daemon that does not serve it"
mount -o "remount,socket=$here/other.sock,umount_delay=10ms" "$here/m" || fail "remount, its socket named"
umount "$here/m" || fail "umount"

# The systemd unit of the docs: valid, and what systemd calls for it works: mount What Where -t Type -o Options, umount Where -c.
page=$(dirname "$0")/../../../docs/use-in-your-tests.md
unit=$here/mnt-vol.mount
sed -n '/^```ini$/,/^```$/{/^```/d;p}' "$page" >"$unit"
of_unit() { sed -n "s/^$1=//p" "$unit"; }
same "$(of_unit Where)" /mnt/vol "the unit is called as what it mounts on"
if command -v systemd-analyze >/dev/null; then
    SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no "$unit" >"$here/said" 2>&1 || fail "systemd-analyze verify: $(cat "$here/said")"
fi
mkdir -p "$here/mnt"
mount "$(of_unit What)" "$here/mnt" -t "$(of_unit Type)" -o "$(of_unit Options)" || fail "the unit's mount"
findmnt -n -o SOURCE,FSTYPE --mountpoint "$here/mnt" | grep -q "$(of_unit What) *fuse.drainfs" || fail "not what the unit says"
umount "$here/mnt" -c || fail "the unit's umount"
"$drainctl" stop >/dev/null

# The measurement that all of this began with, word for word; where there is no perf, the same commands in a loop.
mkdir -p mnt
for how in "umount mnt" "umount -l mnt"; do
    # shellcheck disable=SC2086
    if perf stat --null true >/dev/null 2>&1; then
        perf stat -r 10 --null --pre 'mount -t fuse.drainfs drainfs mnt' -- $how >"$here/said" 2>&1 || fail "perf stat -- $how: $(cat "$here/said")"
        grep -q 'seconds time elapsed' "$here/said" || fail "perf says no time: $(cat "$here/said")"
    else
        for _ in 1 2 3 4 5 6 7 8 9 10; do mount -t fuse.drainfs drainfs mnt && $how || fail "$how"; done
    fi
    soon '[ "$(ours "$here/mnt")" = 0 ]'
done
"$drainctl" stop >/dev/null
exit 0
