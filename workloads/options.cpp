#include "workloads/options.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace drainlab::workloads {
namespace {

[[noreturn]] void refuse(const std::string& why, const char* usage) {
    std::fprintf(stderr, "%s\n%s", why.c_str(), usage);
    std::exit(2);
}

unsigned number(std::string_view option, std::string_view text, const char* usage) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value == 0)
        refuse(std::string{option} + ": a whole number above 0 is expected, not '" + std::string{text} + "'", usage);
    return value;
}

}  // namespace

options parse_options(int argc, char** argv, const char* usage) {
    options o;
    bool session = false;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        const auto value = [&]() -> std::string_view {
            if (i + 1 == argc) refuse(std::string{word} + ": a value is missing", usage);
            return argv[++i];
        };
        if (word == "--help") std::fputs(usage, stdout), std::exit(0);
        if (word == "--session")
            session = true;
        else if (word == "--cgroup-root")
            o.cgroup_root = value();
        else if (word == "--writes")
            o.writes = number(word, value(), usage);
        else if (word == "--files")
            o.files = number(word, value(), usage);
        else if (word.starts_with("--") || !o.path.empty())
            refuse("unknown word '" + std::string{word} + "'", usage);
        else
            o.path = word;
    }
    if (o.path.empty()) refuse("a path is missing", usage);
    if (session == !o.cgroup_root.empty()) refuse("either --cgroup-root DIR or --session is needed", usage);
    return o;
}

}  // namespace drainlab::workloads
