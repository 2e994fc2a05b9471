#!/usr/bin/env bash
# The option reference in docs/ is the one that the table of options gives: options_md.sh REFERENCE SOURCE_DIR
set -eu
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
DRAINLAB_DATA_DIR=$2/workloads "$1" all "$out"
diff -u "$2/docs/options.md" "$out/options.md" || {
    echo "FAILED: docs/options.md is old; build drainlab-reference, then: DRAINLAB_DATA_DIR=workloads $1 all DIR && cp DIR/options.md docs/" >&2
    exit 1
}
