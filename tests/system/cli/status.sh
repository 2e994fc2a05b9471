#!/usr/bin/env bash
# What status says of mounts that are not idle, of other daemons, of what a killed daemon leaves; and a delay that cannot work is refused.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034
. "$(dirname "$0")/lib.sh"
d=$(new_dir a) e=$(new_dir b) copy=$(new_dir copy)
activity() { value "next((m['activity'] for m in j['mounts'] if m['name'] == '$1'), 'no such mount')$2"; }

# Idle: nothing more is said. In use: by whom, and where it is mounted besides.
expect 0 mount "$d" --name vol --linger 20s
prints 0 status --json
same "$(activity vol '')" None
expect 0 mount "$e" --name other --socket "$here/other.sock" --linger 20s
exec 9>"$d/held"
bound=
if mount --bind "$d" "$copy" 2>/dev/null; then bound=yes; fi
prints 0 status
says "held by pid $$ (bash): an open file: $d/held"
[ -z "$bound" ] || says "also mounted: bind mount $copy"
says "another daemon of ours: pid $(daemon_pid --socket "$here/other.sock") on $here/other.sock: $e"
prints 0 status --json
same "$(value "[(d['socket'], [m['name'] for m in d['mounts']]) for d in j['other_daemons'] if d['socket'].startswith('$here/')]")" "[('$here/other.sock', ['other'])]"
same "$(activity vol "['since_ns']")" None "nobody knows since when a file is open"

# Detached: it waits for who holds it, since then; its copies are said to be that.
expect 0 detach "$d"
prints 0 status
says "its name is gone: it waits for who still holds it, since "
says "held by pid $$ (bash)"
[ -z "$bound" ] || says "also mounted: bind mount $copy"
prints 0 status --json
same "$(activity vol "['since_ns'] > 0")" True
[ -z "$bound" ] || umount "$copy"

# Dying: what its shutdown waits for, and who waits with it. The hold is taken back while it is what the unmount waits for.
exec 9>&-
expect 0 wait name:vol --state dead --timeout 20s
expect 0 mount "$d" --name slow
expect 0 hold "$d" --by drain --for 50s
umount "$d" &
waiting=$!
expect 0 wait slow --state dying --timeout 20s
if [ -d "/proc/$waiting" ]; then # where the gate holds it
    prints 0 status
    says "it waits for its shutdown to end, since "
    says "umount slow waits for "
    says "unmounted by pid $waiting (umount)"
fi
expect 0 hold slow --by drain --clear 9>&-
wait $waiting || fail "umount: exit $?"
expect 0 wait slow --state gone --timeout 20s

# A daemon that was killed says nothing any more, not even when its mount was dead.
expect 0 mount "$d" --name orphan
kill -KILL "$(daemon_pid)"
soon 'stat "$d" 2>&1 | grep -q "not connected"'
expect 0 umount "$d"
says "its daemon was killed, when it died is not known"
case $out in *"dead after"*) fail "a time is told" ;; esac
expect 0 clean

# Where no unmount can wait, a slow one is refused, unless it is said that only `drainctl umount` will wait.
without_gate() { # CODE WORDS...
    local want=$1
    shift
    out=$(timeout 60 python3 "$(dirname "$0")/deny.py" ustat -- "$drainctl" "$@" 2>&1)
    local code=$?
    [ $code != 77 ] || { echo "not tried: a slow unmount without a gate: $out"; return 1; }
    [ $code = "$want" ] || fail "without ustat: drainctl $*: exit $code, not $want"
}
if without_gate 4 with --umount-delay 1s -- true; then
    says "an unmount cannot be made slow here"
    says "--umount-wait api"
    without_gate 0 with -- true
    without_gate 0 with --umount-delay 1ms --umount-wait api -- true
    without_gate 4 mount "$d" --umount-delay 1s --socket "$here/bare.sock"
    same "$(ours "$d")" 0 "left mounts"
    without_gate 0 mount "$d" --umount-delay 300ms --umount-wait api --socket "$here/bare.sock"
    expect 0 hold "$d" --by drain --for 1ms --socket "$here/bare.sock"
    says "\`drainctl umount\` waits and nobody else"
    before=$(now_ms)
    expect 0 umount "$d" --socket "$here/bare.sock"
    [ $(($(now_ms) - before)) -ge 300 ] || fail "drainctl umount did not wait"
fi
exit 0
