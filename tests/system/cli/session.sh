#!/usr/bin/env bash
# Where cgroup v2 cannot be used, a caller's session stands for its cgroup: chosen by itself, said, and it lives and dies.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
if ! unshare -Urm true 2>/dev/null; then
    echo "cannot run here: user namespaces cannot be made"
    exit 77
fi
if [ -z "${in_namespace:-}" ]; then
    in_namespace=1 unshare -Urm bash "$0" "$drainctl"
    exit
fi

# Out of sight, whatever is mounted where.
while read -r where; do
    mount -t tmpfs none "$where" || fail "cannot cover $where"
done < <(awk '$(NF - 2) == "cgroup2" { print $5 }' /proc/self/mountinfo)
d=$(new_dir a)

counters() { # EXPRESSION: of the memcgs
    out=$("$drainctl" status --json)
    value "j['counters']['memcgs']$1"
}

out=$("$(dirname "$drainctl")/drainfs" --socket "$here/strict.sock" --identity cgroup 2>&1)
same "$?" 4 "the daemon refuses --identity cgroup here"
says "--identity cgroup"
expect 0 mount "$d" --linger 20s
expect 0 status
says "identity session"
says "memcg death by the exit of its members"
expect 0 status --json
same "$(value 'j["daemon"]["identity"]')" session
touch "$d/ours"
before=$(counters '["online"]')

mkfifo "$here/go"
setsid sh -c 'echo theirs > "$1/theirs"; read -r _ < "$2/go"' sh "$d" "$here" &
soon '[ "$(counters "[\"online\"]")" = $((before + 1)) ]'
echo > "$here/go"
wait
soon '[ "$(counters "[\"online\"]")" = "$before" ]'
expect 0 umount "$d"
expect 0 stop
