#include "fusefs/storage/store_claims.hpp"

#include "fusefs/storage/unique_fd.hpp"

#include <sys/file.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fstream>

namespace drainlab::storage {

std::vector<directory_id> lineage_of(int directory) {
    std::vector<directory_id> all;
    unique_fd here;
    for (int at = directory;;) {
        struct statx x {};  // no sync: a parent may lie on somebody else's filesystem, who is not asked
        if (::statx(at, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &x) != 0) break;
        const directory_id id{makedev(x.stx_dev_major, x.stx_dev_minor), x.stx_ino};
        if (!all.empty() && all.back() == id) break;  // the root is its own parent
        all.push_back(id);
        unique_fd parent{::openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC)};
        if (!parent) break;
        here = std::move(parent);
        at = here.get();
    }
    return all;
}

int lock_directory(int directory, bool read_only) {
    if (::flock(directory, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) return 0;
    return errno == EWOULDBLOCK ? EWOULDBLOCK : 0;
}

std::vector<pid_t> lock_holders(directory_id id) {
    char name[64];
    std::snprintf(name, sizeof name, " %02x:%02x:%lu ", major(id.first), minor(id.first),
                  static_cast<unsigned long>(id.second));
    std::vector<pid_t> all;
    std::ifstream locks{"/proc/locks"};
    for (std::string line; std::getline(locks, line);) {
        int pid = 0;
        const bool it = line.find("FLOCK") != std::string::npos && line.find(name) != std::string::npos;
        if (it && std::sscanf(line.c_str(), "%*d: FLOCK %*s %*s %d", &pid) == 1 && pid > 0) all.push_back(pid);
    }
    return all;
}

store_claims::token store_claims::take(std::vector<directory_id> lineage, std::string label, bool read_only,
                                       std::string& error) {
    const auto within = [](const std::vector<directory_id>& inner, const std::vector<directory_id>& outer) {
        return !outer.empty() && std::find(inner.begin(), inner.end(), outer.front()) != inner.end();
    };
    for (const claim& c : *all_) {
        if (c.read_only && read_only) continue;
        const bool below = within(lineage, c.lineage), above = within(c.lineage, lineage);
        if (!below && !above) continue;
        error = c.label + " keeps its files " +
                (below && above ? "there"
                 : below        ? "in a directory above it"
                                : "in a directory below it");
        return nullptr;
    }
    const auto at = all_->insert(all_->end(), claim{std::move(lineage), std::move(label), read_only});
    return token{&*at, [all = all_, at](const void*) { all->erase(at); }};
}

std::string store_claims::label_of(directory_id id) const {
    for (const claim& c : *all_)
        if (!c.lineage.empty() && c.lineage.front() == id) return c.label;
    return {};
}

}  // namespace drainlab::storage
