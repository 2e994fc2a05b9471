#!/usr/bin/env bash
# Which mount is meant: a parent that is renamed, paths of any bytes and by the kernel's rules; what we inherit; a daemon that is stopped or leaving.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
state() { # of the newest mount
    out=$("$drainctl" status --json)
    value 'j["mounts"][-1]["state"]'
}

# The parent is renamed: it is found where it is.
mkdir -p "$here/a/m"
expect 0 mount "$here/a/m" --linger 30s
mv "$here/a" "$here/b"
same "$(state)" live
expect 0 umount "$here/b/m"
says dead
expect 0 mount "$here/b/m"
mv "$here/b" "$here/a"
expect 0 stop
same "$(ours "$here/a/m")" 0

# Any bytes: a name that is no text, control characters, a backslash; told the same way everywhere, and no line is forged.
for name in $'\xff' $'x\n2026-01-01T00:00:00.000 error forged\r\x1b[31m' 'back\slash' ' sp ace '; do
    mkdir "$here/$name"
    expect 0 mount "$here/$name" --linger 30s
    [ "$(printf '%s' "$out" | wc -l)" -le 1 ] || fail "the answer has more than one line"
    out=$("$drainctl" status --json)
    shown=$(value 'j["mounts"][-1]["dir"]')
    same "$(printf '%b.' "$shown")" "$here/$name." "the spelling is undone by printf %b"
    grep -qF "$(printf '%s' "$shown" | sed 's/\\/\\\\/g')" "$XDG_RUNTIME_DIR"/drainlab/*.state || fail "the state file says it otherwise"
    ! grep -q '^2026-01-01T00:00:00.000 error forged' "$XDG_RUNTIME_DIR"/drainlab/*.log || fail "a forged line"
    ! grep -q $'\x1b' "$XDG_RUNTIME_DIR"/drainlab/*.log || fail "an escape in the log"
    expect 0 umount "$here/$name"
done
expect 0 stop

# The kernel's rules: a symbolic link before "..", a trailing slash, a working directory that is gone.
mkdir -p "$here/far/away" "$here/far/here" "$here/here"
ln -s "$here/far/away" "$here/link"
expect 0 mount "$here/link/../here" --linger 30s
same "$(ours "$here/far/here")$(ours "$here/here")" 10
expect 0 umount "$here/link/../here/"
mkdir "$here/gone"
(cd "$here/gone" && rmdir "$here/gone" && "$drainctl" mount "$here/here" >/dev/null) || fail "from a directory that is gone"
same "$(ours "$here/here")" 1
expect 0 umount "$here/here"

# What we inherit: SIGCHLD ignored, TMPDIR and HOME that are gone, another locale.
same "$(bash -c 'trap "" CHLD; timeout 20 "$0" with -- sh -c "exit 7"; echo $?' "$drainctl")" 7 "SIGCHLD ignored"
env -u XDG_RUNTIME_DIR TMPDIR=/nonexistent HOME=/nonexistent "$drainctl" list >/dev/null || fail "TMPDIR that is gone"
# Nothing that is said gets lost without a word.
for words in "list" "status --json" "doctor" "--help" "umount --help"; do
    # shellcheck disable=SC2086
    "$drainctl" $words >/dev/full 2>/dev/null && fail "drainctl $words: exit 0 though nothing was written"
done

# A daemon that is stopped: every wait ends by its limit.
expect 0 mount "$here/here" --linger 30s
pid=$(daemon_pid)
stopped_daemon=$pid
kill -STOP "$pid"
began=$(now_ms)
expect 124 status
says "does not answer"
says "stopped"
expect 124 umount "$here/here" --timeout 1s
expect 124 stop --timeout 1s
[ $(($(now_ms) - began)) -lt 20000 ] || fail "took $(($(now_ms) - began)) ms"
kill -CONT "$pid"
expect 0 umount "$here/here"

# A start that meets a daemon about to leave.
expect 0 stop
for i in $(seq 40); do
    expect 0 mount "$here/here" --linger 1ms
    expect 0 umount "$here/here"
    # Nor is it an error to ask, or stop, one that is about to leave.
    case $((i % 4)) in 1 | 3) expect 0 stop ;; 2) expect 0 status ;; esac
done
expect 0 stop
