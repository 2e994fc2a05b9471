#!/usr/bin/env bash
# Shared by the tests of drainctl's commands. Usage: source lib.sh; the test's first argument is the drainctl to test.
set -u
drainctl=$(readlink -f "$1")
here=$(mktemp -d "${TMPDIR:-/tmp}/drainlab-cli-XXXXXX")
export XDG_RUNTIME_DIR=$here/run XDG_STATE_HOME=$here/state
mkdir -m 0700 "$XDG_RUNTIME_DIR"
for name in ${!DRAINLAB_@}; do unset "$name"; done

tidy_up() {
    cd /
    [ -z "${stopped_daemon:-}" ] || kill -CONT "$stopped_daemon" 2>/dev/null
    exec 9>&- 2>/dev/null
    "$drainctl" stop --timeout 10s >/dev/null 2>&1
    for socket in "$here"/*.sock "$here"/*/*.sock; do
        [ -O "$socket" ] && "$drainctl" stop --timeout 10s --socket "$socket" >/dev/null 2>&1
    done
    "$drainctl" clean >/dev/null 2>&1
    umount -l "$here"/far "$here"/*/p 2>/dev/null
    rm -rf --one-file-system "$here"
}
trap tidy_up EXIT

# Whether the machine can run it at all; "cannot run here, because ..." is 77.
if ! "$drainctl" doctor --quiet; then
    "$drainctl" doctor | grep '^fail'
    exit 77
fi

fail() {
    echo "FAILED: $*" >&2
    [ -z "${out:-}" ] || printf 'it said:\n%s\n' "$out" >&2
    tail -n 20 "$XDG_RUNTIME_DIR"/drainlab/*.log 2>/dev/null >&2
    exit 1
}

# expect CODE WORDS...: runs drainctl, wants this exit code, keeps what it said in $out.
expect() {
    local want=$1
    shift
    out=$(timeout 60 "$drainctl" "$@" 2>&1 9>&-)
    local code=$?
    [ "$code" = "$want" ] || fail "drainctl $*: exit $code, not $want"
}

# prints CODE WORDS...: as expect, but $out is what went to stdout alone.
prints() {
    local want=$1
    shift
    out=$(timeout 60 "$drainctl" "$@" 2>"$here/stderr" 9>&-)
    local code=$?
    [ "$code" = "$want" ] || fail "drainctl $*: exit $code, not $want: $(cat "$here/stderr")"
}

# says TEXT: $out contains it.
says() { case $out in *"$1"*) ;; *) fail "nothing is said of \"$1\"" ;; esac; }

# value EXPRESSION: of the JSON in $out, as python sees it in `j`.
# What a sanitizer says of a stack that it does not know (a child that shares our memory until it runs another program) is not of drainctl.
value() { printf '%s' "$out" | sed '/^==[0-9]*==WARNING: ASan is ignoring/,/^For details see/d' | python3 -c "import json, sys; j = json.load(sys.stdin); print($1)" || fail "no JSON with $1"; }

same() { [ "$1" = "$2" ] || fail "\"$1\" is not \"$2\"${3:+ ($3)}"; }

# soon TEST...: the condition holds within 10 s.
soon() {
    for _ in $(seq 200); do
        eval "$*" && return
        sleep 0.05
    done
    fail "not within 10 s: $*"
}

drainfs_here() { grep -c "$here.* fuse.drainfs " /proc/self/mountinfo; }  # of this test: others may run beside it
ours() { grep -c " $1 .* fuse.drainfs " /proc/self/mountinfo; }  # how many drainfs mounts are on a directory
alive() { [ -d "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }  # a zombie is not
asleep() { soon '[ "$(cat /proc/'"$1"'/comm)" = sleep ]'; }  # a child is no longer the shell that became it
end() { # ends a child and takes note
    kill "$1"
    wait "$1" 2>/dev/null
    true
}
in_userns() { ! grep -qE "^ *0 +0 +4294967295$" /proc/self/uid_map; }
now_ms() { date +%s%3N; }
daemon_pid() { "$drainctl" status --json "$@" | python3 -c 'import json, sys; print(json.load(sys.stdin)["daemon"]["pid"])'; }

# ext4_on DIR SIZE: an ext4 of its own is mounted there, on a loop device; thawed and taken away at the end. Skips where it cannot be had.
ext4_on() {
    truncate -s "$2" "$here/image"
    mkfs.ext4 -q -F "$here/image" && mount -o loop "$here/image" "$1" || { echo "cannot run here: no mkfs.ext4, or no loop device"; exit 77; }
    own_ext4=$1
    trap 'fsfreeze -u "$own_ext4" 2>/dev/null; umount -l "$own_ext4" 2>/dev/null; tidy_up' EXIT
}

new_dir() { mkdir -p "$here/$1" && echo "$here/$1"; }
