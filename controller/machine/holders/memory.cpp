#include "controller/machine/holders/memory.hpp"

#include "controller/machine/holders/asking.hpp"
#include "controller/machine/holders/survey.hpp"

#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace drainlab::machine {

namespace fs = std::filesystem;

// Reading it may wait for the lock of that memory: a child does.
std::string string_in(const std::string& dir, std::uint64_t at) {
    const auto said = ask_in_child(
        [&](int out) {
            const int memory = open((dir + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
            for (std::size_t length = 4096; length >= 64; length /= 2) {  // the page behind may not be there
                char text[4096];
                const ssize_t got = pread(memory, text, length, static_cast<off_t>(at));
                if (got <= 0) continue;
                tell(out, {text, strnlen(text, static_cast<std::size_t>(got))});
                return 0;
            }
            return 1;
        },
        std::chrono::milliseconds(300));
    return said.text;
}

std::string absolute_in(const std::string& dir, const std::string& path) {
    if (path.empty()) return {};
    const std::string cwd = link_text(dir + "/cwd");
    auto full = fs::path(path[0] == '/' ? path : cwd + "/" + path).lexically_normal();
    if (!full.has_filename()) full = full.parent_path();
    return full.string();
}

}  // namespace drainlab::machine
