#!/usr/bin/env bash
# Too few descriptors, too little address space, no process to be had: every program says what it lacks, exits with 4 or 5 (or works), soon,
# and leaves nothing.
# shellcheck source=tests/system/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
bin=$(dirname "$drainctl")
dir=$(new_dir d)
case $(file -b "$(readlink -f "$drainctl")" 2>/dev/null; ldd "$drainctl") in *asan* | *tsan*) sanitized=1 ;; *) sanitized= ;; esac
[ -z "$sanitized" ] || export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 # it needs a process of its own for that

# What a sanitizer or the counters of coverage add does not fit into so little address space: the kernel kills such a program at its start.
{ [ -z "$sanitized" ] && ! grep -qa '\.gcda' "$drainctl"; } && roomy= || roomy=1

# lacks LIMIT PROGRAM WORDS...: under `ulimit LIMIT`
lacks() {
    local limit=$1 began code
    shift
    began=$(now_ms)
    # shellcheck disable=SC2086
    out=$({ ulimit $limit && exec timeout 25 "$@"; } 2>&1 </dev/null 9>&-)
    code=$?
    case $code in 0 | 4 | 5) ;; *) fail "ulimit $limit, $(basename "$1") ${*:2}: exit $code" ;; esac
    [ $(($(now_ms) - began)) -lt 20000 ] || fail "ulimit $limit, $(basename "$1") ${*:2}: $(($(now_ms) - began)) ms"
    case $out in *"terminate called"* | *"core dumped"*) fail "ulimit $limit, $(basename "$1") ${*:2}" ;; esac
    [ $code = 0 ] || [ -n "$out" ] || fail "ulimit $limit, $(basename "$1") ${*:2}: exit $code without a word"
}

nothing_left() {
    [ "$(drainfs_here)" = 0 ] || fail "$1: a mount is left"
    [ -z "$(find "$here" -name '*.sock' -o -name '*.state' -o -name 'churn-*' -o -name 'lazy-*' -o -name 'private-*')" ] ||
        fail "$1: left behind: $(find "$here")"
}

limits="-n:5 -n:8 -n:12 -n:16 -n:24 -n:40"
[ -n "$roomy" ] || limits="$limits -v:20000 -v:60000 -v:200000"
for limit in $limits; do
    limit=${limit/:/ }
    lacks "$limit" "$drainctl" bench --samples 1 --policy persb --scenario no_pressure --no-save
    lacks "$limit" "$drainctl" churn --mounts 2 --for 200ms
    lacks "$limit" "$drainctl" race --policy persb --world offline_one
    lacks "$limit" "$drainctl" sim --samples 1 --policy persb --scenario no_pressure
    lacks "$limit" "$drainctl" with -- true
    lacks "$limit" "$drainctl" status
    [ "$limit" = "-v 200000" ] || lacks "$limit" "$bin/drainfs" --socket "$here/x.sock"
    lacks "$limit" "$bin/drainlab-burner" "$here/burnt" --session --writes 1
    lacks "$limit" "$drainctl" mount "$dir"
    "$drainctl" stop >/dev/null 2>&1
    nothing_left "ulimit $limit"
done
lacks "-n 16" "$drainctl" churn --mounts 2 --for 200ms
says "needs 64 file descriptors, and may have 16 (\`ulimit -n\`)"
lacks "-n 40" "$bin/drainfs" --socket "$here/x.sock"
says "needs 64 file descriptors, and may have 40"

# A soft limit is no limit.
out=$(ulimit -Sn 16 && "$drainctl" with -- true 2>&1) || fail "ulimit -Sn 16: $out"

# No process to be had.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$here" && mkdir -m 700 "$here/u" && chown 61234:61234 "$here/u"
    user="setpriv --reuid 61234 --regid 61234 --clear-groups"
    for most in 0 1 2 3 5; do
        for words in "bench --samples 1 --policy persb --scenario no_pressure --no-save" "with -- true" "churn --mounts 2 --for 200ms" "sim --samples 2"; do
            # shellcheck disable=SC2086
            XDG_RUNTIME_DIR=$here/u lacks "-u $most" $user "$drainctl" $words
        done
    done
    # Nor a directory for the socket.
    mkdir -m 755 "$here/theirs"
    out=$(TMPDIR=$here/theirs XDG_RUNTIME_DIR=$here/theirs $user "$drainctl" with -- true 2>&1 9>&-)
    same $? 4
    says "cannot make $here/theirs/drainlab-61234: Permission denied"
    says "XDG_RUNTIME_DIR"
fi

# No /proc: what cannot be told is not said.
if [ "$(id -u)" = 0 ]; then
    for words in "why /tmp" "status" "clean" "with -- true" "bench --scenario no_pressure --samples 1 --no-save" "umount /tmp" "lazy"; do
        # shellcheck disable=SC2086
        out=$(unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' - "$drainctl" $words 2>&1 9>&-)
        same $? 4
        says "/proc/self/"
        says "mount -t proc proc /proc"
    done
    out=$(unshare -m sh -c 'mount -t tmpfs none /dev && exec "$@"' - "$drainctl" with -- true 2>&1 9>&-)
    same $? 4
    says "/dev/null: No such file or directory"
    # No place in /tmp: another is found.
    out=$(env -u TMPDIR unshare -m sh -c 'mount -t tmpfs -o ro none /tmp && exec "$@"' - "$drainctl" bench --scenario no_pressure --samples 1 --policy persb --no-save 2>&1 9>&-)
    same $? 0
fi
exit 0
