#!/bin/sh
# The published background load with the published tools: a shell makes a cgroup, a subshell joins it and runs
# dd if=/dev/zero of=FILE bs=4k count=256 conv=notrunc oflag=sync, the cgroup is removed, and so on.
# Ends at end-of-file on standard input, or at SIGTERM.
usage="usage: drainlab-dd-burner FILE (--cgroup-root DIR | --session) [--writes N]"
file= root= session= writes=256
while [ $# -gt 0 ]; do
    case $1 in
        --cgroup-root) root=$2; shift ;;
        --session) session=1 ;;
        --writes) writes=$2; shift ;;
        --help) echo "$usage"; exit 0 ;;
        -*) echo "unknown word '$1'
$usage" >&2; exit 2 ;;
        *) file=$1 ;;
    esac
    shift
done
if [ -z "$file" ] || { [ -z "$root" ] && [ -z "$session" ]; }; then echo "$usage" >&2; exit 2; fi

n=0 group='' writer='' watcher=''
finish() {
    trap '' TERM INT HUP
    [ -n "$writer" ] && kill -KILL "$writer" 2>/dev/null
    [ -n "$writer" ] && wait "$writer" 2>/dev/null
    [ -n "$watcher" ] && kill -KILL "$watcher" 2>/dev/null
    [ -n "$group" ] && rmdir "$group" 2>/dev/null
    exit "${1:-0}"
}
trap 'finish 0' TERM INT HUP

# The lifeline. It must not be the shell itself: it would have to choose between reading and waiting for dd.
exec 3<&0
(trap - TERM INT HUP; while read -r _ <&3; do :; done; kill -TERM $$ 2>/dev/null) >/dev/null 2>&1 &
watcher=$!

# Names of cgroups tell for good whose they are: pid, start time, pid namespace.
read -r stat </proc/$$/stat
set -- ${stat##*) }
space=$(readlink /proc/self/ns/pid)
space=${space#*[}
maker=$(printf "%d-%x-%x" $$ "${20}" "${space%]}")

while :; do
    if [ -n "$session" ]; then
        setsid dd if=/dev/zero of="$file" bs=4k count="$writes" conv=notrunc oflag=sync 2>/dev/null 3<&- &
    else
        group=$root/drainlab-$maker-$n
        mkdir "$group" || finish 1
        sh -c 'echo $$ >"$1/cgroup.procs" &&
            exec dd if=/dev/zero of="$2" bs=4k count="$3" conv=notrunc oflag=sync' \
            sh "$group" "$file" "$writes" 2>/dev/null 3<&- &
    fi
    writer=$!
    wait "$writer" || { writer=''; echo "drainlab-dd-burner: dd failed on $file" >&2; finish 1; }
    writer=''
    [ -n "$group" ] && { rmdir "$group" || finish 1; group=''; }
    n=$((n + 1))
done
