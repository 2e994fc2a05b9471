#include "controller/machine/holders/holder.hpp"
#include "fusefs/os/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace drainlab::machine {

using os::to_printable;

namespace {

/// How a process holds.
std::string_view words_of(std::string_view kind) {
    if (kind == "fd") return "an open file";
    if (kind == "cwd") return "working directory";
    if (kind == "root") return "root directory";
    if (kind == "exe") return "the program it runs";
    if (kind == "mmap") return "a mapped file";
    if (kind == "unix-socket") return "a bound Unix socket";
    if (kind == "call") return "in the middle of a call on";
    if (kind == "io-uring") return "a file registered with its io_uring";
    return kind;
}

/// With names that can be printed: a process may call itself anything.
holder printable(holder h) {
    h.comm = to_printable(h.comm);
    h.path = to_printable(h.path);
    h.detail = to_printable(h.detail);
    return h;
}

std::string of_no_process(const holder& h) {
    if (h.kind == "bind") return "bind mount " + h.path;
    if (h.kind == "loop") return fmt::format("loop device {}: its backing file is {}", h.comm, h.path);
    if (h.kind == "swap") return "swap is on " + h.path;
    if (h.kind == "overlay") return fmt::format("overlay on {}: {}", h.comm, h.path);
    if (h.kind == "unix-socket") return "a bound Unix socket that no process here has: " + h.path;
    if (h.kind == "nested" && h.comm == "nsfs") return fmt::format("a namespace bound as a file on {}", h.path);
    if (h.kind == "nested") return fmt::format("{} mounted on {}", h.comm, h.path);
    return fmt::format("{} {}", h.kind, h.path);
}

std::string of_namespace(const holder& h) {
    if (h.pid == 0) return fmt::format("mount namespace {}: {}", h.mntns, h.path);
    return fmt::format("mount namespace {} (pid {}, {}): {}", h.mntns, h.pid, h.comm, h.path);
}

}  // namespace

bool holders_found::any_blocks() const noexcept {
    return std::any_of(holders.begin(), holders.end(), [](const holder& h) { return h.blocks; });
}

std::string describe(const holder& raw) {
    const holder h = printable(raw);
    std::string text;
    if (h.kind == "namespace")
        text = of_namespace(h);
    else if (h.pid == 0)
        text = of_no_process(h);
    else
        text = fmt::format("pid {} ({}): {}: {}", h.pid, h.comm, words_of(h.kind), h.path);
    return h.detail.empty() ? text : fmt::format("{} ({})", text, h.detail);
}

std::string describe(const unseen_kind& k) {
    return os::to_line(k.shows.empty() ? k.what : fmt::format("{}; {}", k.what, k.shows));
}

std::string describe_unseen(int unseen) {
    if (unseen == 0) return {};
    return fmt::format("{} process{} could not be looked at (not ours, or more privileged)", unseen,
                       unseen == 1 ? "" : "es");
}

}  // namespace drainlab::machine
