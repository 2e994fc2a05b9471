"""Who uses a mount: writers in processes of their own, and one who asks it for something again and again and remembers how long that took."""
import os
import random
import threading
import time


def write(directory, number, seed):
    """Never returns; what fails is tried again. Run in a child."""
    dice = random.Random(seed)
    while True:
        try:
            path = os.path.join(directory, "w%d.%d" % (number, dice.randrange(4)))
            what = dice.randrange(8)
            if what < 5:
                with open(path, "ab") as f:
                    f.write(b"x" * dice.randrange(1, 60_000))
                    if what == 0:
                        f.flush()
                        os.fsync(f.fileno())
            elif what == 5:
                os.rename(path, path + ".r")
            elif what == 6:
                os.unlink(path)
            else:
                os.listdir(directory)
            if os.path.exists(path) and os.path.getsize(path) > 400_000:
                os.truncate(path, 0)
        except OSError:
            time.sleep(0.002)
        time.sleep(0.001)


def start_writer(directory, number, seed):
    pid = os.fork()
    if pid == 0:
        try:
            write(directory, number, seed)
        finally:
            os._exit(0)
    return pid


class Asker:
    """Looks up a name that is new each time, so that the daemon and the store are asked. Thread of its own."""

    def __init__(self, directory):
        self.directory = directory
        self.took = []  # (ended, seconds), of answers
        self.asking_since = None
        self.over = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        number = 0
        while not self.over:
            number += 1
            began = self.asking_since = time.monotonic()
            try:
                os.stat("%s/nobody-%d" % (self.directory, number))
            except FileNotFoundError:
                ended = time.monotonic()
                self.took.append((ended, ended - began))
            except OSError:
                pass  # not mounted now
            self.asking_since = None
            time.sleep(0.003)

    def answers(self, begin, end):
        """How long those answers took that came in this time."""
        return [took for ended, took in self.took if begin <= ended <= end]

    def answered_since(self, when):
        return bool(self.took) and self.took[-1][0] > when


def quantile(values, part):
    return sorted(values)[min(len(values) - 1, int(part * len(values)))] if values else float("nan")
