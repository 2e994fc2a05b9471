#include "controller/client/mountinfo.hpp"

#include <filesystem>

namespace drainlab::client {

namespace {

std::string absolute_path(const std::string& path, int links_left) {
    namespace fs = std::filesystem;
    std::error_code ec;
    fs::path full = fs::absolute(path, ec).lexically_normal();
    if (!full.has_filename()) full = full.parent_path();
    if (full == full.root_path()) return full.string();
    if (links_left > 0 && fs::is_symlink(fs::symlink_status(full, ec))) {
        const fs::path target = fs::read_symlink(full, ec);
        if (!ec)
            return absolute_path((target.is_absolute() ? target : full.parent_path() / target).string(),
                                 links_left - 1);
    }
    const fs::path parent = fs::weakly_canonical(full.parent_path(), ec);
    return ((ec ? full.parent_path() : parent) / full.filename()).string();
}

}  // namespace

std::string absolute_path(const std::string& path) { return absolute_path(path, 40); }

}  // namespace drainlab::client
