#!/usr/bin/env bash
# run.sh go|python|shell BINDIR: the tests of one client, with the programs in BINDIR.
set -euo pipefail
clients=$(cd "$(dirname "$0")/../../../controller/clients" && pwd)
export DRAINCTL=$2/drainctl
skip() { echo "skipped: $*"; exit 77; }
why=$("$DRAINCTL" doctor 2>&1) || skip "$(grep '^fail' <<<"$why" || echo "$why")"
case $1 in
    go)
        command -v go >/dev/null || skip "no go (package golang-go)"
        cd "$clients/go"
        test -z "$(gofmt -l .)" || { echo "gofmt: $(gofmt -l .)"; exit 1; }
        export GOCACHE=$TMPDIR/gocache GOFLAGS=-mod=mod GOPROXY=off
        go vet ./...
        go test -count=1 ./...
        ;;
    python)
        /usr/bin/python3 -c 'import pytest' 2>/dev/null || skip "no pytest (package python3-pytest)"
        export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$clients/python
        /usr/bin/python3 -m pytest -p no:cacheprovider -q -rs "$clients/python/tests" | tee "$TMPDIR/said"
        ! grep -q skipped "$TMPDIR/said"
        ;;
    shell) sh "$clients/shell/test.sh" ;;
esac
