#!/usr/bin/env bash
# Clients of the control socket that send anything, hang up, or take every descriptor: each is answered or forgotten, the daemon lives.
# shellcheck source=tests/system/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
dir=$(new_dir d)

(ulimit -n 4096 && exec "$drainctl" mount "$dir" --linger 60s --json) >"$here/mount" || fail "mount: $(cat "$here/mount")"
pid=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["pid"])' "$here/mount")
socket=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["socket"])' "$here/mount")

PYTHONPATH=$(dirname "$0") python3 - "$socket" "$pid" <<'PY' || fail "see above"
import resource, sys
from api import *
path, pid = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))

# Bodies and targets that are no text, too deep, too large, not HTTP: all answered.
deep = b'{"a":' * 90000 + b"1" + b"}" * 90000
for body in (deep, b"[" * 500000, b'{"dir":"/\xff"}', b'{"dir":"/\xed\xa0\x80"}', b"\xff" * 1000, b"{", b'{"dir":' + b"9" * 5000 + b"}"):
    status, answer = ask(path, "POST", "/mounts", body)
    assert status == 400 and answer["error"]["message"], (body[:20], status)
for method, target in (("PATCH", "/mounts/1"), ("POST", "/mounts/1/hold"), ("POST", "/mounts/1/umount"), ("PUT", "/policy"), ("PUT", "/widen"), ("POST", "/stop")):
    assert ask(path, method, target, deep)[0] == 400, target
    assert ask(path, method, target, b'{"\xff":1}')[0] == 400, target
for target in ("/mounts/%ff", "/mounts/1/wait?state=%c3%28&timeout_ms=1", "/%ed%a0%80", "nowhere", "/mounts/1/wait?%fe=1"):
    assert ask(path, "GET", target)[0] == 400, target
s = connect(path); s.sendall(b"\x16\x03\x01 nonsense\r\n\r\n"); assert read(s)[0] == 400; s.close()
s = connect(path); s.sendall(b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\n\r\n"); assert read(s)[0] == 400; s.close()
s = connect(path); s.sendall(b"POST /mounts HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"); assert read(s)[0] == 413; s.close()
assert ask(path, "GET", "/health")[1]["pid"] == pid

# A client that ends only its own side is answered.
s = send(path, "GET", "/mounts/1/wait?state=dead&timeout_ms=200"); s.shutdown(socket.SHUT_WR)
assert read(s)[0] == 408; s.close()

# Three thousand waits that nobody will hear the end of leave nothing: no descriptor, no wait. Nor do readers of /events.
before = descriptors(pid)
for round in range(3):
    clients = [send(path, "GET", "/mounts/1/" + what) for what in ("wait?state=dead&timeout_ms=3600000", "wait_switch?timeout_ms=3600000") for _ in range(500)]
    clients += [send(path, "GET", "/events") for _ in range(100)]
    soon(lambda: descriptors(pid) >= before + 1000, "the waits are not there")
    for c in clients: c.close()
    soon(lambda: descriptors(pid) <= before + 2, "%d descriptors stay" % (descriptors(pid) - before))
waits = [t for t in ask(path, "GET", "/waiting")[1]["tasks"] if t["task"] == "wait_switch"]
assert not waits, waits

# With every descriptor taken by clients who say nothing, the next one is answered all the same, and the mount works.
silent = [connect(path) for _ in range(2048 + 6)]
status, answer = ask(path, "GET", "/health")
assert status == 200 and answer["pid"] == pid, status
assert (status := ask(path, "GET", "/mounts/1/wait?state=dead&timeout_ms=3000")[0]) == 503, status
for c in silent: c.close()
soon(lambda: descriptors(pid) <= before + 2, "silent clients stay")
assert ask(path, "GET", "/mounts/1/wait?state=dead&timeout_ms=1")[0] == 408
PY

# The process itself without a free descriptor: the kept one answers, and the loop does not spin.
prlimit --pid "$pid" --nofile=$(($(ls "/proc/$pid/fd" | wc -l) + 1)):4096
PYTHONPATH=$(dirname "$0") python3 - "$socket" "$pid" <<'PY' || fail "see above"
import sys
from api import *
path, pid = sys.argv[1], int(sys.argv[2])
def cpu():
    words = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return int(words[11]) + int(words[12])
silent = [connect(path) for _ in range(8)]
for _ in range(5):
    status, answer = ask(path, "GET", "/health")
    assert status == 200 and answer["pid"] == pid, status
before = cpu(); time.sleep(1)
assert cpu() - before < 50, "%d ticks of 100 used while nothing was asked" % (cpu() - before)
for c in silent: c.close()
PY
prlimit --pid "$pid" --nofile=4096:4096
echo text >"$dir/file" || fail "the mount does not work any more"
expect 0 umount "$dir"
expect 0 stop
alive "$pid" && fail "the daemon is still there"
exit 0
