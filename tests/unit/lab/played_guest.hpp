// A program of the test in QEMU's place, which plays the guest on the two serial ports.
#pragma once
#include "tests/program_file.hpp"
#include "tests/unit/machine/somebody_dead.hpp"

#include <string>

namespace drainlab::lab::test {

/// Shell functions for the lines of drainlab.guest/1; $console and $protocol are the ports.
inline constexpr const char* guest_words = R"sh(#!/bin/sh
[ "$1" != --version ] || { echo "QEMU emulator version 10.0.2 (test)"; exit 0; }
for word in "$@"; do
    case $word in
        file,id=console,path=*) console=${word#*path=} ;;
        file,id=protocol,path=*) protocol=${word#*path=} ;;
    esac
done
tell() { echo "$1" >>"$protocol"; }
hello() { tell '{"what":"hello","schema":"drainlab.guest/1","release":"6.0-test","version":"#1","cpus":4}'; }
policy() { tell '{"what":"policy","policy":"persb","era":"worker","calls":[]}'; }
ready() { tell '{"what":"ready","hz":250,"probes":20}'; }
sample() {
    tell '{"what":"sample","scenario":"no_pressure","i":'$1',"status":0,"umount_ns":3000000,"drain_calls":1,"waits":0,"drain_ns":100,"synchronize_ns":0,"barrier_ns":0,"flush_ns":0,"sync_ns":0,"cpu_ns":1000,"busy_inodes":false}'
}
bye() { tell '{"what":"bye"}'; }
says() { printf '%s\r\n' "$1" >>"$console"; }
spin() { while :;
        do :;
    done;
    }
)sh";

/// The program `name` in a folder of the test, which does `body` after those words.
inline std::string played_guest(const folder& f, const std::string& body, const std::string& name = "qemu") {
    const auto path = f / name;
    tests::write_program(path, guest_words + body + "\n");
    return path;
}

}  // namespace drainlab::lab::test
