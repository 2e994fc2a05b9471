#!/usr/bin/env bash
# Under the seccomp profile that Debian's container engines use, ustat denied besides: doctor, with and bench come to the same, unmounts
# are said not to wait, and nothing is left.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034
. "$(dirname "$0")/lib.sh"
profile=/usr/share/containers/seccomp.json
[ -f "$profile" ] || { echo "cannot run here: no $profile (package golang-github-containers-common)"; exit 77; }
[ "$(id -u)" = 0 ] || { echo "cannot run here: not root"; exit 77; }
d=$(new_dir a)

under() { # CODE WORDS...: as in a container that may mount
    local want=$1
    shift
    out=$(timeout 100 python3 "$(dirname "$0")/deny.py" "$profile,ustat" -- "$drainctl" "$@" 2>&1 9>&-)
    local code=$?
    [ $code != 77 ] || { echo "cannot run here: $out"; exit 77; }
    [ $code = "$want" ] || fail "under the profile: drainctl $*: exit $code, not $want"
}

python3 "$(dirname "$0")/deny.py" "$profile" -- python3 -c 'import os, sys; sys.exit(os.getppid() == 0)' || fail "the profile does not let programs run"
under 0 doctor --quiet
under 0 doctor --json
same "$(value '[c["status"] for c in j["checks"] if c["id"] == "trial_mount"][0] in ("ok", "warn")')" True
under 0 with -- sh -c 'echo x >"$DRAINLAB_DIR/f" && cat "$DRAINLAB_DIR/f"'
under 0 with --umount-wait api --umount-delay 50ms -- true
under 4 with --umount-delay 50ms -- true
says "--umount-wait api"
under 0 bench --quick --samples 5 --scenario no_pressure --policy persb --no-save --json "$here/result.json"
same "$(python3 -c "import json, sys; print(json.load(open('$here/result.json'))['environment']['umount_wait'])")" api
under 0 mount "$d" --socket "$here/s.sock" --linger 5s
under 0 status --socket "$here/s.sock"
says "umount waits by api"
under 0 umount "$d" --socket "$here/s.sock"
under 0 stop --socket "$here/s.sock"
same "$(drainfs_here)" 0 "left mounts"
exit 0
