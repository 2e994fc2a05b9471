// Loop devices whose backing file lies on the superblock: a worker of the kernel has it open, no process shows it.
#include "controller/machine/holders/asking.hpp"
#include "controller/machine/holders/parse.hpp"
#include "controller/machine/holders/survey.hpp"
#include "controller/machine/process.hpp"

#include <fmt/format.h>

#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace drainlab::machine {

namespace {

/// Asks the device itself. That may ask the file's own filesystem, so only a child does it, and only where the path
/// does not tell: after a lazy detach the kernel shows the path from the root of what was detached.
bool asked_lies_on(const target& what, const std::string& device) {
    const auto said = ask_in_child(
        [&](int out) {
            const int fd = open(device.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
            loop_info64 info{};
            if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info) != 0) return 1;
            const auto dev = static_cast<dev_t>(info.lo_device);
            tell(out, fmt::format("{}:{}", major(dev), minor(dev)));
            return 0;
        },
        std::chrono::milliseconds(300));
    return said.text == fmt::format("{}:{}", what.major, what.minor);
}

void look_at(survey& s, const std::string& name, const backing_file& file) {
    const bool named = s.names_target(file.path, s.ours());
    if (!named && (s.self || !asked_lies_on(s.what, "/dev/" + name))) return;
    std::string detail = file.deleted ? "deleted" : "";
    for (const auto& m : s.ours())
        if (m.source == "/dev/" + name) detail += (detail.empty() ? "" : ", ") + fmt::format("mounted on {}", m.dir);
    s.found.holders.push_back(
        {0, "/dev/" + name, "loop", file.path, 0, s.self && s.blocks_by_path(file.path, s.our_ns), detail});
}

}  // namespace

void find_loop_devices(survey& s) {
    std::error_code ec;
    for (std::filesystem::directory_iterator all(s.sys + "/block", ec);
         !ec && all != std::filesystem::directory_iterator(); all.increment(ec)) {
        const std::string name = all->path().filename();
        if (!name.starts_with("loop")) continue;
        if (const auto file = parse_backing_file(read_text(all->path().string() + "/loop/backing_file")))
            look_at(s, name, *file);
    }
}

}  // namespace drainlab::machine
