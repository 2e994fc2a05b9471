#!/usr/bin/env bash
# Who holds a mount, for each kind that a process's descriptors, directories and mappings do not show.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
command -v python3 > /dev/null || exit 77
trap 'kill $(jobs -p) 2> /dev/null; undo; tidy_up' EXIT
loop=''
undo() {
    [ ! -e "$d/swap" ] || swapoff "$d/swap" 2> /dev/null
    [ -z "$loop" ] || losetup -d "$loop"
    umount -l "$here/overlay" "$here/ns" 2> /dev/null
}
d=$(new_dir a)
mkdir "$here/overlay" "$here/b"
expect 0 mount "$d" --linger 60s

# python CODE: runs in the background until killed, once it has said that it holds.
python() {
    rm -f "$here/ready"
    PYTHONUNBUFFERED=1 python3 -c "
import array, ctypes, os, socket, sys, threading, time
d = '$d'
$1
open('$here/ready', 'w').write('x')
time.sleep(1000)" &
    holder=$!
    soon '[ -s "$here/ready" ]'
}
# busy WORDS...: umount says exit 16 and all of these words; then the holder ends.
busy() {
    expect 16 umount "$d"
    local words
    for words in "$@"; do says "$words"; done
    kill -9 "$holder" 2> /dev/null
    wait "$holder" 2> /dev/null || true
}

python "os.chdir(d); s = socket.socket(socket.AF_UNIX); s.bind('a socket'); os.chdir('/')"
busy "pid $holder (python3): a bound Unix socket: a socket (fd"  # bound by a relative path

python "a, b = socket.socketpair(); fd = os.open(d, os.O_RDONLY)
a.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))]); os.close(fd)"
busy "1 descriptor waits to be received from socket fd" "of pid $holder (python3)"

# A thread with a file table and a directory of its own; its process has neither.
python "
def alone():
    ctypes.CDLL(None).unshare(0x400 | 0x200); os.chdir(d)
    open('$here/ready', 'w').write('x'); time.sleep(1000)
os.close(0); threading.Thread(target=alone, daemon=True).start()
while not os.path.exists('$here/ready'): time.sleep(0.01)"
busy "working directory: $d (thread"

# A process of another pid namespace is named with the pid that it calls itself; from inside of one, what is outside cannot be seen.
if unshare -pf true 2> /dev/null; then
    unshare -pf sh -c 'sleep 1000 > "$1/file" & echo > "$2"; wait' sh "$d" "$here/inside" &
    soon '[ -e "$here/inside" ]'
    asleep '$(pgrep -P $(pgrep -P $!))'
    expect 16 umount "$d"
    says "(sleep): an open file: $d/file (pid 2 in its own pid namespace)"
    out=$(unshare -pf --mount-proc "$drainctl" why "$d" 2>&1)
    says "we are in a pid namespace: processes outside of it cannot be seen"
    kill -9 $(pgrep -P $!)
    wait $! 2> /dev/null
    soon '"$drainctl" why "$d" | grep -q "nobody holds it"'
fi

cp "$(command -v sleep)" "$d/prog"
"$d/prog" 1000 &
holder=$!
soon '[ "$(readlink /proc/$holder/exe)" = "$d/prog" ]'
busy "pid $holder (prog): the program it runs: $d/prog"

if truncate -s 8M "$d/img" && loop=$(losetup -f --show "$d/img" 2> /dev/null); then
    busy "loop device $loop: its backing file is $d/img"
    losetup -d "$loop"
fi
loop=''

# A file open through a bind copy: that one is named, and does not block.
if mount --bind "$d" "$here/b" 2> /dev/null; then
    sleep 1000 > "$here/b/file" &
    holder=$!
    asleep $holder
    expect 0 umount "$d" --lazy
    says "bind mount $here/b"
    says "an open file: $here/b/file"
    end $holder
    umount "$here/b"
    soon '! grep -q " fuse.drainfs " /proc/self/mountinfo'
    expect 0 mount "$d" --linger 60s
fi

if touch "$d/ns" && mount --bind /proc/self/ns/uts "$d/ns" 2> /dev/null; then
    expect 16 umount "$d"
    says "a namespace bound as a file on $d/ns (uts:["
    umount "$d/ns"
fi

if mkdir "$d/in" && mount -t tmpfs inner "$d/in" 2> /dev/null; then
    expect 16 umount "$d"
    says "tmpfs mounted on $d/in"
    umount "$d/in"
fi

# What no descriptor shows: a file registered with an io_uring. Its holder may have gone, and the ring not yet.
if holder=$("$drainctl" hold "$d" --by io-uring --for 60s --detach 2> /dev/null); then
    expect 16 umount "$d"
    says "pid $holder (drainctl): a file registered with its io_uring: $d"
    kill "$holder"
    soon '"$drainctl" why "$d" | grep -q "nobody holds it"'
fi

# An overlay has a copy of the mount its layer is on: the name can go, and the rest is named.
mkdir "$here/low"
if mount -t overlay o -o "ro,lowerdir=$d:$here/low" "$here/overlay" 2> /dev/null; then
    expect 0 umount "$d" --lazy
    says "overlay on $here/overlay: a lower layer is $d"
    umount "$here/overlay"
    soon '! "$drainctl" status --json | grep -q "\"detached\""'
    expect 0 mount "$d" --linger 60s
    touch "$d/ns"
fi

# A copy in a mount namespace that no process is in: a descriptor keeps it, then a file.
python "
r, w = os.pipe()
child = os.fork()
if child == 0:
    ctypes.CDLL(None).unshare(0x20000); ctypes.CDLL(None).mount(None, b'/', None, 0x44000, None)
    os.write(w, b'x'); time.sleep(1000)
os.read(r, 1)
kept = os.open(f'/proc/{child}/ns/mnt', os.O_RDONLY)
os.kill(child, 9); os.waitpid(child, 0)
" 2> /dev/null
ns=$(readlink "/proc/$holder/fd/"* | sed -n 's/^mnt:\[\(.*\)\]$/\1/p')
if [ "$(readlink /proc/self/ns/mnt)" != "mnt:[$ns]" ]; then
    expect 0 umount "$d" --lazy
    says "mount namespace $ns: $d (kept by a descriptor of pid $holder)"
    kill -9 "$holder"; wait "$holder" 2> /dev/null || true
else
    kill -9 "$holder"; wait "$holder" 2> /dev/null || true
    expect 0 umount "$d"
fi
