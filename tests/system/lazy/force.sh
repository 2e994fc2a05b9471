#!/usr/bin/env bash
# umount -f of a busy mount cuts its connection, and drainfs takes the dead name away a moment later: that name, not the next mount
# on the same directory, which has got the same device number.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/../cli/lib.sh"
[ "$(id -u)" = 0 ] || { echo "umount -f needs root"; exit 77; }
d=$(new_dir a)

# The states of a mount that is not gone.
state_of() { "$drainctl" status --json | python3 -c "import json, sys; print(*[m['state'] for m in json.load(sys.stdin)['mounts'] if m['name'] == '$1' and m['state'] != 'gone'])"; }
cut_while_held() {
    exec 8< "$d"
    umount -f "$d" 2> /dev/null && fail "umount -f of a busy mount went through"
    exec 8<&-
}

# Nobody else takes it: drainfs does.
expect 0 mount "$d" --name alone --linger 60s
cut_while_held
soon '[ "$(ours "$d")" = 0 ]'
soon '[ -z "$(state_of alone)" ]'

# We take it ourselves, and mount again at once. Whether the daemon looks in between is a matter of milliseconds: five rounds.
for i in 1 2 3 4 5; do
    expect 0 mount "$d" --name first$i
    cut_while_held
    umount "$d" || [ "$(ours "$d")" = 0 ] || fail "the dead name cannot be unmounted"
    expect 0 mount "$d" --name second$i
    echo still > "$d/file"
    soon '[ -z "$(state_of first$i)" ]'
    same "$(state_of second$i)" live
    same "$(ours "$d")" 1
    same "$(cat "$d/file")" still
    umount "$d" || fail "the second mount does not go"
done
