#!/usr/bin/env bash
# The tests of file system behaviour elsewhere than on a drainfs mount with its private store. Usage: posix.sh SYSTEM_FUSE WHERE
#   tmpfs, ext4         on that file system itself, so that a difference is seen to be ours
#   drainfs-on-ext4     on drainfs with its store on ext4
# 77: cannot run here.
set -u
program=$1 where=$2
[ "$(id -u)" = 0 ] || { echo "cannot run here: not root"; exit 77; }
here=$(mktemp -d "${TMPDIR:-/tmp}/drainlab-posix-XXXXXX")
cleanup() {
    umount "$here/fs" 2>/dev/null
    rm -rf --one-file-system "$here"
}
trap cleanup EXIT
mkdir "$here/fs"
case $where in
    tmpfs) mount -t tmpfs posix "$here/fs" || exit 77 ;;
    *)
        command -v mkfs.ext4 >/dev/null || { echo "cannot run here: no mkfs.ext4"; exit 77; }
        truncate -s 512M "$here/image"
        mkfs.ext4 -q -N 200000 "$here/image" || exit 77
        mount -o loop "$here/image" "$here/fs" || { echo "cannot run here: no loop device"; exit 77; }
        ;;
esac
chmod 755 "$here" "$here/fs"
if [ "$where" = drainfs-on-ext4 ]; then
    DRAINLAB_STORE_IN=$here/fs "$program" '~[store]~[leaks]'
else
    DRAINLAB_PLAIN_DIR=$here/fs "$program" '~[ours]~[mount]~[device]~[errors]~[ownership]~[store]~[leaks]~[identity]'
fi
