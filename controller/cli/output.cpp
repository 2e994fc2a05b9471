#include "controller/cli/output.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace drainlab::cli {

using nlohmann::json;

namespace {

/// Names of files may be anything; JSON must be UTF-8.
std::string dumped(const json& document) { return document.dump(2, ' ', false, json::error_handler_t::replace); }

}  // namespace

void print_json(const json& document) {
    fmt::print("{}\n", dumped(document));
    std::fflush(stdout);
}

json error_document(const client::failure& why) {
    return {{"schema", "drainlab.error/1"},
            {"error", {{"code", why.code}, {"message", why.message}, {"hint", why.hint}}}};
}

int report(const client::failure& why, bool as_json) {
    if (as_json) {
        print_json(error_document(why));
    } else {
        remark(why.message);
        if (!why.hint.empty()) fmt::print(stderr, "  {}\n", why.hint);
    }
    return static_cast<int>(why.exit);
}

void remark(const std::string& text) { fmt::print(stderr, "drainctl: {}\n", text); }

bool colour() {
    const char* none = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    return isatty(STDOUT_FILENO) == 1 && !(none && *none) && !(term && std::strcmp(term, "dumb") == 0);
}

std::string painted(const std::string& text, const char* code) {
    return colour() ? fmt::format("\033[{}m{}\033[0m", code, text) : text;
}

}  // namespace drainlab::cli
