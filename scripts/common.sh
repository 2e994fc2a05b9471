# Sourced by the scripts: where we are, and how we build.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

step() { printf '\n==> [%s] %s\n' "$(date +%H:%M:%S)" "$*"; }

# Jobs at once: one per CPU we may use, fewer where memory is short (a Beast translation unit takes 1.2 GiB or so).
jobs() {
    local cpus memory
    cpus=$(nproc)
    memory=$(awk '/^MemAvailable:/ {print int($2 / 1258291)}' /proc/meminfo)
    echo $((memory < 1 ? 1 : memory < cpus ? memory : cpus))
}

# build PRESET [TARGET...]: configures once and builds; prints a line a minute at least.
build() {
    local preset=$1
    shift
    step "configure and build: $preset ($(jobs) jobs)"
    local said targets=()
    said=$(cmake --preset "$preset" 2>&1) || { printf '%s\n' "$said"; return 1; }
    [ $# -eq 0 ] || targets=(--target "$@")
    cmake --build --preset "$preset" -j "$(jobs)" "${targets[@]}" | if [ -t 1 ]; then cat; else thin_out; fi
}

# run_tests PRESET CTEST-WORDS...: the tests. Those that fail are tried once more, one after the other: who passes then is shaky, not broken. It
# is named here and in the sum of .ci/run, with what it printed the first time above, and counts as failed where DRAINLAB_STRICT is set.
run_tests() {
    local preset=$1 failed=build/$1/Testing/Temporary/LastTestsFailed.log shaky
    shift
    rm -f "$failed"
    ctest --preset "$preset" --no-tests=error "$@" </dev/null && return 0
    [ -s "$failed" ] || return 8
    shaky=$(cut -d: -f2 "$failed" | tr '\n' ' ')
    [ "$(wc -w <<<"$shaky")" -le 3 ] || return 8
    step "once more: $shaky"
    ctest --preset "$preset" --rerun-failed --no-tests=error </dev/null || return 8
    echo "shaky in $preset: ${shaky% } (failed, and passed when tried once more)" | tee -a "${DRAINLAB_SHAKY:-/dev/null}"
    [ -z "${DRAINLAB_STRICT:-}" ]
}

# Off a terminal: every 25th step, and everything that is not a step (warnings, errors). Not awk: Debian's holds lines back.
thin_out() {
    local line n=0
    while IFS= read -r line; do
        [[ $line =~ ^\[[0-9]+/[0-9]+\] ]] && ((n++ % 25 != 0)) && continue
        printf '%s\n' "$line"
    done
    return 0
}
