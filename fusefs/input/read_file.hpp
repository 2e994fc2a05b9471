// A file that a user names, read whole: regular files only, and none larger than it may be.
#pragma once
#include <cstddef>
#include <optional>
#include <string>

namespace drainlab::input {

inline constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// The text, or why there is none: a sentence that begins with the
/// path and says what would be right; `err` is the errno that fits.
struct file_text {
    std::optional<std::string> text;
    std::string error;
    int err{};
};

/// Reads the regular file `path`, at most `most` bytes of it. Opening
/// waits for nobody: a fifo or a device is refused, not opened for long.
file_text read_file(const std::string& path, std::size_t most);

}  // namespace drainlab::input
