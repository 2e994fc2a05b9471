"""HTTP on a Unix socket, by hand: also what no well-behaved client would send."""
import json
import socket
import time


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)  # waits while the backlog is full
    s.settimeout(20)
    return s


def send(path, method, target, body=b""):
    """An open connection with a request on it."""
    s = connect(path)
    target = target if isinstance(target, bytes) else target.encode()
    s.sendall(method.encode() + b" " + target + b" HTTP/1.1\r\nHost: d\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    return s


def read(s):
    """(status, JSON) of the answer; (0, None) if there is none."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = s.recv(65536)
        if not part:
            return 0, None
        data += part
    head, body = data.split(b"\r\n\r\n", 1)
    length = next((int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += s.recv(65536)
    return int(head.split(b" ")[1]), json.loads(body)


def ask(path, method, target, body=b""):
    s = send(path, method, target, body)
    try:
        return read(s)
    finally:
        s.close()


def descriptors(pid):
    import os
    return len(os.listdir("/proc/%d/fd" % pid))


def soon(what, say, limit=20):
    """Waits until `what` holds."""
    until = time.monotonic() + limit
    while not what():
        assert time.monotonic() < until, say
        time.sleep(0.02)
