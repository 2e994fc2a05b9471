"""Runs a program that the kernel denies some system calls, as a container's seccomp profile does: they fail with EPERM.

deny.py NAME[,NAME...] -- CMD...        these are denied
deny.py PROFILE.json[,NAME...] -- CMD   what the profile of a container engine does not allow whoever has all capabilities; and these
Of rules with conditions on arguments, only those are known that ask for equality in the lower half. Exit 77: cannot be done here.
"""
import ctypes
import json
import os
import re
import struct
import sys

LD_W, JEQ, JMP_AND, RET = 0x20, 0x15, 0x54, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_ALU|AND|K, BPF_RET|K
ALLOW, EPERM = 0x7fff0000, 0x00050001
NR, ARCH, ARGS = 0, 4, 16  # of struct seccomp_data
X86_64 = 0xc000003e


def numbers():
    text = ""
    for header in ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"):
        if os.path.exists(header):
            text = open(header).read()
    found = {name: int(nr) for name, nr in re.findall(r"#define __NR_(\w+)\s+(\d+)", text)}
    if not found or os.uname().machine != "x86_64":
        sys.stderr.write("deny.py: no system call numbers here\n")
        sys.exit(77)
    return found


def ins(code, k, jt=0, jf=0):
    return struct.pack("HBBI", code, jt, jf, k & 0xffffffff)


def answer(nr, conditions, action):
    """`action` if it is that call, with arguments like that."""
    checks = []
    for c in conditions:
        mask, value = (c["value"], c.get("valueTwo", 0)) if c["op"] == "SCMP_CMP_MASKED_EQ" else (0xffffffff, c["value"])
        checks.append([ins(LD_W, ARGS + 8 * c["index"]), ins(JMP_AND, mask), (JEQ, value)])
    length = sum(len(c) for c in checks) + 1
    out = [ins(JEQ, nr, 0, length + 1 if conditions else 1)]
    left = length
    for load, cut, (code, value) in checks:
        left -= 3
        out += [load, cut, ins(code, value, 0, left + 0)]
    out.append(ins(RET, action))
    if conditions:
        out.append(ins(LD_W, NR))
    return out


def program(denied, profile):
    known = numbers()
    code = [ins(LD_W, ARCH), ins(JEQ, X86_64, 1, 0), ins(RET, ALLOW), ins(LD_W, NR)]
    for name in denied:
        code += answer(known[name], [], EPERM)
    if not profile:
        return code + [ins(RET, ALLOW)]
    actions = {"SCMP_ACT_ALLOW": ALLOW, "SCMP_ACT_ERRNO": EPERM}
    for rule in profile["syscalls"]:
        conditions = rule.get("args") or []
        if rule.get("excludes", {}).get("caps") or "amd64" not in (rule.get("includes", {}).get("arches") or ["amd64"]):
            continue
        if any(c["op"] not in ("SCMP_CMP_EQ", "SCMP_CMP_MASKED_EQ") for c in conditions) or rule["action"] not in actions:
            continue
        for name in rule["names"]:
            if name in known:
                code += answer(known[name], conditions, actions[rule["action"]])
    return code + [ins(RET, EPERM)]


def main():
    at = sys.argv.index("--")
    profile, denied = None, []
    for word in sys.argv[1].split(","):
        if word.endswith(".json"):
            with open(word) as file:
                profile = json.load(file)
        else:
            denied.append(word)
    code = b"".join(program(denied, profile))
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_ = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    prog = ctypes.create_string_buffer(filter_, len(filter_))
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.addressof(prog), 0, 0):  # NO_NEW_PRIVS, SECCOMP_MODE_FILTER
        sys.stderr.write("deny.py: no seccomp here: errno %d\n" % ctypes.get_errno())
        sys.exit(77)
    os.execvp(sys.argv[at + 1], sys.argv[at + 1:])


main()
