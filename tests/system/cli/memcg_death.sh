#!/usr/bin/env bash
# How a cgroup's death is seen is what is told: inotify, and poll once a watch could not be had.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
[ "$(id -u)" = 0 ] || exit 77
if [ -z "${in_namespace:-}" ]; then
    unshare -Urm true 2>/dev/null || { echo "cannot run here: user namespaces cannot be made"; exit 77; }
    in_namespace=1 exec unshare -Urm bash "$0" "$1"
fi
. "$(dirname "$0")/lib.sh"
cgroups=$(awk '$(NF - 2) == "cgroup2" { print $5; exit }' /proc/self/mountinfo)
group=$cgroups/drainlab-test-$$
[ -n "$cgroups" ] && mkdir "$group" 2>/dev/null || { echo "cannot run here: no cgroup can be made"; exit 77; }
trap 'rmdir "$group" "$group-2"; tidy_up' EXIT
mkdir "$group-2"
d=$(new_dir a)
said() {
    out=$("$drainctl" status --json)
    value 'j["daemon"]["memcg_death"]'
}
write_from() { sh -c 'echo $$ > "$1/cgroup.procs" && echo x > "$2"' sh "$1" "$2" || fail "cannot write from $1"; }

expect 0 mount "$d" --linger 30s
expect 0 status --json
[ "$(value 'j["daemon"]["identity"]')" = cgroup ] || { echo "cannot run here: callers are told by session"; exit 77; }
same "$(said)" inotify
write_from "$group" "$d/one"
same "$(said)" inotify "its watch could be had"
expect 0 stop
# From now on no watch can be had.
echo 0 > /proc/sys/user/max_inotify_watches || { echo "cannot run here: the limit cannot be set"; exit 77; }
expect 0 mount "$d" --linger 30s
write_from "$group-2" "$d/two"
same "$(said)" poll "a watch could not be had"
expect 0 status
says "memcg death by the exit of its members"
expect 0 stop
