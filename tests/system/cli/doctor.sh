#!/usr/bin/env bash
# doctor tells the truth where containers lack something: what it says of the trial mount is what `with` then does.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || { echo "cannot run here: it makes its own mount namespaces"; exit 77; }

prints 0 doctor --json
same "$(value '[c["status"] for c in j["checks"] if c["id"] == "trial_mount"]')" "['ok']"

# agree COMMAND...: doctor and `with` come to the same, and it is 0 or 4.
agree() {
    local doctor with
    "$@" "$drainctl" doctor --quiet
    doctor=$?
    out=$("$@" "$drainctl" with -- true 2>&1)
    with=$?
    same "$doctor" "$with" "doctor and with: $*"
    [ "$doctor" = 0 ] || [ "$doctor" = 4 ] || fail "exit $doctor"
    code=$doctor
}

# No /dev/fuse.
bare='mount -t tmpfs dev /dev && mknod /dev/null c 1 3 && mknod /dev/zero c 1 5 && mknod /dev/urandom c 1 9 && exec "$@"'
agree unshare -m --propagation private bash -c "$bare" bash
same "$code" 4 "without /dev/fuse"
says "/dev/fuse"

# A uid without a line in passwd: root of nothing, and fusermount3 may not want it. Whatever comes of it, doctor says so.
chmod 0711 "$here"
mkdir -m 1777 "$here/tmp"
mknod -m 0666 "$here/fuse" c 10 229  # /dev/fuse may be root's alone
other=(unshare -m --propagation private sh -c 'mount --bind "$0" /dev/fuse && exec "$@"' "$here/fuse"
    setpriv --reuid 54321 --regid 54321 --clear-groups env -u XDG_RUNTIME_DIR TMPDIR="$here/tmp" env)
agree "${other[@]}"

# In a user namespace, beside the directory of that name of the outer root.
if "${other[@]}" unshare -Urm true 2>/dev/null; then
    mkdir -m 0700 "$here/tmp/drainlab-0"
    agree "${other[@]}" unshare -Urm
    same "$code" 0 "in a user namespace"
    if [[ $drainctl = /tmp/* ]]; then
        echo "without a read-only /tmp: drainctl lies there and would be hidden"
    else
        agree "${other[@]}" -u TMPDIR unshare -Urm sh -c 'mount -t tmpfs -o ro none /tmp && exec "$@"' sh
        same "$code" 0 "a read-only /tmp"
        rmdir /var/tmp/drainlab-54321 /dev/shm/drainlab-54321 2>/dev/null  # its sockets went where it could write
    fi
    [ -d "$here/tmp/drainlab-0" ] || fail "the other user's directory is gone"
fi
same "$(drainfs_here)" 0 "left mounts"
exit 0
