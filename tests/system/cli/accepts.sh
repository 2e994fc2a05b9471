#!/usr/bin/env bash
# What a live drainfs tells of an unmount with a switch in flight is a run of the model under its own policy, and under no wrong one.
# shellcheck source=tests/system/cli/lib.sh disable=SC2034,SC2016  # out is read by lib.sh
. "$(dirname "$0")/lib.sh"
d=$(new_dir a)
drainfs=$(dirname "$drainctl")/drainfs
[ -x "$drainfs" ] || { echo "no drainfs beside drainctl"; exit 77; }

# A machine whose grace periods are longer than any unmount's, so that a switch is still on its way when the drain begins.
cat > "$here/slow.toml" <<'P'
hz = 100
cpus = 4
gp_init = "100ms"
gp_cleanup = "100ms"
worker_wake = "100ms"
P

# Another session than the file's owner writes it, again and again, until a switch is queued; then it unmounts. Everything that
# /events says in the meantime is kept.
cat > "$here/record.py" <<'P'
import ctypes, json, os, socket, sys, threading
path, directory, trace, flags = sys.argv[1:5]
libc = ctypes.CDLL(None, use_errno=True)
def write_once():
    fd = os.open(directory + "/f", os.O_CREAT | os.O_RDWR, 0o644)
    os.pwrite(fd, os.urandom(1 << 18), 0)
    os.fsync(fd)
    os.close(fd)
owner = os.fork()
if owner == 0:
    os.setsid()
    write_once()
    os._exit(0)
os.waitpid(owner, 0)
stream = socket.socket(socket.AF_UNIX)
stream.connect(path)
stream.sendall(b"GET /events HTTP/1.1\r\nHost: drainfs\r\n\r\n")
lines = stream.makefile("rb")
while lines.readline().strip(): pass  # the head of the answer: from here on nothing is missed
queued, over = threading.Event(), threading.Event()
def listen():
    with open(trace, "w") as to:
        for line in lines:
            if not line.startswith(b"data:"): continue
            to.write(line.decode())
            to.flush()
            event = json.loads(line[5:])["event"]
            if event == "inode_switch_wbs_queue": queued.set()
            if event in ("dead", "connection_ended"): over.set()
            if event == "connection_ended": return
threading.Thread(target=listen, daemon=True).start()
for _ in range(2000):
    write_once()
    if queued.is_set(): break
else: sys.exit("no vote asked for a switch")
if libc.umount2(directory.encode(), int(flags)) != 0: sys.exit("umount2: " + os.strerror(ctypes.get_errno()))
if not over.wait(30): sys.exit("no end within 30 s")
P

# record POLICY FLAGS: a run of its own; its events in $trace. Until the switch was in flight when the drain began.
record() {
    trace=$here/$1.$2.jsonl
    for _ in 1 2 3 4 5 6; do
        "$drainfs" --socket "$here/d.sock" --identity session --profile "$here/slow.toml" --policy "$1" >"$here/d.log" 2>&1 9>&- &
        daemon=$!
        soon '[ -S "$here/d.sock" ]'
        expect 0 mount "$d" --name A --socket "$here/d.sock"
        setsid -w python3 "$here/record.py" "$here/d.sock" "$d" "$trace" "$2" || fail "nothing recorded: $(tail -n 3 "$here/d.log")"
        expect 0 stop --socket "$here/d.sock"
        wait $daemon
        python3 - "$trace" <<'P' && return
import json, sys
names = [json.loads(line[5:])["event"] for line in open(sys.argv[1])]
at = names.index("drain_begins") if "drain_begins" in names else 0
sys.exit(not (at and "inode_switch_wbs" in names[at:] and "dead" in names and "detached" in names[:at]))
P
    done
    fail "never a switch in flight at the drain: $(cat "$trace")"
}

# judged CODE OPTIONS...
judged() {
    local want=$1
    shift
    expect "$want" race --accepts "$trace" "$@"
}

for flags in 0 2; do
    record persb $flags
    judged 0 --policy persb
    says "A: accepted"
    judged 0 --policy persb --namespace-policy expedited
    says "A: accepted"
    [ $flags = 0 ] || continue
    for wrong in base rmbarrier rework; do
        judged 1 --policy $wrong
        says "A: rejected at $trace:"
    done
done
record base 0
judged 0 --policy base
judged 1 --policy persb
says "A: rejected at $trace:"
judged 1 --policy rmbarrier

# Of a trace that was tampered with, the first event that no run shows.
python3 - "$here/persb.0.jsonl" "$here/wrong.jsonl" <<'P'
import json, sys
lines = open(sys.argv[1]).readlines()
names = [json.loads(line[5:])["event"] for line in lines]
done, drained = names.index("inode_switch_wbs"), names.index("drained")
lines.insert(done, lines.pop(drained))
open(sys.argv[2], "w").writelines(lines)
P
trace=$here/wrong.jsonl
judged 1 --policy persb
says ": drained after"
says "persb shows inode_switch_wbs"
