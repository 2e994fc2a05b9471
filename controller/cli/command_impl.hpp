// The part of the framework that knows CLI11; only command.cpp and drainctl.cpp include it.
#pragma once

#include "controller/cli/command.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace drainlab::cli {

/// Thrown while parsing, caught in run_drainctl().
struct usage_problem {
    failure why;
};

/// The words an option takes; empty: any.
struct known_words {
    std::function<std::vector<std::string>()> list;
    void check(const std::string& name, const std::string& word) const;
};

class command::impl {
  public:
    enum class json_kind { none, answer, file };

    CLI::App* app = nullptr;
    CLI::Option* last = nullptr;
    std::shared_ptr<known_words> last_words;
    std::string example;
    std::vector<std::string> notes;
    json_kind json = json_kind::none;
    std::function<result<exit_code>()> action;

    command& add(command& self, const std::string& name, const std::string& help, const char* type, bool all,
                 std::function<void(const std::vector<std::string>&)> take);
};

/// `--umount-delay` -> `DRAINLAB_UMOUNT_DELAY`.
std::string environment_name(const std::string& option);

}  // namespace drainlab::cli
