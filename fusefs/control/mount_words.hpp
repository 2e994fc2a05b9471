// What mount(8) passes to its helper with -o, taken apart.
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace drainlab::control {

/// The words of -o, sorted by whom they are for.
struct mount_words {
    bool remount{};
    unsigned long flags{};             ///< MS_... of the words below
    std::vector<std::string> generic;  ///< ro, nosuid, ...: what `drainctl mount --options` takes
    std::vector<std::string>
        drainctl;  ///< our own options as words of `drainctl mount`: --umount-delay=2s, --allow-other
};

/// `umount_delay=2s,ro,x-systemd.automount`: our options are the long ones of `drainctl mount` with `_`
/// for `-`; a value with a comma stands in double quotes. What mount(8), fstab and systemd mean for
/// themselves is passed over. @return nothing at the first word that is neither; `unknown` names it.
std::optional<mount_words> parse_mount_words(const std::string& list, std::string& unknown);

}  // namespace drainlab::control
