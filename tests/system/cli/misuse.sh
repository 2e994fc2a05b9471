#!/usr/bin/env bash
# What cannot work is refused with one line and exit 2.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
d=$(new_dir a)
touch "$here/file"

expect 2 mount "$here/missing"
says "mount point $here/missing: No such file or directory"
expect 2 mount "$here/file"
says "not a directory"
expect 2 mount "$d" --store "$here/missing"
expect 2 mount "$d" --profile nothing-like-it
expect 2 mount "$d" --umount-delay -1s
expect 2 mount "$d" --socket "$here/file"
says "exists and is not a socket"
expect 2 mount "$d" -o nonsense
says nonsense

expect 0 mount "$d" --linger 5s
mkdir "$d/sub"
expect 2 mount "$d/sub"
says "lies on the drainfs mount $d"
other=$(new_dir b)
expect 2 mount "$other" --store "$d/sub"
says "--store $d/sub: lies on the drainfs mount"
expect 2 status --socket "$d/x.sock"
says "lies on the drainfs mount"
mkdir "$here/store"
third=$(new_dir c)
expect 0 mount "$third" --store "$here/store"
expect 2 mount "$other" --store "$here/store"
says "keeps its files there"
expect 0 umount "$third"
expect 2 mount "$other" --profile zero
says "the daemon that runs has the profile"
expect 0 umount "$d"
ln -s a "$here/link"
expect 0 mount "$here/link"
same "$(ours "$d")" 1 "a link leads to its target"
expect 0 umount "$here/link"

out=$("$(dirname "$drainctl")/drainfs" 2>&1)
same "$?" 2 "drainfs without a socket"
says "drainfs: --socket PATH is missing"

if [ "$(id -u)" = 0 ]; then
    python3 -c 'import socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1])' "$here/theirs.sock"
    if chown 12345 "$here/theirs.sock" 2>/dev/null; then  # not in a user namespace of one user
        expect 2 status --socket "$here/theirs.sock"
        says "belongs to uid 12345"
    fi
fi
