#!/usr/bin/env bash
# Other people's test suites on a drainfs mount, at a modest size. Usage: suites.sh DRAINCTL SUITE root|user
# `user`: as an ordinary user who is root of a user namespace of his own. 77: cannot run here.
set -u
drainctl=$(readlink -f "$1")
suite=$2 who=$3
self=$(readlink -f "$0")

skip() { echo "cannot run here: $*"; exit 77; }
need() { command -v "$1" >/dev/null || skip "$1 is not installed"; }

# ---- inside: the mount is there, $DRAINLAB_DIR names it

fio_verify() {
    fio --directory="$1" --name=seq --rw=write --bs=64k --size=8m --verify=crc32c --verify_fatal=1 --minimal >/dev/null &&
        fio --directory="$1" --name=random --rw=randwrite --bs=4k --size=4m --numjobs=2 --verify=md5 --verify_fatal=1 \
            --minimal >/dev/null &&
        fio --directory="$1" --name=sync --rw=randrw --bs=4k --size=1m --sync=1 --verify=xxhash --verify_fatal=1 \
            --minimal >/dev/null &&
        fio --directory="$1" --name=mmap --ioengine=mmap --rw=randwrite --bs=4k --size=4m --verify=sha1 --verify_fatal=1 \
            --minimal >/dev/null &&
        fio --directory="$1" --name=aio --ioengine=libaio --iodepth=8 --rw=randwrite --bs=8k --size=4m --verify=crc64 \
            --verify_fatal=1 --minimal >/dev/null
}

# Those of stress-ng's class `filesystem` that are quick and that a FUSE peer (mergerfs 2.33) passes too.
stressors="access chdir chmod dentry dir dup fallocate fcntl flock fstat getdent link lockf open rename symlink touch utime"
stress_ng() {
    local s
    for s in $stressors; do
        stress-ng "--$s" 1 "--$s-ops" 20 --timeout 1s --verify --temp-path "$1" --oomable >"$1/log" 2>&1 && continue
        echo "stress-ng --$s:"
        cat "$1/log"
        return 1
    done
}

fsmark() {
    mkdir a b && fs_mark -d a -d b -n 100 -s 8192 -S 1 -L 2 -l log >/dev/null
}

run_dbench() { dbench -D "$1" -t 4 2 >/dev/null; }

bonnie() {
    bonnie++ -d "$1" -f -s 16 -r 8 -n 1:4096:0:2 -q -u root >/dev/null
}

run_suite() {
    case $suite in
        fio) fio_verify "$1" ;;
        stress-ng) stress_ng "$1" ;;
        fsmark) fsmark "$1" ;;
        dbench) run_dbench "$1" ;;
        bonnie++) bonnie "$1" ;;
    esac
}

if [ "${SUITES_INSIDE:-}" = 1 ]; then
    cd "$DRAINLAB_DIR" || exit 1
    run_suite "$DRAINLAB_DIR" 2>&1 | tee "$SUITES_LOG" | tail -n 40
    code=${PIPESTATUS[0]}
    exit "$code"
fi

# ---- outside

case $suite in
    fio | stress-ng | dbench | bonnie++) need "$suite" ;;
    fsmark) need fs_mark ;;
    *) echo "unknown suite $suite" >&2; exit 2 ;;
esac
"$drainctl" doctor --quiet || { "$drainctl" doctor | grep '^fail'; exit 77; }
here=$(mktemp -d "${TMPDIR:-/tmp}/drainlab-suites-XXXXXX")
trap 'cd /; rm -rf --one-file-system "$here"' EXIT
export SUITES_INSIDE=1 SUITES_LOG=$here/log XDG_RUNTIME_DIR=$here
chmod 700 "$here"
if [ "$who" = root ]; then
    [ "$(id -u)" = 0 ] || skip "not root"
    "$drainctl" with --timeout 150s -- bash "$self" "$drainctl" "$suite" "$who"
else
    unshare -Urm true 2>/dev/null || skip "user namespaces cannot be made"
    unshare -Urm "$drainctl" with --timeout 150s -- bash "$self" "$drainctl" "$suite" "$who"
fi
code=$?
[ $code = 0 ] || { echo "FAILED: $suite as $who: exit $code"; tail -n 30 "$here/log"; exit 1; }
