"""docs/openapi.json against the running daemon, and against docs/api.md: openapi.py DRAINCTL SOURCE_DIR

Every operation is called, each answer has to be as its schema says, each body that we send as well; what the description does not know is
missing from it. Exit 77: cannot run here.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

import api

try:
    import jsonschema
except ImportError:
    print("cannot run here: no python3-jsonschema")
    sys.exit(77)

drainctl, source = os.path.abspath(sys.argv[1]), sys.argv[2]
if subprocess.run([drainctl, "doctor", "--quiet"]).returncode:
    print("cannot run here: drainctl doctor says why")
    sys.exit(77)
document = json.load(open(os.path.join(source, "docs/openapi.json")))
called = set()


def check(value, schema, what):
    whole = dict(schema, components=document["components"])
    errors = list(jsonschema.Draft202012Validator(whole).iter_errors(value))
    assert not errors, "%s: %s at %s" % (what, errors[0].message, list(errors[0].absolute_path))


def operation(method, target):
    """The path of the description that is meant, the most literal one."""
    path = target.split("?")[0]
    fits = [p for p in document["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", p), path) and method in document["paths"][p]]
    assert fits, "%s %s is not described" % (method, target)
    return min(fits, key=lambda p: p.count("{"))


def call(method, target, body=None, want=200):
    path = operation(method, target)
    called.add((method, path))
    described = document["paths"][path][method]
    if body is not None and want < 400:
        check(body, described["requestBody"]["content"]["application/json"]["schema"], "the body of %s %s" % (method, target))
    status, answer = api.ask(socket, method.upper(), target, b"" if body is None else json.dumps(body).encode())
    what = "%s %s: %s" % (method, target, status)
    assert status == want, "%s, not %d: %s" % (what, want, answer)
    response = described["responses"].get(str(status)) or described["responses"]["default"]
    check(answer, response["content"]["application/json"]["schema"], what)
    return answer


def first_line(target):
    """Of an answer that is no JSON."""
    path = operation("get", target)
    called.add(("get", path))
    s = api.send(socket, "GET", target)
    try:
        head = s.recv(4096).decode()
    finally:
        s.close()
    kind = list(document["paths"][path]["get"]["responses"]["200"]["content"])[0]
    assert head.startswith("HTTP/1.1 200") and kind in head.lower(), head


def events(query, count):
    """The first `count` events of a stream."""
    s = api.send(socket, "GET", "/events" + query)
    text = b""
    try:
        while text.count(b"data: ") < count or not text.endswith(b"\n\n"):
            text += s.recv(65536)
    finally:
        s.close()
    return [json.loads(line[6:]) for line in text.decode().split("\n") if line.startswith("data: ")]


def same_as_api_md():
    """The table of docs/api.md and the description know the same operations."""
    text = open(os.path.join(source, "docs/api.md")).read()
    there = set()
    for method, path in re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`? ]*)", text):
        path = path.replace("/ID", "/{id}").rstrip(".,")
        there.add((method.lower(), path.split("[")[0]))
        if "[" in path:
            there.add((method.lower(), path.replace("[", "").replace("]", "").replace("/NAME", "/{name}")))
    ours = {(m, p) for p, methods in document["paths"].items() for m in methods}
    assert there == ours, "only in docs/api.md: %s; only in docs/openapi.json: %s" % (there - ours, ours - there)


def every_operation(directory):
    call("get", "/health")
    first, second = directory + "/a", directory + "/b"
    os.mkdir(first)
    os.mkdir(second)
    m = call("post", "/mounts", {"dir": first, "name": "a", "umount_delay_ms": 10, "device": {"latency_us": 5, "errors": [{"op": "read"}]},
                                 "faults": [{"op": ["read", "write"], "errno": "EIO", "times": 0}]}, 201)
    call("post", "/mounts", {}, 400)
    call("post", "/mounts", {"dir": directory + "/none"}, 400)
    with open(first + "/f", "w") as f:
        f.write("x" * 10000)
    target = "/mounts/%d" % m["id"]
    call("get", "/mounts")
    call("get", target)
    call("get", "/mounts/none", want=404)
    call("patch", target, {"policy": "persb", "device": {}})
    call("patch", target, {"policy": "none such"}, 400)
    for word in ("a", "name:a", "id:%d" % m["id"], m["dev"], "dev:" + m["dev"], first.replace("/", "%2F"), "dir:" + first.replace("/", "%2F")):
        assert call("get", "/mounts/" + word)["id"] == m["id"], word
    call("get", "/mounts/dir:%2Fnone", want=404)
    call("get", target + "/wait?state=live")
    waited = call("get", target + "/wait?state=dead&timeout_ms=1", want=408)
    assert not any(h["blocks_umount"] for h in waited["holders"]) and waited["mount"]["state"] == "live", waited
    assert "holders" not in call("get", target + "/wait?state=gone&timeout_ms=1&holders=false", want=408)
    call("get", target + "/wait?state=dead&holders=perhaps", want=400)
    call("get", target + "/wait?state=asleep", want=400)
    call("get", target + "/wait_switch?timeout_ms=1", want=408)
    call("post", target + "/hold", {"for_ms": 10})
    call("delete", target + "/hold")
    fault = call("post", target + "/faults", {"op": "open", "hang": True, "limit_ms": 1, "path": "/f"}, 201)
    with open(first + "/f"):
        pass
    call("post", target + "/faults", {"op": "forget", "errno": "EIO"}, 400)
    assert any(f["observed"]["injected"] for f in call("get", target + "/faults")["faults"])
    call("post", target + "/faults/release", {})
    call("delete", target + "/faults/" + fault["name"])
    call("delete", target + "/faults/" + fault["name"], want=404)
    call("delete", target + "/faults")
    call("post", target + "/power_cut", {}, 409)
    lossy = directory + "/lossy"
    os.mkdir(lossy)
    loses = "/mounts/%d" % call("post", "/mounts", {"dir": lossy, "lose_unsynced": True}, 201)["id"]
    with open(lossy + "/f", "w") as f:
        f.write("gone")
    assert call("post", loses + "/power_cut", {}) == {"dropped_bytes": 4, "files": [{"path": "/f", "bytes": 4}]}
    assert call("get", loses)["unsynced"] == {"power_cuts": 1, "dropped_bytes": 4, "early_bytes": 0}
    call("post", loses + "/umount", {"lazy": True})
    call("put", "/policy", {"policy": "base"})
    call("put", "/policy", {}, 400)
    points = call("get", "/widen")["points"]
    call("put", "/widen", {"point": points[0]["point"], "for_us": 0})
    call("get", "/counters")
    call("post", "/counters/take")
    call("get", "/waiting")
    first_line("/metrics")
    first_line("/events")
    call("get", "/events?mont=a", want=400)
    call("get", "/events?since=x", want=400)
    other = "/mounts/%d" % call("post", "/mounts", {"dir": second}, 201)["id"]
    me = os.getpid()
    with open(second + "/held", "w"):
        said = call("post", other + "/umount", {}, 409)
        assert [(h["pid"], h["kind"], h["path"]) for h in said["holders"] if h["blocks_umount"]] == [(me, "fd", second + "/held")], said
        assert me in [h["pid"] for h in call("get", other + "/why")["holders"]]
        call("post", other + "/umount", {"lazy": True})
        call("get", other + "/wait?state=detached&timeout_ms=10000")
        said = call("get", other + "/wait?state=dying&timeout_ms=10", want=408)
        assert me in [h["pid"] for h in said["holders"]] and said["mount"]["state"] == "detached", said
        assert call("get", "/mounts/" + second.replace("/", "%2F"))["state"] == "detached", "where it was"
    for state in ("dying", "drained", "dead", "gone"):
        call("get", other + "/wait?state=%s&timeout_ms=10000" % state)
    call("get", other + "/why", want=404)
    call("post", target + "/umount", {"lazy": True})
    call("get", target + "/wait?state=dead&timeout_ms=10000")
    call("get", target)  # gone
    assert events("?mount=%d&since=0" % m["id"], 1)[0]["mount"] == "a", "by number"
    of_a = events("?mount=a&since=0", 2)
    assert {e["mount"] for e in of_a} == {"a"}, of_a
    after = events("?since=%d" % of_a[0]["n"], 1)
    assert after[0]["n"] == of_a[0]["n"] + 1, "a break is gone on after: %s" % after[0]
    call("post", "/stop", {"timeout_ms": 10000})


same_as_api_md()
with tempfile.TemporaryDirectory() as directory:
    socket = directory + "/d.sock"
    os.mkdir(directory + "/begin")
    subprocess.run([drainctl, "mount", directory + "/begin", "--socket", socket, "--linger", "0"], check=True, stdout=subprocess.DEVNULL)
    try:
        subprocess.run(["umount", directory + "/begin"], check=True)
        every_operation(directory)
    finally:
        subprocess.run([drainctl, "stop", "--socket", socket], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run([drainctl, "clean"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
missing = {(m, p) for p, methods in document["paths"].items() for m in methods} - called
assert not missing, "never called: %s" % missing
print("%d operations are as described" % len(called))
