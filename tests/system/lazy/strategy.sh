#!/usr/bin/env bash
# bench --strategy: what each way of unmounting gives, on real mounts; and what is refused.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/../cli/lib.sh"
[ "$(id -u)" = 0 ] || { echo "unmounting needs root"; exit 77; }

expect 0 bench --strategy all --samples 16 --held-share 1 --held-for 200ms --retry-tries 2 --retry-initial 1ms --seed 3 --json "$here/json"
says "async-pool"
out=$(cat "$here/json")
same "$(value 'j["schema"], j["complete"], j["run"]["umount"]')" "drainlab.result/1 True syscall"
same "$(value '[c["strategy"]["name"] for c in j["cells"]]')" "['sync', 'lazy', 'retry', 'async-pool']"
same "$(value 'set((c["scenario"], c["samples"], c["strategy"]["held"]) for c in j["cells"])')" "{('strategy', 16, 16)}"
same "$(value 'all(len(c["umount_ns"]) == 16 and not c["violations"] for c in j["cells"])')" True
# What nobody lets go in time: sync is refused, lazy is not and leaves a backlog, two tries are not enough, and then it is detached.
same "$(value 'j["cells"][0]["strategy"]["success_rate"] < 1')" True
same "$(value 'j["cells"][0]["strategy"]["unmounted"] + j["cells"][0]["strategy"]["left_mounted"]')" 16
same "$(value 'j["cells"][1]["strategy"]["success_rate"], j["cells"][1]["strategy"]["backlog"]["max"] > 1')" "1.0 True"
same "$(value 'j["cells"][1]["strategy"]["dead_ms"]["max"] > j["cells"][1]["strategy"]["return_ms"]["max"]')" True
same "$(value 'j["cells"][2]["strategy"]["success_rate"], j["cells"][2]["strategy"]["fell_back"] > 0')" "1.0 True"
same "$(value 'j["cells"][2]["strategy"]["retry"]["tries"], j["cells"][2]["strategy"]["workers"]')" "2 None"
same "$(value 'j["cells"][3]["strategy"]["workers"], j["cells"][3]["strategy"]["backlog"]["max"] > 0')" "4 True"

# The same holders, no last resort: what is left mounted is counted, and not left behind.
prints 0 bench --strategy retry --samples 8 --held-share 1 --held-for 200ms --retry-tries 1 --retry-then fail --json -
same "$(value 'j["cells"][0]["strategy"]["left_mounted"] > 0, j["cells"][0]["strategy"]["fell_back"]')" "True 0"
# Nobody holds anything.
prints 0 bench --strategy sync --samples 8 --held-share 0 --json -
same "$(value 'j["cells"][0]["strategy"]["held"], j["cells"][0]["strategy"]["success_rate"]')" "0 1.0"
! grep -q "$XDG_RUNTIME_DIR" /proc/self/mountinfo || fail "a mount is left"
[ -z "$(find "$XDG_RUNTIME_DIR/drainlab" -mindepth 1)" ] || fail "files are left: $(find "$XDG_RUNTIME_DIR/drainlab")"

expect 2 bench --strategy lazyy
says 'did you mean "lazy"?'
expect 2 bench --strategy sync --scenario lazy_free
says "--scenario"
expect 2 bench --strategy sync --retry-initial 1s --retry-max 10ms
says "--retry-max 10ms"
expect 2 bench --strategy sync --policy base,persb
says "one --policy"
