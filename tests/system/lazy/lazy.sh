#!/usr/bin/env bash
# lazy: the demonstration holds what it says, as text, JSON and picture.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/../cli/lib.sh"
[ "$(id -u)" = 0 ] || { echo "unmounting needs root"; exit 77; }

expect 0 lazy --svg "$here/lazy.svg" --json "$here/lazy.json"
says "5. the holder is killed"
case $out in *"NOT SO"*) fail "a claim is not so" ;; esac
python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$here/lazy.svg" || fail "the picture is no XML"
out=$(cat "$here/lazy.json")
same "$(value 'j["schema"], j["fine"], [s["id"] for s in j["steps"]]')" "drainlab.lazy/1 True ['free', 'fd', 'cwd', 'second', 'crash']"
same "$(value 'min(len(s["claims"]) for s in j["steps"]) >= 3')" True
! grep -q "$XDG_RUNTIME_DIR" /proc/self/mountinfo || fail "a mount is left"
[ -z "$(find "$XDG_RUNTIME_DIR/drainlab" -mindepth 1)" ] || fail "files are left: $(find "$XDG_RUNTIME_DIR/drainlab")"
expect 2 lazy --delay 1ms
says "--delay"
expect 2 lazy --svg /nowhere/at/all.svg
says "--svg"
