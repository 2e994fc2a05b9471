#include "fusefs/control/mount_word.hpp"

#include "fusefs/os/printable.hpp"

#include <utility>

namespace drainlab::control {
namespace {

using kind = mount_word::kind;
constexpr std::pair<std::string_view, kind> prefixes[] = {
    {"id:", kind::id}, {"name:", kind::name}, {"dev:", kind::dev}, {"dir:", kind::dir}};

bool only_of(std::string_view text, std::string_view characters) {
    return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

bool is_device(std::string_view text) {
    const auto colon = text.find(':');
    return colon != std::string_view::npos && only_of(text.substr(0, colon), "0123456789") &&
           only_of(text.substr(colon + 1), "0123456789");
}

}  // namespace

std::vector<mount_word> readings_of(std::string_view word) {
    for (const auto& [prefix, is] : prefixes)
        if (word.starts_with(prefix))
            return {{is, std::string{word.substr(prefix.size())}}, {kind::name, std::string{word}}};
    if (only_of(word, "0123456789")) return {{kind::id, std::string{word}}};
    if (word.starts_with('/')) return {{kind::dir, std::string{word}}};
    if (is_device(word)) return {{kind::name, std::string{word}}, {kind::dev, std::string{word}}};
    return {{kind::name, std::string{word}}};
}

bool spells(std::string_view text, std::string_view bytes) { return text == bytes || text == os::to_printable(bytes); }

}  // namespace drainlab::control
