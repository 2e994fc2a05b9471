#!/usr/bin/env bash
# A build tree that is moved finds its data: together with its sources, and without any.
#   moved.sh DRAINCTL SOURCES
set -euo pipefail
bin=$(dirname "$1") sources=$2
unset DRAINLAB_DATA_DIR
export XDG_STATE_HOME=$TMPDIR/state
unshare -Urm true 2>/dev/null || { echo "cannot run here: no user namespaces, so the sources cannot be hidden"; exit 77; }
[ -e "$bin/../data/stamp" ] || { echo "the build made no copy of the data (target data_copy)"; exit 1; }

# The programs alone, and their data, as the build left them.
new=$TMPDIR/elsewhere/build/dev
mkdir -p "$new/bin"
cp "$bin"/drainctl "$bin"/drainfs "$bin"/drainfs-gate "$new/bin/"
cp -r "$bin/../data" "$new/data"

# What is asked for needs a profile, a scenario, a world and a reference. $1 is the folder that must be used: a profile of its own proves it.
works() {
    echo "hz = nonsense" >"$1/profiles/only-here.toml"
    "$new/bin/drainctl" list profiles | grep -q only-here || { echo "$1 is not where profiles are looked for"; return 1; }
    rm "$1/profiles/only-here.toml"
    "$new/bin/drainctl" sim --samples 2 --scenario no_pressure --compare published >/dev/null
    "$new/bin/drainctl" race --policy persb --world offline_one --preemptions 0 >/dev/null
    # The daemon looks for itself. Exit 4: no mounts here.
    "$new/bin/drainctl" doctor --quiet || return 0
    "$new/bin/drainctl" with --profile zero -- true
}
export -f works
export new

hidden="mount -t tmpfs none '$sources'; set -euo pipefail;"
unshare -Urm bash -c "$hidden works '$new/data'"
echo "without sources: fine"

mkdir -p "$TMPDIR/elsewhere/workloads"
for kind in profiles scenarios worlds reference; do cp -r "$sources/workloads/$kind" "$TMPDIR/elsewhere/workloads/"; done
works "$TMPDIR/elsewhere/workloads"
echo "with its sources beside, the old ones still there: fine"
unshare -Urm bash -c "$hidden works '$TMPDIR/elsewhere/workloads'"
echo "with its sources beside, the old ones gone: fine"

# Nothing anywhere: says where it looked.
rm -r "$new/data" "$TMPDIR/elsewhere/workloads"
if unshare -Urm bash -c "mount -t tmpfs none '$sources'; $new/bin/drainctl list profiles" 2>"$TMPDIR/said"; then
    echo "there can be no profiles"; exit 1
fi
grep -q "$new/share/drainlab" "$TMPDIR/said" && grep -q DRAINLAB_DATA_DIR "$TMPDIR/said" || { cat "$TMPDIR/said"; exit 1; }
