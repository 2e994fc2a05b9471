#!/usr/bin/env bash
# In a user namespace, where nobody is root outside: mount, umount(8), with.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
if ! unshare -Urm true 2>/dev/null; then
    echo "cannot run here: user namespaces cannot be made"
    exit 77
fi
d=$(new_dir a)
export drainctl d
unshare -Urm sh -euc '
    "$drainctl" mount "$d" --umount-delay 300ms >/dev/null
    echo x > "$d/f"
    sleep 100 > "$d/g" & holder=$!
    sleep 0.1
    code=0
    "$drainctl" umount "$d" 2>/dev/null || code=$?
    [ $code = 16 ]
    kill $holder; wait $holder || true
    "$drainctl" umount "$d" --retry 5s >/dev/null
    "$drainctl" mount "$d" >/dev/null
    umount "$d"
    "$drainctl" stop >/dev/null
    [ "$("$drainctl" with -- sh -c "echo hi > \$DRAINLAB_DIR/f; cat \$DRAINLAB_DIR/f")" = hi ]
' || fail "in a user namespace: exit $?"
