#!/usr/bin/env bash
# What scripts/with-timeout promises: the command's exit code, an end to what hangs, and nothing left behind.
set -uo pipefail
with_timeout=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

check() {  # check WHAT CONDITION...
    local what=$1
    shift
    if "$@"; then echo "ok: $what"; else echo "FAILED: $what ($*)"; sed 's/^/    /' "$work/said"; failures=$((failures + 1)); fi
}

run() {  # run ARGUMENTS...: sets code and seconds; what it said is in $work/said, what the command printed in $work/out
    local began=$SECONDS
    "$with_timeout" "$@" >"$work/out" 2>"$work/said"
    code=$?
    seconds=$((SECONDS - began))
}

said() { grep -q -- "$1" "$work/said"; }
gone() {  # a killed orphan may stay a zombie until init has seen to it
    for _ in $(seq 100); do kill -0 "$1" 2>/dev/null || return 0; sleep 0.05; done
    return 1
}

run 20 -- sh -c 'exit 7'
check "the command's exit code is kept" [ "$code" -eq 7 ]

run 20 -- sh -c 'test -d "$TMPDIR" && test -d "$XDG_RUNTIME_DIR" && echo x >"$TMPDIR/file" && echo "$TMPDIR"'
check "the command has a directory of its own" [ "$code" -eq 0 ]
check "which is gone afterwards" [ ! -e "$(cat "$work/out")" ]

run 20 -- sh -c 'kill -SEGV $$'
check "a signal becomes 128 + its number" [ "$code" -eq 139 ]
check "and is named" said SIGSEGV

run 20 -- sh -c 'trap "" TERM HUP INT; setsid sleep 1000 & echo $!'
check "an orphan left behind is a failure" [ "$code" -eq 125 ]
check "is named" said 'left behind.*sleep 1000'
check "and is gone" gone "$(cat "$work/out")"

run 20 -- sh -c 'sleep 1 & exit 0'
check "an orphan that ends by itself in good time is none" [ "$code" -eq 0 ]

run 1 -- sh -c 'sleep 1000 & echo $!; wait'
check "what hangs ends with 124" [ "$code" -eq 124 ]
check "in good time" [ "$seconds" -lt 60 ]
check "telling what it was doing" said 'sleep 1000'
check "and where in the kernel" said 'wchan'
check "and is gone" gone "$(cat "$work/out")"

run 20 -- /nonexistent
check "a command that is not there ends with 127" [ "$code" -eq 127 ]
run 0 -- true
check "a limit of nothing is wrong usage" [ "$code" -eq 2 ]

if [ "$(id -u)" -eq 0 ]; then
    run 20 -- sh -c 'mkdir "$TMPDIR/m" && mount -t tmpfs none "$TMPDIR/m" && echo "$TMPDIR"'
    check "a mount left behind is a failure" [ "$code" -eq 125 ]
    check "is named" said 'left behind.*mount'
    check "and is gone" [ ! -e "$(cat "$work/out")" ]
fi

rm "$work/out"
"$with_timeout" 60 -- sh -c 'echo "$TMPDIR"; sleep 1000' >"$work/out" 2>"$work/said" &
wrapper=$!
until [ -s "$work/out" ]; do kill -0 "$wrapper" || break; sleep 0.05; done
kill -TERM "$wrapper"
wait "$wrapper"
code=$?
check "SIGTERM ends it with 143" [ "$code" -eq 143 ]
check "and cleans up" [ ! -e "$(cat "$work/out")" ]

[ "$failures" -eq 0 ]
