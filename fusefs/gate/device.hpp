// Device numbers as the kernel and as people write them.
#pragma once
#include <sys/sysmacros.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace drainlab::gate {

/// The 32-bit device number that ustat(2) takes (new_encode_dev() in include/linux/kdev_t.h), which differs from
/// glibc's dev_t.
constexpr std::uint32_t kernel_device(unsigned major_number, unsigned minor_number) noexcept {
    return (minor_number & 0xff) | (major_number << 8) | ((minor_number & ~0xffu) << 12);
}
inline std::uint32_t kernel_device(dev_t dev) noexcept { return kernel_device(major(dev), minor(dev)); }

/// "MAJ:MIN", as in /proc/self/mountinfo.
std::string device_text(dev_t dev);
/// The inverse; nothing if `text` is not of that form.
std::optional<dev_t> parse_device(std::string_view text);

}  // namespace drainlab::gate
