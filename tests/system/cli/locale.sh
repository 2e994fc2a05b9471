#!/usr/bin/env bash
# Another language: the same run gives the same result. What is busy is told by an errno, or by a program that was asked to speak plainly.
# A mount namespace of our own, in which every user may open /dev/fuse.
[ "$(id -u)" != 0 ] || [ -n "${private:-}" ] || private=1 exec unshare -m bash "$0" "$1"
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
export LOCPATH=$here/locales
mkdir "$LOCPATH" "$here/bin"
localedef --no-archive -i de_DE -f UTF-8 "$LOCPATH/de_DE.UTF-8" 2>/dev/null || { echo "cannot run here: no de_DE (package locales)"; exit 77; }
[ -e /usr/share/locale/de/LC_MESSAGES/util-linux.mo ] || { echo "cannot run here: no German umount(8) (package util-linux-locales)"; exit 77; }
d=$(new_dir a)

# runs LOCALE WORDS...: as `expect` does, but any exit code, which is left in $code.
runs() {
    local lc=$1
    shift
    out=$(LC_ALL=$lc LANGUAGE='' LANG=$lc timeout 100 "$@" 2>&1)
    code=$?
}
runs de_DE.UTF-8 umount /nonexistent
case $out in *"kein Einh"*) ;; *) fail "umount(8) does not speak German here" ;; esac

# Busy, by the system call: the same exit code, and the same words but for the pid.
for lc in C de_DE.UTF-8; do
    runs $lc "$drainctl" mount "$d" --linger 30s
    same $code 0 "mount in $lc"
    exec 8<"$d"
    runs $lc "$drainctl" umount "$d"
    same $code 16 "busy in $lc"
    says "is busy"
    runs $lc "$drainctl" stop
    same $code 16 "stop in $lc"
    says "was held and has been detached"
    exec 8<&-
done

# Busy, by umount(8): a wrapper that holds the mount at its first call.
cat >"$here/bin/umount" <<'WRAPPER'
#!/bin/sh
for dir; do :; done
[ -e "$SCENE/held" ] || { : >"$SCENE/held"; exec 9<"$dir"; }
exec /bin/umount "$@"
WRAPPER
chmod +x "$here/bin/umount"
if [ "$(id -u)" = 0 ]; then
    for lc in C de_DE.UTF-8; do
        rm -f "$here/held"
        SCENE=$here PATH=$here/bin:$PATH runs $lc "$drainctl" bench --quick --samples 3 --policy persb --scenario no_pressure --umount umount8 --no-save
        same $code 0 "bench in $lc"
        [ -e "$here/held" ] || fail "umount(8) was never called"
    done
fi

# Busy, by fusermount3: for one who may not call umount2(2).
user=''
[ "$(id -u)" != 0 ] || user=65534
if [ -n "$user" ] && command -v fusermount3 >/dev/null && command -v setpriv >/dev/null && ! in_userns; then
    chmod 0755 "$here" "$LOCPATH"
    mkdir -m 0700 "$here/theirs" && mkdir "$here/theirs/run" "$here/theirs/m" && chmod 0700 "$here/theirs/run" && chown -R $user "$here/theirs"
    as_user() { setpriv --reuid $user --clear-groups env XDG_RUNTIME_DIR="$here/theirs/run" XDG_STATE_HOME="$here/theirs" "$@"; }
    # What /dev/fuse is for users is the machine's choice, not the test's.
    mknod -m 0666 "$here/fuse" c 10 229 2>/dev/null && mount --bind "$here/fuse" /dev/fuse
    if as_user "$drainctl" mount "$here/theirs/m" >/dev/null 2>&1; then
        as_user "$drainctl" stop >/dev/null 2>&1
        for lc in C de_DE.UTF-8; do
            as_user "$drainctl" mount "$here/theirs/m" --linger 30s >/dev/null || fail "mount as uid $user"
            setpriv --reuid $user --clear-groups sh -c 'cd "$1" && exec sleep 1000' sh "$here/theirs/m" &
            holder=$!
            soon '[ "$(readlink /proc/$holder/cwd)" = "$here/theirs/m" ]'
            runs $lc setpriv --reuid $user --clear-groups env XDG_RUNTIME_DIR="$here/theirs/run" "$drainctl" umount "$here/theirs/m"
            same $code 16 "busy by fusermount3 in $lc"
            end $holder
            runs $lc setpriv --reuid $user --clear-groups env XDG_RUNTIME_DIR="$here/theirs/run" "$drainctl" umount "$here/theirs/m" --retry 5s
            same $code 0 "umount by fusermount3 in $lc"
            as_user "$drainctl" stop >/dev/null
        done
        echo "also by fusermount3"
    fi
fi
exit 0
