"""A FUSE file system of type fuse.stuck that answers INIT and nothing else. Usage: stuck_fuse.py DIR; ends by a signal."""
import ctypes
import os
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)
fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
options = b"fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % fd
if libc.mount(b"stuck", sys.argv[1].encode(), b"fuse.stuck", 0, options) != 0:
    sys.exit("mount: " + os.strerror(ctypes.get_errno()))
while True:
    request = os.read(fd, 1 << 17)
    length, opcode, unique = struct.unpack_from("<IIQ", request)
    if opcode == 26:  # INIT: protocol 7.31, nothing wanted
        out = struct.pack("<IIIIHHIIHHI", 7, 31, 4096, 0, 12, 9, 4096, 1, 1, 0, 0) + bytes(28)
        os.write(fd, struct.pack("<IiQ", 16 + len(out), 0, unique) + out)
