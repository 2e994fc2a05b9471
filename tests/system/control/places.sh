#!/usr/bin/env bash
# Places where no mount may go, and a mount point behind a file system that does not answer: refused with the reason, and nobody waits.
# shellcheck source=tests/system/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
dir=$(new_dir d) other=$(new_dir other) store=$(new_dir stores/s) socket=$here/sock/d.sock log=$here/logs/log
mkdir "$here/sock" "$here/logs"
drainfs=$(dirname "$drainctl")/drainfs
"$drainfs" --socket "$socket" --linger 0 --log "$log" 9>&- &
pid=$!
api() { curl -sS --max-time 20 --unix-socket "$socket" -X "$1" "http://d$2" ${3:+-d "$3"}; }
soon 'api GET /health >/dev/null 2>&1'
api POST /mounts "{\"dir\":\"$other\",\"store\":\"$store\",\"name\":\"other\"}" | grep -q '"state":"live"' || fail "the first mount"

mounted_on() { awk -v dir="$1" '$5 == dir && / - fuse\.drainfs / {n++} END {exit !n}' /proc/self/mountinfo; }
# refused DIR REASON
refused() {
    out=$(api POST /mounts "{\"dir\":\"$1\"}")
    says "$2"
    case $out in *'"error":{'*) ;; *) fail "$1 was mounted on" ;; esac
    ! mounted_on "$1" || fail "$1 is mounted"
}
mounted_on "$other" || fail "a mount is not seen"
refused / "it would cover everything"
refused /proc "it would cover /proc"
refused /proc/sys "file system of the kernel (proc)"
refused /sys "it would cover /sys"
refused /dev "it would cover /dev/fuse"
refused "$(dirname "$(readlink -f "$drainfs")")" "the programs of drainlab"
refused "$here/sock" "the control socket"
refused "$here" "it would cover"
refused "$(dirname "$here")" "it would cover"
refused "$here/logs" "the log of this daemon"
refused "$store" "the store of 'other'"
refused "$here/stores" "the store of 'other'"
for cgroups in $(awk '$9 ~ /cgroup/ {print $5} $10 ~ /cgroup/ {print $5}' /proc/self/mountinfo | sort -u); do
    refused "$cgroups" "cgroup"
done
# A directory that has been renamed is still the daemon's.
mv "$here/sock" "$here/moved"
socket=$here/moved/d.sock
refused "$here/moved" "the control socket"
mv "$here/moved" "$here/sock"
socket=$here/sock/d.sock

# Somebody else covers the directory of the socket: the record is still written where it belongs.
if [ "$(id -u)" = 0 ] && mount -t tmpfs none "$here/sock" 2>/dev/null; then
    umount "$other"
    umount "$here/sock"
    soon 'tail -n 1 "$here/sock/d.state" | grep -q gone'
fi

# A mount point behind a stopped FUSE daemon: the asker is told within its time; others, and the socket, go on meanwhile.
if [ "$(id -u)" = 0 ]; then
    slow=$(new_dir slow)
    python3 "$(dirname "$0")/stuck_fuse.py" "$slow" 2>"$here/stuck" &
    stuck=$!
    soon 'grep -q " $slow .* fuse.stuck " /proc/self/mountinfo || ! alive $stuck'
    if alive $stuck; then
        began=$(now_ms)
        api POST /mounts "{\"dir\":\"$slow/below\"}" >"$here/answer" & asker=$!
        began_health=$(now_ms)
        api GET /health >/dev/null || fail "the socket is deaf"
        api POST /mounts "{\"dir\":\"$dir\"}" | grep -q '"state":"live"' || fail "another mount does not go on"
        [ $(($(now_ms) - began_health)) -lt 4000 ] || fail "they waited for the stuck mount point"
        wait $asker
        grep -q "does not answer" "$here/answer" || fail "$(cat "$here/answer")"
        [ $(($(now_ms) - began)) -lt 15000 ] || fail "it took $(($(now_ms) - began)) ms"
        kill -KILL $stuck
        wait $stuck 2>/dev/null
        umount -l "$slow"
    else
        cat "$here/stuck" >&2
        fail "no stuck file system could be made"
    fi
fi
kill -TERM $pid
wait $pid || fail "exit code $?: $(cat "$log")"
[ ! -e "$socket" ] || fail "the socket is left"
exit 0
