#include "fusefs/control/beside.hpp"

#include <filesystem>
#include <unistd.h>

namespace drainlab::control {

std::string drainctl_program() {
    std::error_code ec;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", ec);
    const auto beside = self.parent_path() / "drainctl";
    return access(beside.c_str(), X_OK) == 0 ? beside.string() : "drainctl";
}

}  // namespace drainlab::control
