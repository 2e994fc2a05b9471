#!/usr/bin/env bash
# A busy mount: exit 16 at once and who holds it; --retry waits for them.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
d=$(new_dir a)
expect 0 mount "$d"

sleep 1000 > "$d/file" &
holder=$!
asleep $holder
before=$(now_ms)
expect 16 umount "$d"
[ $(($(now_ms) - before)) -lt 5000 ] || fail "EBUSY took its time"
says "$d is busy"
says "pid $holder (sleep): an open file: $d/file"
same "$(ours "$d")" 1

expect 16 umount "$d" --json
same "$(value 'j["result"]')" busy
same "$(value 'j["error"]["code"]')" busy
same "$(value '[(h["kind"], h["pid"]) for h in j["holders"] if h["blocks_umount"]]')" "[('fd', $holder)]"
end $holder

(cd "$d" && exec sleep 1000) &
holder=$!
soon '[ "$(readlink /proc/$holder/cwd)" = "$d" ]'
expect 16 umount "$d"
says "working directory: $d"
end $holder

# A mapping alone, without a descriptor.
head -c 4096 /dev/zero > "$d/mapped"
python3 -c 'import mmap, os, sys, time
fd = os.open(sys.argv[1], os.O_RDONLY)
m = mmap.mmap(fd, 4096, prot=mmap.PROT_READ)
os.close(fd); [os.close(f) for f in range(3, 10) if os.path.exists(f"/proc/self/fd/{f}") and os.readlink(f"/proc/self/fd/{f}") == sys.argv[1]]
print("mapped", flush=True); time.sleep(1000)' "$d/mapped" > "$here/said" &
holder=$!
soon '[ -s "$here/said" ]'
expect 16 umount "$d"
says "a mapped file: $d/mapped"
end $holder

mkdir "$d/sub" && mount -t tmpfs none "$d/sub" 2>/dev/null && {
    expect 16 umount "$d"
    says "tmpfs mounted on $d/sub"
    umount "$d/sub"
}

sleep 0.7 > "$d/file" &
expect 0 umount "$d" --retry 20s
same "$(ours "$d")" 0
