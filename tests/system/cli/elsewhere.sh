#!/usr/bin/env bash
# A client that lives in another mount namespace, under another root or in another pid namespace than the daemon: what it names is what it
# sees, or it is refused and told so.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || exit 77
root=$here/root
undo() {
    umount -R "$here/root" 2>/dev/null || umount -R -l "$here/root" 2>/dev/null
    tidy_up
}
trap undo EXIT
mkdir -p "$here/d" "$here/other" "$here/store" "$root"
socket=$here/x.sock
expect 0 mount "$here/d" --socket "$socket" --linger 60s
refused() { # WORDS: what was said, and nothing was made
    says "$1"
    grep -q " fuse.drainfs .*" <<<"$(grep -v " $here/d " /proc/self/mountinfo | grep "$here")" && fail "something was mounted"
    true
}

# Another mount namespace.
out=$(unshare -m "$drainctl" mount "$here/other" --socket "$socket" 2>&1)
same "$?" 2 "in another mount namespace"
refused "another mount namespace, or root"
# Its own daemon serves it there.
out=$(unshare -m sh -c '"$0" mount "$1" && echo x > "$1/f" && "$0" umount "$1"' "$drainctl" "$here/other" 2>&1) || fail "a daemon of its own"
# A copy of a mount in another namespace is the one that is removed there.
out=$(unshare -m "$drainctl" umount "$here/d" --socket "$socket" 2>&1) || fail "umount of the copy"
says "is a copy of a mount"
same "$(ours "$here/d")" 1

# Another root, with the socket visible in it: made of our own directories, so that our programs run.
mount -t tmpfs root "$root" && mount --make-private "$root" || exit 77
for dir in /*; do
    [ -d "$dir" ] || continue
    [ -L "$dir" ] && ln -s "$(readlink "$dir")" "$root$dir" && continue
    mkdir "$root$dir"
    case $dir in
        /tmp) ;;
        *) mount --rbind "$dir" "$root$dir" && mount --make-rprivate "$root$dir" ;;
    esac
done
mkdir -p "$root/tmp/seen" "$root/tmp/mine" "$root$here" "$root/tmp/bin" 2>/dev/null
mount --bind "$here" "$root/tmp/seen" && mount --bind "$(dirname "$drainctl")" "$root/tmp/bin" || exit 77
mkdir -p "$root/tmp/only-there"
inside() { # WORDS...: drainctl in that root
    out=$(TMPDIR=/tmp chroot "$root" /tmp/bin/drainctl "$@" --socket /tmp/seen/x.sock 2>&1)
}
inside status || fail "the socket is not to be seen"
inside mount /tmp/only-there
same "$?" 2 "a path that is not there for the daemon"
refused "another mount namespace, or root"
[ -d "$root$here" ] && mkdir -p "$root$here/other" && {
    inside mount "$here/other"
    same "$?" 2 "a path that leads elsewhere for the daemon"
    refused "another mount namespace, or root"
}
inside mount /tmp/seen/other
same "$?" 2 "the same directory by a bind copy"
refused "another mount namespace, or root"

# A store is named as well: the same mount point for both, not the same store.
echo ours > "$here/store/whose"
ask() { # NAME VALUE: POST /mounts as a client that sees VALUE at the store
    out=$(curl -s --unix-socket "$socket" http://x/mounts -d "{\"dir\":\"$here/other\",\"store\":\"$here/store\",\"store_seen\":$1}")
}
ns=$(readlink /proc/self/ns/mnt | tr -dc 0-9)
ask "{\"mount_namespace\":$ns,\"unique_id\":1,\"inode\":1}"
same "$(value 'j["error"]["code"]')" other_namespace
says "'store' is $here/store: you see another directory there than drainfs does"
same "$(ours "$here/other")" 0
out=$(unshare -m --propagation private sh -c 'mount -t tmpfs s "$2" && echo theirs > "$2/whose" && exec "$0" mount "$1" --store "$2" --socket "$3"' \
    "$drainctl" "$here/other" "$here/store" "$socket" 2>&1)
same "$?" 2 "a store of another namespace"
refused "another mount namespace, or root"
expect 0 mount "$here/other" --store "$here/store" --socket "$socket"
same "$(cat "$here/other/whose")" ours
expect 0 umount "$here/other" --socket "$socket"

# A process that another one has the number of.
sleep 1000 &
companion=$!
out=$(curl -s --unix-socket "$socket" http://x/mounts \
    -d "{\"dir\":\"$here/other\",\"with_pid\":$companion,\"with_pid_seen\":{\"start_time\":1,\"pid_namespace\":2}}")
same "$(value 'j["error"]["code"]')" other_namespace
if unshare -pf true 2>/dev/null; then
    out=$(unshare -pf --mount-proc --propagation unchanged "$drainctl" mount "$here/other" --with-pid 1 --socket "$socket" 2>&1)
    same "$?" 2 "a pid of another namespace"
    says "another"
fi
same "$(ours "$here/other")" 0
expect 0 mount "$here/other" --with-pid "$companion" --socket "$socket"
end "$companion"
soon '[ "$(ours "$here/other")" = 0 ]'
expect 0 stop --socket "$socket"
