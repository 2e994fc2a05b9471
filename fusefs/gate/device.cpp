#include "fusefs/gate/device.hpp"

#include <fmt/format.h>

#include <charconv>

namespace drainlab::gate {

std::string device_text(dev_t dev) { return fmt::format("{}:{}", major(dev), minor(dev)); }

std::optional<dev_t> parse_device(std::string_view text) {
    unsigned numbers[2]{};
    const char* at = text.data();
    const char* const end = at + text.size();
    for (int i = 0; i < 2; ++i) {
        const auto [next, error] = std::from_chars(at, end, numbers[i]);
        if (error != std::errc{}) return std::nullopt;
        at = next;
        if (i == 0) {
            if (at == end || *at != ':') return std::nullopt;
            ++at;
        }
    }
    if (at != end) return std::nullopt;
    return makedev(numbers[0], numbers[1]);
}

}  // namespace drainlab::gate
