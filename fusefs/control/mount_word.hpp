// What a client may call a mount: its number, its name, its device, or where it is.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::control {

/// One reading of what a client wrote: as this kind, `text` is meant.
struct mount_word {
    enum class kind { id, name, dev, dir };
    kind is{};
    std::string text;
    bool operator==(const mount_word&) const = default;
};

/// The readings of `word`, the likeliest first, at least one. `id:`, `name:`, `dev:` and `dir:` say which is meant;
/// without them a number is an id, what begins with '/' a directory, and MAJ:MIN a device unless it is somebody's name.
std::vector<mount_word> readings_of(std::string_view word);

/// Whether `text` is how a client may write the bytes of a name or path: as they are, or as we print them.
bool spells(std::string_view text, std::string_view bytes);

}  // namespace drainlab::control
