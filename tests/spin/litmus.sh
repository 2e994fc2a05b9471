#!/bin/sh
# scripts/litmus writes files whose form passes its own check, and the check refuses broken ones.
set -eu
litmus=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$litmus" "$work" | grep -q "15 files, form is right"
grep -L "Result: \(Never\|Sometimes\)" "$work"/*.litmus | grep . && exit 1
refused() {
    cp "$work/persb-pin-active.litmus" "$work/broken.litmus"
    sed -i "$1" "$work/broken.litmus"
    if "$litmus" --check "$work" >/dev/null; then echo "not refused: $1"; exit 1; fi
    rm "$work/broken.litmus"
}
refused '1s/.*/C another/'
refused '1s/.*/C broken/; s/smp_mb();/smp_mb()/'
refused '1s/.*/C broken/; /^exists/d'
refused '1s/.*/C broken/; s/ \* Result.*//'
refused '1s/.*/C broken/; 0,/^}$/{/^}$/d}'
if "$litmus" --check "$work/none" 2>/dev/null; then echo "an empty directory passed"; exit 1; fi
