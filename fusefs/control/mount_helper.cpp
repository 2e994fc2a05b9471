#include "fusefs/control/mount_helper.hpp"

#include <sys/mount.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <string>
#include <string_view>

namespace drainlab::control {
namespace {

struct option {
    std::string_view word;
    unsigned long flag;
    bool set;
};
constexpr option options[] = {
    {"ro", MS_RDONLY, true},        {"rw", MS_RDONLY, false},         {"nosuid", MS_NOSUID, true},
    {"suid", MS_NOSUID, false},     {"nodev", MS_NODEV, true},        {"dev", MS_NODEV, false},
    {"noexec", MS_NOEXEC, true},    {"exec", MS_NOEXEC, false},       {"noatime", MS_NOATIME, true},
    {"atime", MS_NOATIME, false},   {"relatime", MS_RELATIME, true},  {"nodiratime", MS_NODIRATIME, true},
    {"sync", MS_SYNCHRONOUS, true}, {"async", MS_SYNCHRONOUS, false}, {"dirsync", MS_DIRSYNC, true}};

/// What mount(8) and mount.fuse3 add by themselves.
bool is_harmless(std::string_view word) {
    return word.empty() || word == "default_permissions" || word == "allow_other" ||
           word.find('=') != std::string_view::npos;
}

/// False, with a message, at the first option that is not known.
bool parse(const std::string& list, unsigned long& flags, bool& remount) {
    std::istringstream words{list};
    for (std::string word; std::getline(words, word, ',');) {
        bool known = is_harmless(word);
        if (word == "remount") known = remount = true;
        for (const auto& o : options) {
            if (o.word != word) continue;
            known = true;
            flags = o.set ? flags | o.flag : flags & ~o.flag;
        }
        if (known) continue;
        std::fprintf(stderr, "drainfs: unknown mount option '%s'\n", word.c_str());
        return false;
    }
    return true;
}

}  // namespace

bool is_mount_helper_call(int argc, char** argv) noexcept {
    return argc >= 3 && argv[1][0] != '-' && argv[2][0] != '-';
}

int run_mount_helper(int argc, char** argv) {
    const char* const dir = argv[2];
    unsigned long flags = 0;
    bool remount = false;
    for (int i = 3; i < argc; ++i)
        if (std::strcmp(argv[i], "-o") == 0 && i + 1 < argc && !parse(argv[++i], flags, remount)) return 2;
    if (!remount) {
        std::fprintf(stderr, "drainfs: a new mount is made by `drainctl mount %s`, not by mount(8)\n", dir);
        return 2;
    }
    if (mount(nullptr, dir, nullptr, MS_REMOUNT | flags, nullptr) == 0) return 0;
    std::fprintf(stderr, "drainfs: cannot remount %s: %s\n", dir, std::strerror(errno));
    return 32;
}

}  // namespace drainlab::control
