#!/bin/sh
# Checks the Promela models with spin: which must fail and which must not. Exit 77 where spin or a C compiler is missing.
set -eu
command -v spin >/dev/null || { echo "spin is not installed (Debian package spin)"; exit 77; }
command -v gcc >/dev/null || { echo "gcc is not installed"; exit 77; }
models=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp "$models"/*.pml .

# errors MODEL [-D...]: the number of errors that an exhaustive search finds.
errors() {
    model=$1
    shift
    rm -f pan*
    spin -a "$@" "$model" >spin.log || { cat spin.log >&2; exit 1; }
    gcc -w -O1 -DSAFETY -DREACH -o pan pan.c
    ./pan -m20000 >pan.log
    grep -q "max search depth too small" pan.log && { echo "search depth too small" >&2; exit 1; }
    sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.log
}

status=0
# expect safe|violates MODEL [-D...]
expect() {
    wanted=$1
    shift
    found=$(errors "$@")
    if [ "$found" = 0 ]; then got=safe; else got=violates; fi
    echo "$*: $got"
    [ "$got" = "$wanted" ] || { echo "  expected: $wanted" >&2; status=1; }
}

expect violates base.pml
expect safe base.pml -DWITH_RCU
expect violates base.pml -DWITH_RCU -DNO_SMP_MB_UMOUNT
expect violates base.pml -DWITH_RCU -DNO_SMP_MB_SWITCH
expect safe persb.pml
expect violates persb.pml -DNO_SMP_MB_SWITCH
expect violates persb.pml -DNO_SMP_MB_UMOUNT
expect violates persb.pml -DTEST_ONCE
expect violates persb.pml -DUNPIN_FIRST
for mode in EXPEDITED ON_DEMAND DEFERRED; do
    expect safe mounts.pml -D$mode
    expect safe mounts.pml -D$mode -DWITH_FILE
    expect violates mounts.pml -D$mode -DWITH_FILE -DNO_GP
    expect violates mounts.pml -D$mode -DMKFS          # a walk in the way: mainline, too
done
expect safe mounts.pml -DEXPEDITED -DMKFS -DALONE
expect safe mounts.pml -DON_DEMAND -DMKFS -DALONE
expect violates mounts.pml -DDEFERRED -DMKFS -DALONE
expect violates mounts.pml -DON_DEMAND -DWITH_FILE -DTWO_IS_FREE
expect violates mounts.pml -DON_DEMAND -DNO_RECHECK
exit $status
