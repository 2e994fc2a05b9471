#include "fusefs/control/mount_words.hpp"

#include <sys/mount.h>

#include <algorithm>
#include <string_view>

namespace drainlab::control {
namespace {

struct generic_word {
    std::string_view word;
    unsigned long flag;
    bool set;
};
constexpr generic_word generic_words[] = {
    {"ro", MS_RDONLY, true},        {"rw", MS_RDONLY, false},         {"nosuid", MS_NOSUID, true},
    {"suid", MS_NOSUID, false},     {"nodev", MS_NODEV, true},        {"dev", MS_NODEV, false},
    {"noexec", MS_NOEXEC, true},    {"exec", MS_NOEXEC, false},       {"noatime", MS_NOATIME, true},
    {"atime", MS_NOATIME, false},   {"relatime", MS_RELATIME, true},  {"nodiratime", MS_NODIRATIME, true},
    {"sync", MS_SYNCHRONOUS, true}, {"async", MS_SYNCHRONOUS, false}, {"dirsync", MS_DIRSYNC, true}};

/// For mount(8), fstab and systemd; or what mount(8) and mount.fuse3 add by themselves.
bool is_for_others(std::string_view word) {
    constexpr std::string_view known[] = {"defaults",
                                          "auto",
                                          "noauto",
                                          "nofail",
                                          "_netdev",
                                          "user",
                                          "users",
                                          "nouser",
                                          "owner",
                                          "group",
                                          "default_permissions",
                                          "loud",
                                          "silent"};
    constexpr std::string_view begins[] = {
        "x-", "X-", "comment=", "helper=", "uhelper=", "user=", "fsname=", "subtype="};
    return word.empty() || std::find(std::begin(known), std::end(known), word) != std::end(known) ||
           std::any_of(std::begin(begins), std::end(begins), [&](auto b) { return word.starts_with(b); });
}

/// At commas outside of double quotes, which go.
std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> words(1);
    bool quoted = false;
    for (const char c : list) {
        if (c == '"')
            quoted = !quoted;
        else if (c == ',' && !quoted)
            words.emplace_back();
        else
            words.back() += c;
    }
    return words;
}

/// What mount(8) reads from mountinfo and hands back when it remounts: the kernel's, of any FUSE mount.
bool is_of_the_kernel(std::string_view long_option) {
    constexpr std::string_view begins[] = {"--user-id=", "--group-id=", "--max-read=", "--blksize="};
    return long_option == "--allow-other" ||
           std::any_of(std::begin(begins), std::end(begins), [&](auto b) { return long_option.starts_with(b); });
}

/// `umount_delay=2s` -> `--umount-delay=2s`
std::string as_long_option(const std::string& word) {
    const auto end = std::min(word.find('='), word.size());
    std::string name = word.substr(0, end);
    std::replace(name.begin(), name.end(), '_', '-');
    return "--" + name + word.substr(end);
}

}  // namespace

std::optional<mount_words> parse_mount_words(const std::string& list, std::string& unknown) {
    mount_words out;
    for (const auto& word : split(list)) {
        const auto* const g = std::find_if(std::begin(generic_words), std::end(generic_words),
                                           [&](const auto& known) { return known.word == word; });
        if (g != std::end(generic_words)) {
            out.flags = g->set ? out.flags | g->flag : out.flags & ~g->flag;
            if (word != "async") out.generic.push_back(word);
        } else if (word == "remount") {
            out.remount = true;
        } else if (word == "allow_other" || word == "lose_unsynced") {
            out.drainctl.push_back(as_long_option(word));
        } else if (!is_for_others(word)) {
            if (word.find('=') == std::string::npos || word.starts_with("=")) {
                unknown = word;
                return std::nullopt;
            }
            out.drainctl.push_back(as_long_option(word));
        }
    }
    if (out.remount) std::erase_if(out.drainctl, is_of_the_kernel);
    return out;
}

}  // namespace drainlab::control
