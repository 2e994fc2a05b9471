#include "controller/race/world_spec.hpp"

#include <algorithm>

namespace drainlab::race {

std::string_view to_string(shield s) noexcept {
    return s == shield::s_umount ? "s_umount" : s == shield::sync ? "sync" : "open_file";
}

bool world_spec::honours(shield s) const noexcept {
    return std::find(shields.begin(), shields.end(), s) != shields.end();
}

world_spec world_spec::without(shield s) const {
    world_spec other = *this;
    std::erase(other.shields, s);
    return other;
}

}  // namespace drainlab::race
