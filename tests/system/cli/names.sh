#!/usr/bin/env bash
# A mount is meant by its path (also of a bind copy, or beneath a renamed parent), its name, its id or its device, in every command that takes one.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
cd "$here" || exit 1
mkdir -p "$here/p/a" "$here/b" "$here/copy"
device() { awk -v d="$1" '$5 == d { print $3 }' /proc/self/mountinfo; }
number() {
    out=$("$drainctl" status --json)
    value '[m["id"] for m in j["mounts"] if m["state"] == "live"][-1]'
}
expect 0 mount "$here/b" --linger 60s --name other
for how in name id dev forced-name forced-id forced-dev forced-dir relative renamed; do
    expect 0 mount "$here/p/a" --name box
    case $how in
        name) word=box ;;
        id) word=$(number) ;;
        dev) word=$(device "$here/p/a") ;;
        forced-name) word=name:box ;;
        forced-id) word=id:$(number) ;;
        forced-dev) word=dev:$(device "$here/p/a") ;;
        forced-dir) word=dir:$here/p/a ;;
        relative) word=p/../p/a/ ;;
        renamed) mv "$here/p" "$here/q" && word=$here/q/a ;;
    esac
    expect 0 why "$word"
    says "fuse.drainfs box"
    expect 0 hold "$word" --by fd --for 1ms
    says held
    expect 0 hold "$word" --by drain --for 10ms
    expect 0 hold "$word" --by drain --clear
    "$drainctl" wait "$word" --state dead --timeout 30s >"$here/waited" 2>&1 &
    waiting=$!
    sleep 0.1
    if [ $how = id ] || [ $how = forced-dir ]; then expect 0 detach "$word"; else expect 0 umount "$word"; fi
    wait $waiting || fail "wait $word: $(cat "$here/waited")"
    grep -q "(box): dead" "$here/waited" || fail "wait $word: $(cat "$here/waited")"
    [ $how != renamed ] || mv "$here/q" "$here/p"
    same "$(ours "$here/p/a")" 0 "$how"
done
same "$(ours "$here/b")" 1 "the other one is not meant"

# A path that is there wins; nothing is mounted on this one.
mkdir "$here/other"
expect 2 umount other
says "$here/other: nothing is mounted there"
expect 0 why name:other
says "$here/b: fuse.drainfs other"
expect 2 umount id:77
says "there is no mount id:77"
says "there are: other on $here/b"

# What is gone is as it should be; nothing else is.
expect 0 umount "$here/other" --if-mounted
says "nothing is mounted there"
expect 0 detach "$here/other" --if-mounted
expect 0 umount "$here/not/there" --if-mounted
expect 0 umount name:box --if-mounted
prints 0 umount "$here/other" --if-mounted --json
same "$(value 'j["schema"], j["result"]')" "drainlab.umount/1 not_mounted"
expect 2 umount "$here/other"
exec 8<"$here/b"
expect 16 umount "$here/b" --if-mounted
exec 8<&-
expect 2 umount /proc --if-mounted
same "$(ours "$here/b")" 1
# Without a daemon, too.
expect 0 stop
expect 0 umount "$here/b" --if-mounted
expect 0 umount anything --if-mounted

# By the path of a bind copy: the copy is what is removed, and what is waited for and explained is the mount.
[ "$(id -u)" = 0 ] || exit 0
expect 0 mount "$here/b" --linger 60s --name box
mount --bind "$here/b" "$here/copy" || fail "bind"
expect 0 why "$here/copy"
says "fuse.drainfs box"
expect 0 hold "$here/copy" --by cwd --for 1ms
"$drainctl" wait "$here/copy" --state dead --timeout 30s >"$here/waited" 2>&1 &
waiting=$!
sleep 0.1
expect 0 umount "$here/copy"
says "is a copy of a mount"
same "$(ours "$here/b")$(ours "$here/copy")" 10
expect 0 umount "$here/b"
wait $waiting || fail "wait by a bind copy: $(cat "$here/waited")"
