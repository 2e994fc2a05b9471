#!/usr/bin/env bash
# Stands for QEMU: says on the two serial ports that it is given what a guest in trouble says ($FAKE_GUEST), then ends or spins.
[ "${1:-}" != --version ] || { echo "QEMU emulator version 10.0.2 (test)"; exit 0; }
for word; do
    case $word in
        file,id=console,path=*) console=${word#*path=} ;;
        file,id=protocol,path=*) protocol=${word#*path=} ;;
    esac
done
hello() { echo '{"what":"hello","schema":"drainlab.guest/1","release":"6.0-test","version":"#1","cpus":4,"virtual_ns":1}' >>"$protocol"; }
policy() { echo '{"what":"policy","policy":"persb","era":"worker","calls":[]}' >>"$protocol"; }
ready() { echo '{"what":"ready","virtual_ns":2,"hz":250,"probes":20}' >>"$protocol"; }
sample() {
    printf '{"what":"sample","scenario":"no_pressure","i":%d,"status":0,"umount_ns":3000000,"drain_calls":1,"waits":0,"drain_ns":100,"synchronize_ns":0,"barrier_ns":0,"flush_ns":0,"expedited_ns":0,"sync_ns":0,"evict_ns":0,"cpu_ns":1000,"busy_inodes":false}\n' "$1" >>"$protocol"
}
bye() { echo '{"what":"bye","virtual_ns":3}' >>"$protocol"; }
says() { printf '%s\r\n' "$@" >>"$console"; }
spin() { while :; do :; done; }
says '[    0.0] Linux version 6.0-test'
case ${FAKE_GUEST:-} in
    panic) says '[    1.1] Kernel panic - not syncing: No working init found.' '[    1.1] reboot: Restarting' ;;
    oops) hello; says '[    2.1] BUG: kernel NULL pointer dereference, address: 0000000000000000' '[    2.1] Kernel panic - not syncing: Fatal exception' ;;
    silent) spin ;;
    hang) hello; policy; spin ;;
    module) hello; echo '{"what":"error","text":"no RAM disks: the kernel has neither CONFIG_BLK_DEV_RAM nor a module brd"}' >>"$protocol"; spin ;;
    half) hello; policy; ready; sample 0; spin ;;
    full)
        hello
        yes 'something is said again and again' 2>/dev/null | head -c 40000000 >>"$console" 2>/dev/null
        spin ;;
    loud) echo 'qemu-system-x86_64: could not load kernel: Exec format error' >&2; exit 1 ;;
    fine) hello; policy; ready; for i in 0 1 2 3; do sample "$i"; done; bye ;;
esac
