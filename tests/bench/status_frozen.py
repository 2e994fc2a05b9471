#!/usr/bin/env python3
"""How soon `status` answers while a store is frozen and eight writers wait for it: the socket's GET /mounts, and the whole of `drainctl status`.

    status_frozen.py DRAINCTL [ROUNDS]

Three mounts on one drainfs; the store of one is an ext4 on a loop device, frozen. It prints, and does not judge. As root.
"""
import os
import subprocess
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(here, "..", "system", "control"), os.path.join(here, "..", "system", "hangs")]
import api  # noqa: E402
from load import quantile, start_writer  # noqa: E402
from stores import Ext4, umount2  # noqa: E402


def timed(what):
    began = time.monotonic()
    what()
    return 1e3 * (time.monotonic() - began)


def tell(name, ms):
    print("%-26s p50 %6.2f  p99 %6.2f  max %6.2f ms  (%d times)" % (name, quantile(ms, 0.5), quantile(ms, 0.99), max(ms), len(ms)))


def main():
    drainctl, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200
    with tempfile.TemporaryDirectory(prefix="drainlab-status-") as top:
        store = Ext4(top, "store")
        socket = os.path.join(top, "d.sock")
        dirs = [os.path.join(top, "m%d" % k) for k in range(3)]
        daemon = subprocess.Popen([os.path.join(os.path.dirname(drainctl), "drainfs"), "--socket", socket, "--linger", "0", "--log", os.path.join(top, "log")])
        writers = []
        try:
            api.soon(lambda: os.path.exists(socket), "drainfs does not start")
            for k, d in enumerate(dirs):
                os.mkdir(d)
                where = ',"store":"%s"' % store.dir if k == 0 else ""
                assert api.ask(socket, "POST", "/mounts", ('{"dir":"%s"%s}' % (d, where)).encode())[0] == 201
            writers = [start_writer(dirs[0], n, n) for n in range(8)]

            def ask():
                status, answer = api.ask(socket, "GET", "/mounts")
                assert status == 200
                return answer["mounts"][0]["store_calls"]

            def show():
                subprocess.run([drainctl, "status", "--socket", socket], stdout=subprocess.DEVNULL, check=True)

            at_work = set()

            def all_at_work():
                at_work.update(name.split(".")[0] for name in os.listdir(dirs[0]))
                return len(at_work) == len(writers)

            api.soon(all_at_work, "the writers do not write")
            idle = [timed(ask) for _ in range(rounds)]
            store.hang()
            api.soon(ask, "nobody waits for the frozen store")
            frozen = [timed(ask) for _ in range(rounds)]
            shown = [timed(show) for _ in range(max(1, rounds // 10))]
            assert ask(), "nobody waits for the frozen store any more"
            tell("socket, writers at work", idle)
            tell("socket, store frozen", frozen)
            tell("drainctl status, frozen", shown)
        finally:
            store.go_on()
            for pid in writers:
                os.kill(pid, 9)
                os.waitpid(pid, 0)
            for d in dirs:
                umount2(d, 0)
            daemon.terminate()
            daemon.wait(30)
            store.end()


if __name__ == "__main__":
    main()
