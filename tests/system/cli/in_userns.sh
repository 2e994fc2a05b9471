#!/usr/bin/env bash
# in_userns.sh TEST.sh DRAINCTL: the same test as root of a user namespace, with a mount namespace of its own.
if ! unshare -Urm true 2>/dev/null; then
    echo "cannot run here: user namespaces cannot be made"
    exit 77
fi
exec unshare -Urm bash "$1" "$2"
