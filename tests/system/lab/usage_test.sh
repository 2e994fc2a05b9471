#!/usr/bin/env bash
# What `drainctl lab` refuses, without booting anything: exit code and the words that name what is wrong.
set -euo pipefail
drainctl=$1
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
export DRAINLAB_LAB_CACHE=$here/cache TMPDIR=$here
failed=0

# expect CODE WORDS drainctl-arguments...
expect() {
    local code=$1 words=$2 said rc=0
    shift 2
    said=$("$drainctl" lab "$@" 2>&1 </dev/null) || rc=$?
    if [ "$rc" -ne "$code" ] || ! grep -qF -- "$words" <<<"$said"; then
        echo "lab $*: exit $rc instead of $code, or it does not say \"$words\":"
        echo "$said"
        failed=1
    fi
}

# A QEMU that only has a version.
qemu() {
    printf '#!/bin/sh\n[ "$1" != --version ] || echo "QEMU emulator version %s (test)"\n' "$1" >"$here/qemu"
    chmod +x "$here/qemu"
    export DRAINLAB_QEMU=$here/qemu
}

expect 0 'no kernel in' --list
expect 2 '--kernel is missing'
expect 2 'isw_queued=1ms' --kernel x --widen isw_queued=1ms
expect 2 'isw_prepared=1h' --kernel x --widen isw_prepared=1h
expect 2 'shared_bdi' --kernel x --scenario shared_bdi
expect 2 'no scenario "idle_cros"' --kernel x --scenario idle_cros
expect 2 '--accel' --kernel x --accel xen
expect 2 '--samples' --kernel x --samples 0
qemu 10.0.2
expect 2 'nonsense: neither a file nor deb:PACKAGE nor boot' --kernel nonsense
expect 2 'arch/x86/boot/bzImage' --kernel "$here"
: >"$here/bzImage"
printf 'CONFIG_CGROUP_WRITEBACK=y\nCONFIG_MEMCG=y\nCONFIG_KPROBE_EVENTS=y\nCONFIG_SERIAL_8250_CONSOLE=y\nCONFIG_DEVTMPFS=y\n' >"$here/config"
expect 125 'CONFIG_BLK_DEV_RAM is not set' --accel icount --kernel "$here/bzImage"
printf 'CONFIG_BLK_DEV_RAM=m\nCONFIG_EXT4_FS=y\nCONFIG_HZ=1000\n' >>"$here/config"
expect 125 'its module brd.ko was not found' --accel icount --kernel "mine=$here/bzImage"
sed -i 's/RAM=m/RAM=y/' "$here/config"
expect 125 'it ticks 1000 times a second, not 250' --accel icount --hz-expect 250 --kernel "$here/bzImage"
# This "QEMU" ends at once, without a word of a guest.
expect 125 'before its first word' --accel icount --kernel "$here/bzImage"
qemu 7.2.22
expect 4 'is QEMU 7.2.22, which does not boot 4 CPUs' --accel icount --kernel "$here/bzImage"
export DRAINLAB_QEMU=$here/nothing
expect 4 'scripts/setup lab' --kernel "$here/bzImage"
# Nothing is left behind.
if ls -d "$here"/drainlab-lab-* 2>/dev/null; then
    echo "a temporary folder is left"
    failed=1
fi
exit $failed
