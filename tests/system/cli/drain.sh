#!/usr/bin/env bash
# The drain's length is in the unmount's; a waiting umount can be given up and killed.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
d=$(new_dir a)

expect 0 mount "$d" --umount-delay 500ms --linger 5s
before=$(now_ms)
expect 0 umount "$d"
[ $(($(now_ms) - before)) -ge 500 ] || fail "the delay was not waited for"

expect 0 mount "$d"
expect 0 hold "$d" --by drain --for 600ms
before=$(now_ms)
if "$drainctl" status --json | grep -q '"umount_wait": "gate"'; then
    umount "$d" || fail "umount(8): exit $?"
    [ $(($(now_ms) - before)) -ge 600 ] || fail "umount(8) did not wait for the hold"
else
    expect 0 umount "$d"
fi

expect 0 mount "$d"
expect 0 hold "$d" --by drain --for 600ms --json
same "$(value 'j["armed"]')" True
expect 0 hold "$d" --by drain --clear
expect 0 umount "$d" --json
same "$(value 'j["phases_ms"]["drained"] - j["phases_ms"]["drain_begins"] < 600')" True "a hold taken back does not hold"

expect 0 mount "$d"
expect 0 hold "$d" --by drain --for 1500ms
expect 124 umount "$d" --timeout 400ms --json
same "$(value 'j["result"]')" timed_out
same "$(value 'j["phase"]')" drain_begins
soon '[ "$(ours "$d")" = 0 ]'
soon '! "$drainctl" status | grep -q dying'

expect 0 mount "$d"
expect 0 hold "$d" --by drain --for 4s
"$drainctl" umount "$d" 2>/dev/null &
waiting=$!
expect 0 wait "$d" --state drain_begins --timeout 10s
before=$(now_ms)
kill -KILL $waiting && wait $waiting 2>/dev/null
[ $(($(now_ms) - before)) -lt 1000 ] || fail "a waiting drainctl could not be killed"
soon '[ "$(ours "$d")" = 0 ]'

# A hold is taken back while the unmount that it holds is waiting, and its name has gone.
expect 0 mount "$d"
expect 0 hold "$d" --by drain --for 50s
"$drainctl" umount "$d" >/dev/null &
waiting=$!
expect 0 wait "$d" --state drain_begins --timeout 10s
before=$(now_ms)
expect 0 hold "$d" --by drain --clear
wait $waiting || fail "the unmount that was held"
[ $(($(now_ms) - before)) -lt 20000 ] || fail "held in spite of --clear"
exit 0
