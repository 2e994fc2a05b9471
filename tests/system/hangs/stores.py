"""Stores that can be made to hang, and to go on: an ext4 on a loop device, frozen; a bindfs, stopped."""
import ctypes
import fcntl
import os
import shutil
import signal
import subprocess

libc = ctypes.CDLL(None, use_errno=True)
FIFREEZE, FITHAW, MNT_DETACH = 0xC0045877, 0xC0045878, 2


def quiet(*words):
    return subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=60).returncode == 0


def umount2(directory, flags=MNT_DETACH):
    """0 or errno. The mount itself is asked nothing."""
    return 0 if libc.umount2(directory.encode(), flags) == 0 else ctypes.get_errno()


class Ext4:
    """Frozen as by fsfreeze(8): what changes it waits, reading goes on."""

    def __init__(self, top, name):
        self.name = name
        self.dir = os.path.join(top, name)
        image = os.path.join(top, name + ".img")
        os.mkdir(self.dir)
        with open(image, "wb") as f:
            f.truncate(48 << 20)
        if not quiet("mkfs.ext4", "-q", image) or not quiet("mount", "-o", "loop", image, self.dir):
            raise OSError("no ext4 on a loop device can be mounted")
        self.fd = os.open(self.dir, os.O_RDONLY | os.O_CLOEXEC)

    def hang(self):
        fcntl.ioctl(self.fd, FIFREEZE, 0)

    def go_on(self):
        try:
            fcntl.ioctl(self.fd, FITHAW, 0)
        except OSError:
            pass  # it is not frozen

    def end(self):
        self.go_on()
        os.close(self.fd)
        return quiet("umount", self.dir) or umount2(self.dir) and False


class Bindfs:
    """A FUSE daemon that is stopped: everything waits."""

    def __init__(self, top, name):
        self.name = name
        self.dir, below = os.path.join(top, name), os.path.join(top, name + ".below")
        os.mkdir(self.dir)
        os.mkdir(below)
        self.process = subprocess.Popen(["bindfs", "-f", below, self.dir], stderr=subprocess.DEVNULL)
        while self.process.poll() is None and not os.path.ismount(self.dir):
            pass
        if self.process.poll() is not None:
            raise OSError("bindfs does not mount")

    @staticmethod
    def there():
        return shutil.which("bindfs") is not None

    def hang(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def end(self):
        self.go_on()
        clean = umount2(self.dir, 0) == 0
        if not clean:
            umount2(self.dir)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return clean
