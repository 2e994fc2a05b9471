# Functions for shell tests: `. drainlab.sh`. DRAINCTL names drainctl, else it is looked for in PATH. Every function fails as the
# command that it runs does. drainlab_begin comes first; everything goes when the script ends, or is killed.

# Exits with 77 (skipped), saying why, where drainlab cannot run. Then gives the script a daemon of its own.
drainlab_begin() {
    "${DRAINCTL:=drainctl}" doctor --quiet || { "$DRAINCTL" doctor 2>&1 | grep '^fail' || echo "no drainctl"; exit 77; } >&2
    drainlab_control=$(mktemp -d) && export DRAINLAB_SOCKET="$drainlab_control/d.sock" && trap drainlab_end EXIT && trap 'exit 129' HUP INT TERM
}
# drainlab_mount DIR [options of `drainctl mount`]: goes with this shell, also when it is killed.
drainlab_mount() { "$DRAINCTL" mount "$@" --with-pid $$ --own-directory "$drainlab_control" >/dev/null; }
# drainlab_hold DIR KIND: busy until drainlab_release PID; prints the pid.
drainlab_hold() { "$DRAINCTL" hold "$1" --by "$2" --for 1h --detach; }
drainlab_release() { kill "$1" && while kill -0 "$1" 2>/dev/null; do sleep 0.02; done; }
# drainlab_wait DIR STATE [TIMEOUT]: detached, drained, dead; also when the name is gone.
drainlab_wait() { "$DRAINCTL" wait "$1" --state "$2" --timeout "${3:-60s}" >/dev/null; }
# drainlab_is_mounted DIR: told by the mount table, without asking the mount.
drainlab_is_mounted() { awk -v d="$1" '$5 == d {found = 1} END {exit !found}' /proc/self/mountinfo; }
drainlab_end() { "$DRAINCTL" stop >/dev/null 2>&1; "$DRAINCTL" clean >/dev/null 2>&1; rm -rf "$drainlab_control"; }
