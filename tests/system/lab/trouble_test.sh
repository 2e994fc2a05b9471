#!/usr/bin/env bash
# `drainctl lab` in trouble: guests that panic, hang, lack a module; full disks at every step; Ctrl-C. One line says what
# happened, the console's last lines follow, nothing is left behind. No QEMU is needed: fake-qemu.sh plays the guest.
set -euo pipefail
drainctl=$1
here=$(mktemp -d)
tests=$(cd "$(dirname "$0")" && pwd)
here_tools=$tests/../../../workloads/lab
mounted=()
cleanup() {
    for dir in "${mounted[@]}"; do umount -l "$dir" 2>/dev/null || true; done
    rm -rf "$here"
}
trap cleanup EXIT
export DRAINLAB_LAB_CACHE=$here/cache DRAINLAB_QEMU=$tests/fake-qemu.sh TMPDIR=$here
unset XDG_CACHE_HOME DRAINLAB_DATA_DIR
failed=0
complain() { echo "$*"; failed=1; }

: >"$here/bzImage"
printf 'CONFIG_%s=y\n' CGROUP_WRITEBACK MEMCG KPROBE_EVENTS SERIAL_8250_CONSOLE DEVTMPFS BLK_DEV_RAM EXT4_FS >"$here/config"
run=("$drainctl" lab --accel icount --kernel "$here/bzImage" --scenario no_pressure --samples 4 --json "$here/out.json")

# expect CODE WORDS COMMAND...: exit code, and a line that has the words
expect() {
    local code=$1 words=$2 rc=0
    shift 2
    said=$(timeout 100 "$@" 2>&1 </dev/null) || rc=$?
    [ "$rc" -eq "$code" ] || complain "$*: exit $rc instead of $code: $said"
    grep -qF -- "$words" <<<"$said" || complain "$*: it does not say \"$words\": $said"
}

# ---- guests ----
FAKE_GUEST=fine expect 0 no_pressure "${run[@]}"
FAKE_GUEST=panic expect 125 'before its first word; its console: [    1.1] Kernel panic - not syncing: No working init found.' "${run[@]}"
grep -qF 'Linux version 6.0-test' <<<"$said" || complain "the console's last lines are missing: $said"
grep -qF "$here/cache/logs/bzImage.console" <<<"$said" || complain "the kept console is not named: $said"
[ -s "$here/cache/logs/bzImage.console" ] || complain "the console was not kept"
FAKE_GUEST=oops expect 125 'the guest ended before it was done; its console: [    2.1] BUG: kernel NULL pointer dereference' "${run[@]}"
FAKE_GUEST=module expect 125 'the guest gives up: no RAM disks: the kernel has neither CONFIG_BLK_DEV_RAM nor a module brd' "${run[@]}"
FAKE_GUEST=loud expect 125 'QEMU says: qemu-system-x86_64: could not load kernel: Exec format error' "${run[@]}"
# Of two kernels that fail both are told.
FAKE_GUEST=panic expect 125 'lab: two: the guest ended' "$drainctl" lab --accel icount --kernel "one=$here/bzImage,two=$here/bzImage" --scenario no_pressure --samples 4
grep -qF 'lab: one: the guest ended' <<<"$said" || complain "the first kernel's failure is lost: $said"

# ---- Ctrl-C: what was measured is kept, the guest ends ----
FAKE_GUEST=half env --default-signal=INT timeout 60 "${run[@]}" >"$here/said" 2>&1 </dev/null &
lab=$!
for _ in $(seq 100); do
    child=$(pgrep -f "fake-qemu.sh .*$here/bzImage" | head -1 || true)
    [ -n "$child" ] && grep -qs sample "$here"/drainlab-lab-*/protocol && break
    sleep 0.3
done
sleep 0.3 # until the sample has been read
kill -INT "$lab"
rc=0
wait "$lab" || rc=$?
[ "$rc" -eq 130 ] || complain "Ctrl-C: exit $rc instead of 130: $(cat "$here/said")"
[ -n "$child" ] && ! kill -0 "$child" 2>/dev/null || complain "Ctrl-C: the guest goes on"
jq -e '.complete == false and .cells[0].samples == 1' "$here/out.json" >/dev/null || complain "Ctrl-C: what was measured is not kept"

# ---- full disks: needs a mount of its own ----
if mount -t tmpfs -o size=1m drainlab-test "$here/full" 2>/dev/null || { mkdir -p "$here/full" && mount -t tmpfs -o size=1m drainlab-test "$here/full" 2>/dev/null; }; then
    mounted+=("$here/full")
    free_all() { rm -rf "${here:?}"/full/*; }
    fill() { head -c 10000000 /dev/zero >"$here/full/ballast" 2>/dev/null || true; }
    # ... while the initramfs is built: before, and in the middle of it
    fill
    TMPDIR=$here/full FAKE_GUEST=fine expect 4 "$here/full/drainlab-lab-" "${run[@]}"
    grep -qE 'No space left on device|is full' <<<"$said" || complain "a full TMPDIR is not named: $said"
    free_all
    TMPDIR=$here/full FAKE_GUEST=fine expect 4 "$here/full/drainlab-lab-" "${run[@]}"
    grep -qE 'No space left on device|is full' <<<"$said" || complain "a full TMPDIR is not named: $said"
    free_all
    # ... while a guest runs
    mount -o remount,size=32m "$here/full"
    TMPDIR=$here/full FAKE_GUEST=full expect 125 "the disk of $here/full" "${run[@]}"
    free_all
    # ... while a package is unpacked into the cache
    mount -o remount,size=1m "$here/full"
    mkdir -p "$here/package/DEBIAN" "$here/package/boot"
    printf 'Package: linux-image-test\nVersion: 1\nArchitecture: amd64\nMaintainer: nobody\nDescription: test\n' >"$here/package/DEBIAN/control"
    head -c 4000000 /dev/urandom >"$here/package/boot/vmlinuz-test"
    dpkg-deb --build "$here/package" "$here/test.deb" >/dev/null
    DRAINLAB_LAB_CACHE=$here/full expect 4 "the disk of $here/full is full" "$drainctl" lab --kernel "$here/test.deb" --scenario no_pressure
    [ ! -e "$here/full/kernels/linux-image-test/vmlinuz" ] || complain "half a kernel is left in the cache"
    free_all
    # ... before anything is fetched: nothing is asked of the network
    nowhere=http://127.0.0.1:9
    DRAINLAB_LAB_CACHE=$here/full DRAINLAB_DEBIAN_MIRROR=$nowhere/debian/ DRAINLAB_DEBIAN_SECURITY_MIRROR=$nowhere/debian-security/ \
        expect 4 "the disk of $here/full/apt is full" "$here_tools/fetch-kernels" linux-image-6.12.95+deb12-cloud-amd64
    [ "$(wc -l <<<"$said")" -eq 1 ] || complain "a full disk takes more than a line: $said"
    free_all
    mount -o remount,size=30m "$here/full"
    DRAINLAB_LAB_CACHE=$here/full FAKE_GUEST=fine expect 0 no_pressure "$drainctl" lab --accel icount --kernel "$here/test.deb" --scenario no_pressure --samples 4
else
    echo "full disks are left out: no tmpfs can be mounted here"
fi
# ... and no package at all
echo x >"$here/no.deb"
expect 2 'no Debian package' "$drainctl" lab --kernel "$here/no.deb" --scenario no_pressure

# ---- an archive that has lost packages: apt knows their names still, the modules go before the kernel ----
mkdir "$here/apt"
printf '#!/bin/sh\n' >"$here/apt/apt-get"
cat >"$here/apt/apt-cache" <<'SH'
#!/bin/sh
all="linux-image-6.12.9+deb12-cloud-amd64 linux-image-6.12.10+deb12-cloud-amd64 linux-binary-6.19.14+deb13-cloud-amd64
linux-binary-7.3.4+deb13-cloud-amd64 linux-modules-7.3.4+deb13-cloud-amd64"
shift 2
[ "$1" = policy ] || { printf '%s\n' $all linux-modules-6.19.14+deb13-cloud-amd64 linux-image-6.12.11+deb12-cloud-amd64; exit; }
shift
for name; do
    case " "$(echo $all)" " in *" $name "*) there=1-1 ;; *) there='(none)' ;; esac
    printf '%s:\n  Installed: (none)\n  Candidate: %s\n' "$name" "$there"
done
SH
chmod +x "$here"/apt/*
# gone PACKAGE MISSING NEAREST
gone() {
    DRAINLAB_DEBIAN_MIRROR=$here DRAINLAB_DEBIAN_SECURITY_MIRROR=$here PATH=$here/apt:$PATH \
        expect 4 "the archive has no $2; the nearest kernel is $3" "$here_tools/fetch-kernels" "$1"
}
if [ -r /usr/share/keyrings/debian-archive-keyring.gpg ]; then
    gone linux-image-6.12.11+deb12-cloud-amd64 linux-image-6.12.11+deb12-cloud-amd64 linux-image-6.12.10+deb12-cloud-amd64
    gone linux-binary-6.19.14+deb13-cloud-amd64 linux-modules-6.19.14+deb13-cloud-amd64 linux-binary-7.3.4+deb13-cloud-amd64
    gone linux-image-8.0.1+deb13-cloud-amd64 linux-binary-8.0.1+deb13-cloud-amd64 linux-binary-7.3.4+deb13-cloud-amd64
    gone linux-image-6.12.95+deb12-cloud-amd64 linux-image-6.12.95+deb12-cloud-amd64 "linux-image-6.18.12+deb13-cloud-amd64 (also base)"
fi

if ls -d "$here"/drainlab-lab-* "$here"/cache/fetch.* 2>/dev/null; then complain "temporary folders are left"; fi
exit $failed
