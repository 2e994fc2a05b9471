#include "controller/cli/output.hpp"

#include "controller/cli/fit_lines.hpp"
#include "fusefs/os/printable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <unistd.h>

namespace drainlab::cli {

using nlohmann::json;

namespace {

/// Standard error has it: a full output need not be told twice.
bool said_what_broke = false;

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
        said_what_broke = why.exit == client::exit_code::broken;
        if (!why.hint.empty()) fmt::print(stderr, "  {}\n", why.hint);
    }
    return static_cast<int>(why.exit);
}

int after_output(int code) {
    errno = 0;
    std::cout.flush();
    const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good();
    const int error = errno;
    if (written || error == EPIPE) return code;
    if (said_what_broke && code == static_cast<int>(client::exit_code::broken)) return code;
    remark(std::string("standard output could not be written") +
           (error ? std::string(": ") + std::strerror(error) : ""));
    return code == 0 ? static_cast<int>(client::exit_code::broken) : code;
}

void remark(const std::string& text) {
    const auto line = "drainctl: " + os::to_line(text);
    fmt::print(stderr, "{}\n", isatty(STDERR_FILENO) == 1 ? fit_lines(line, columns()) : line);
}

bool colour() {
    const char* none = std::getenv("NO_COLOR");
    return redraws(STDOUT_FILENO) && !(none && *none);
}

bool redraws(int descriptor) {
    const char* term = std::getenv("TERM");
    return isatty(descriptor) == 1 && !(term && std::strcmp(term, "dumb") == 0);
}

int columns() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 100;
    return std::clamp<int>(size.ws_col, 80, 100);
}

namespace {
std::vector<std::string>& words_of_command() {
    static std::vector<std::string> words;
    return words;
}
}  // namespace

const std::vector<std::string>& command_line() { return words_of_command(); }
void remember_command_line(int argc, const char* const* argv) { words_of_command().assign(argv, argv + argc); }

std::string painted(const std::string& text, const char* code) {
    return colour() ? fmt::format("\033[{}m{}\033[0m", code, text) : text;
}

}  // namespace drainlab::cli
