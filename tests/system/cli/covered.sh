#!/usr/bin/env bash
# A mount that its own path does not lead to: covered, hidden, moved, renamed. What covers it is not ours to remove, and where it is, is said.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || exit 77
state() { # of the newest mount
    out=$("$drainctl" status --json)
    value "j['mounts'][-1]['$1']"
}
kill_daemon() {
    kill -9 "$(daemon_pid)"
    soon '! "$drainctl" status --json 2>/dev/null | grep -q "\"daemon\": {"'
}
tmpfs_on() { grep -c " $1 .* - tmpfs " /proc/self/mountinfo; }
here_only() { mount --make-private "$1"; }
mkdir "$here/far"
mount -t tmpfs t "$here/far" && here_only "$here/far" && cd / || exit 77
far=$here/far
mkdir -p "$far/d" "$far/e" "$far/p/q" "$here/other"

# Covered. Its companion ends: the tmpfs stays, ours goes as soon as nothing is on it.
sleep 1000 &
companion=$!
expect 0 mount "$far/d" --with-pid "$companion"
mount -t tmpfs t "$far/d"
end "$companion"
soon 'grep -q "mounted over it" "$XDG_RUNTIME_DIR"/drainlab/*.log'
same "$(tmpfs_on "$far/d")$(ours "$far/d")" 11 "the tmpfs stays"
expect 2 umount "$far/d"
says "covered by a tmpfs"
umount "$far/d"
soon '[ "$(ours "$far/d")" = 0 ]'
expect 0 stop

# Covered, and stop: what stays is said, with the reason; nothing of it is called held or detached.
expect 0 mount "$far/d" --linger 30s
mount -t tmpfs t "$far/d"
prints 16 stop --json
same "$(value '[(h["dir"], h["left"], h["holders"], h["draining"]) for h in j["held"]]')" \
    "[('$far/d', 'a tmpfs is mounted over it, on $far/d', [], False)]"
same "$(tmpfs_on "$far/d")$(ours "$far/d")" 11
expect 5 clean
says "$far/d is dead and lies beneath the tmpfs on $far/d"
same "$(tmpfs_on "$far/d")$(ours "$far/d")" 11
umount "$far/d"
expect 0 clean
says "removed mount $far/d"
same "$(ours "$far/d")" 0
expect 0 mount "$far/d" --linger 30s
mount -t tmpfs t "$far/d"
expect 16 stop
says "$far/d stays: a tmpfs is mounted over it, on $far/d"
case $out in *detached* | *"was held"*) fail "that did not happen" ;; esac
umount "$far/d"
expect 0 umount "$far/d"

# Covered by another of ours, from another daemon: each stops its own.
expect 0 mount "$far/d" --linger 30s
expect 2 mount "$far/d" --socket "$here/second.sock"
same "$(ours "$far/d")" 1
expect 0 stop

# Hidden behind one on its parent: the place is free, also for a daemon that has the path in its list.
expect 0 mount "$far/p/q"
mount -t tmpfs t "$far/p" && mkdir "$far/p/q"
expect 0 mount "$far/p/q"
same "$(ours "$far/p/q")" 2
expect 0 umount "$far/p/q"
prints 16 stop --json
same "$(value '[(h["dir"], h["left"]) for h in j["held"]]')" "[('$far/p/q', 'a tmpfs is mounted over it, on $far/p')]"
umount "$far/p"
same "$(ours "$far/p/q")" 1
expect 0 clean
same "$(ours "$far/p/q")" 0

# Moved: it lives, is told where it is, and goes from there; stop and clean find it.
expect 0 mount "$far/d" --linger 30s
mount --move "$far/d" "$far/e" || fail "move"
same "$(state state) $(state dir)" "live $far/e"
echo alive > "$far/e/f" || fail "it does not serve"
expect 0 umount "$far/e"
says dead
expect 0 mount "$far/d"
mount --move "$far/d" "$far/e"
expect 0 stop
same "$(ours "$far/d")$(ours "$far/e")" 00
expect 0 mount "$far/d"
mount --move "$far/d" "$far/e"
kill_daemon
expect 0 clean
says "removed mount $far/e"
same "$(ours "$far/e")" 0

# A directory above is renamed: umount, stop, and clean after a SIGKILL, at the first try.
for how in umount stop clean; do
    mkdir -p "$here/a/m"
    expect 0 mount "$here/a/m" --linger 30s
    mv "$here/a" "$here/b"
    same "$(state state) $(state dir)" "live $here/b/m"
    case $how in
        umount) expect 0 umount "$here/b/m" ;;
        stop) expect 0 stop ;;
        clean)
            kill_daemon
            expect 0 clean
            says "removed mount $here/b/m"
            ;;
    esac
    same "$(ours "$here/a/m")$(ours "$here/b/m")" 00 "$how"
    rm -r "$here/b"
done

# Nobody held it: its drain was not over.
expect 0 mount "$here/other" --umount-delay 30s --linger 30s
id=$(state id)
umount "$here/other" &
soon '"$drainctl" status --json | grep -q dying'
out=$(curl -s --unix-socket "$XDG_RUNTIME_DIR"/drainlab/*.sock http://x/stop -d '{"timeout_ms":200}')
same "$(value '[(h["dir"], h["left"], h["draining"]) for h in j["held"]]')" "[('$here/other', None, True)]"
wait
umount "$far"
