#!/usr/bin/env bash
# why: who holds any mount, and in which wait of the kernel an unmount is.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || exit 77
command -v mkfs.ext4 curl python3 > /dev/null || exit 77
loop=''
undo() {
    [ -z "${unmounting:-}" ] || ! alive "$unmounting" || kill -9 "$(daemon_pid)"
    latency 0
    swapoff "$e/swap" 2> /dev/null
    fsfreeze --unfreeze "$e" 2> /dev/null
    kill $(jobs -p) 2> /dev/null
    wait
    umount -l "$e" "$t" 2> /dev/null
    [ -z "$loop" ] || losetup -d "$loop" 2> /dev/null
    tidy_up
}
trap undo EXIT
a=$(new_dir a) b=$(new_dir b) t=$(new_dir t) e=$(new_dir e)

# latency US: of the device below $b.
latency() {
    [ -n "${id:-}" ] || return
    curl -s --unix-socket "$XDG_RUNTIME_DIR"/drainlab/*.sock "http://x/mounts/$id" -X PATCH \
        -d "{\"device\":{\"latency_us\":$1}}" > "$here/patched"
}

# A tmpfs held by a loop device, and the lower directory of an overlay.
mount -t tmpfs held "$t" || exit 77
if pid=$("$drainctl" hold "$t" --by loop --for 60s --detach 2> "$here/said"); then
    expect 0 why "$t"
    says "$t: tmpfs held"
    says "umount would fail with EBUSY:"
    says "loop device /dev/loop"
    kill "$pid"
    soon '! "$drainctl" why "$t" | grep -q "loop device"'
fi
if pid=$("$drainctl" hold "$t" --by overlay --for 60s --detach 2> "$here/said"); then
    expect 0 why "$t" --json
    same "$(value '[(h["kind"], h["blocks_umount"], "a lower layer is " in h["path"]) for h in j["holders"]]')" "[('overlay', False, True)]"
    kill "$pid"
    soon '! "$drainctl" why "$t" | grep -q "overlay on"'
fi
# An overlay's upper layer, and another mount inside.
mkdir "$t/low" "$t/up" "$t/work" "$t/in" "$here/over"
if mount -t overlay o -o "lowerdir=$t/low,upperdir=$t/up,workdir=$t/work" "$here/over" 2> /dev/null; then
    expect 0 why "$t"
    says "overlay on $here/over: its upper layer is $t/up"
    says "overlay on $here/over: a lower layer is $t/low"
    umount "$here/over"
fi
mount -t tmpfs inner "$t/in" || fail "no tmpfs"
expect 0 why "$t"
says "umount would fail with EBUSY:"
says "tmpfs mounted on $t/in"
umount "$t/in"
soon 'umount "$t"'

# A copy in another mount namespace: a file that is open there blocks where the umount would be propagated to it, and not else.
mount -t tmpfs outer "$t" && mount --make-shared "$t" && mkdir "$t/m" && mount -t tmpfs inner "$t/m" || fail "no tmpfs"
for propagation in unchanged private; do
    rm -f "$here/inside"
    unshare -m --propagation $propagation sh -c 'exec 8> "$1/m/file"; echo > "$2"; exec sleep 1000' sh "$t" "$here/inside" &
    holder=$!
    soon '[ -e "$here/inside" ]'
    expect 0 why "$t/m" --json
    [ $propagation = unchanged ] && busy=True || busy=False
    same "$(value '[(h["kind"], h["pid"], h["blocks_umount"]) for h in j["holders"] if h["kind"] == "fd"]')" "[('fd', $holder, $busy)]"
    umount "$t/m" 2> /dev/null && code=0 || code=32
    [ $busy = False ] || same $code 32 "busy through a copy that umount is propagated to"
    [ $busy = True ] || same $code 0 "a private copy"
    end $holder
done
soon 'umount "$t"'

# Ours, in the drain: by its path, its name and its device, which all have no mount any more.
expect 0 mount "$a" --umount-delay 60s --linger 60s
dev=$(awk -v d="$a" '$5 == d { print $3 }' /proc/self/mountinfo)
umount "$a" &
unmounting=$!
soon '! grep -q " $a " /proc/self/mountinfo'
soon '"$drainctl" status --json | grep -q dying'
for asked in "$a" drainfs-1 name:drainfs-1 "$dev" "dev:$dev" "$here/t/../a"; do
    expect 0 why "$asked" --json
    same "$(value 'j["mount"]["dir"]')" "$a" "$asked"
    same "$(value 'j["mount"]["state"], j["mount"]["mounted"]')" 'dying False'
    same "$(value 'j["mount"]["served_by"] in (None,) or j["mount"]["served_by"]["comm"]')" drainfs
    same "$(value '[(u["pid"], u["stage"], u["certain"]) for u in j["unmounts"] if u["certain"]]')" "[($unmounting, 's_umount', True)]"
done
expect 0 why "$a"
says "unmounting: pid $unmounting (umount)"
says "for s_umount"
says "s_umount is taken by pid"
says "the gate"
says "umount drainfs-1 waits for"
kill -9 "$(daemon_pid)"
wait "$unmounting" || fail "umount"
expect 0 clean

# ext4 with a swap file; then an umount of it that waits in sync, for a device whose file lies on a slow drainfs.
with_ext4() {
    truncate -s 96M "$b/img" && mkfs.ext4 -q -F "$b/img" || fail "no ext4"
    loop=$(losetup -f --show "$b/img" 2> /dev/null) || return 0
    # Another ext4, which has a name in another namespace alone: it is not taken for this one.
    truncate -s 16M "$here/aside" && mkfs.ext4 -q -F "$here/aside"
    unshare -m --propagation private sh -c 'mount -o loop "$1/aside" "$1/t" && echo > "$1/is-aside"; exec sleep 1000' sh "$here" &
    aside=$!
    soon '[ -e "$here/is-aside" ]'
    mount "$loop" "$e" || fail "cannot mount $loop"
    expect 16 umount "$b"
    says "loop device $loop: its backing file is $b/img (mounted on $e)"
    dd if=/dev/zero of="$e/swap" bs=1M count=16 status=none && chmod 0600 "$e/swap" && mkswap "$e/swap" > /dev/null
    if swapon "$e/swap" 2> /dev/null; then
        expect 0 why "$e"
        says "$e: ext4 $loop"
        says "swap is on $e/swap"
        says "umount would fail with EBUSY:"
        swapoff "$e/swap"
    fi
    sync -f "$e"
    dd if=/dev/zero of="$e/file" bs=1M count=16 status=none
    latency 500000
    umount "$e" &
    unmounting=$!
    soon '"$drainctl" why "$e" --json 2> /dev/null | grep -q "\"sync\""'
    expect 0 why "$e" --json
    same "$(value '[(u["pid"], u["stage"]) for u in j["unmounts"] if u["certain"]]')" "[($unmounting, 'sync')]"
    same "$(value 'j["below"][0]["device"], j["below"][0]["on"]["dir"]')" "$loop $b"
    same "$(value '[w["wait"] for w in j["below"][0]["workers"]][:1]')" "['fuse_request']"
    expect 0 why "$e"
    says "in sync_filesystem(): dirty data is on its way to the device"
    says "$loop rests on $b/img, on $b (fuse.drainfs)"
    says "for the answer of a FUSE daemon"
    end $aside
    latency 0
    wait "$unmounting" || fail "umount of ext4"
    losetup -d "$loop"
    loop=''
}
expect 0 mount "$b" --linger 60s
id=$("$drainctl" status --json | python3 -c 'import json, sys; print([m["id"] for m in json.load(sys.stdin)["mounts"] if m["state"] == "live"][0])')

# Frozen: who wants to write waits, by a path as by an open file, and why.
frozen() {
    local disk
    truncate -s 16M "$here/cold" && mkfs.ext4 -q -F "$here/cold" && mount -o loop "$here/cold" "$e" 2> /dev/null || return 0
    disk=$(findmnt -n -o SOURCE "$e")
    fsfreeze --freeze "$e" || return 0
    mkdir "$e/dir" &
    writing=$!
    soon '"$drainctl" why "$e" | grep -q "it seems frozen: pid $writing (mkdir)"'
    expect 0 why "$e" --json
    fsfreeze --unfreeze "$e"
    same "$(value '[(t["pid"], t["wait"]) for t in j["frozen"]]')" "[($writing, 'frozen')]"
    says "fsfreeze --unfreeze"
    wait $writing || fail "mkdir after the thaw"
    expect 0 why "$e" --json
    same "$(value 'j["frozen"]')" "[]"
    umount "$e" || fail "umount after the thaw"
    [ -n "$disk" ]
}
in_userns || frozen
in_userns || with_ext4  # a user namespace mounts none

# It never waits for the mount: not even when its daemon is stopped.
daemon=$(daemon_pid)
kill -STOP "$daemon"
cat "$b/not-there-yet" > "$here/said" 2>&1 &
walking=$!
soon '"$drainctl" why "$b" 2>&1 | grep -q "pid $walking (cat): in the middle of a call on: $b/not-there-yet"'
out=$(timeout 20 "$drainctl" why "$b" 2>&1)
code=$?
kill -CONT "$daemon"
same "$code" 0 "why with a stopped daemon"
says "$b: fuse.drainfs"

expect 2 why "$here/nothing"
says "nothing is mounted there"
expect 2 why 9:99
says "nothing is mounted"
# A name that is mounted again while the old one is held: the living mount is meant.
sleep 1000 > "$b/file" &
holder=$!
asleep $holder
expect 0 umount "$b" --lazy
expect 0 why drainfs-1
says "it has no name here (any more)"
says "held by:"
says "pid $holder (sleep): an open file:"
out=$("$drainctl" stop 2>&1)
says "pid $holder (sleep): an open file:"
end $holder
