#include "controller/cli/command_impl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace drainlab::cli {

namespace {

std::string quoted(const std::string& word) { return fmt::format("\"{}\"", word); }

template <class Number>
std::optional<Number> parse_number(const std::string& text) {
    Number n{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return n;
}

duration parse_length(const std::string& name, const std::string& text) {
    if (const auto d = words::parse_duration(text)) return *d;
    throw usage_problem{client::usage_error(fmt::format("{}: {} is not a duration", name, quoted(text)),
                                            "durations look like 200ms, 5s or 2m; a bare number is seconds")};
}

std::int64_t parse_whole(const std::string& name, const std::string& text, std::int64_t least, std::int64_t most) {
    const auto n = parse_number<std::int64_t>(text);
    if (n && *n >= least && *n <= most) return *n;
    const std::string range = most == INT64_MAX ? fmt::format("a whole number of at least {}", least)
                                                : fmt::format("a whole number from {} to {}", least, most);
    throw usage_problem{client::usage_error(fmt::format("{}: {} is not {}", name, quoted(text), range))};
}

}  // namespace

std::string environment_name(const std::string& option) {
    std::string name = "DRAINLAB_" + option.substr(option.find_first_not_of('-'));
    std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c == '-' ? '_' : std::toupper(c); });
    return name;
}

/// One option taking one word each time; `take` parses what is left of all of them.
command& command::impl::add(command& self, const std::string& name, const std::string& help, const char* type, bool all,
                            std::function<void(const std::vector<std::string>&)> take) {
    auto words = std::make_shared<known_words>();
    const std::string shown = name.substr(0, name.find(','));
    auto* option = app->add_option(
        name,
        [=](const std::vector<std::string>& results) {
            for (const auto& word : results) words->check(shown, word);
            take(results);
            return true;
        },
        help);
    option->type_name(type)->expected(1)->type_size(1)->allow_extra_args(false);
    option->multi_option_policy(all ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
    if (all) option->delimiter(',');
    if (shown.starts_with("--"))
        option->envname(environment_name(shown));
    else if (!shown.starts_with("-"))
        option->required();
    rows.push_back({option, name, type, help, {}, words});
    return self;
}

command& command::impl::preset(command& self, std::string text) {
    const bool said = rows.back().help.find("(default") != std::string::npos;
    if (!said && text != "0s" && text != "0") rows.back().preset = std::move(text);
    return self;
}

std::vector<std::string> words_of(const option_row& row) {
    return row.words && row.words->list ? row.words->list() : std::vector<std::string>{};
}

void complete_help(command::impl& i) {
    constexpr std::size_t short_enough = 30;
    for (const auto& row : i.rows) {
        std::string help = row.help;
        const auto words = words::join(words_of(row), "|");
        if (!words.empty() && words.size() <= short_enough && !row.type.empty())
            row.option->type_name(words);
        else if (!words.empty())
            help += "; one of: " + words::join(words_of(row));
        if (!row.preset.empty()) help += " [" + row.preset + "]";
        row.option->description(help);
    }
}

void known_words::check(const std::string& name, const std::string& word) const {
    if (!list) return;
    const auto known = list();
    if (std::find(known.begin(), known.end(), word) != known.end()) return;
    const auto near = words::nearest(word, known);
    throw usage_problem{
        client::usage_error(fmt::format("{}: there is no {}", name, quoted(word)),
                            near ? fmt::format("did you mean {}?", quoted(*near)) : "one of: " + words::join(known))};
}

command& command::about(std::string summary, std::string example) {
    impl_.app->description(summary);
    impl_.example = std::move(example);
    return *this;
}

command& command::note(std::string text) {
    impl_.notes.push_back(std::move(text));
    return *this;
}

command& command::positional(const std::string& name, std::string& into, const std::string& help) {
    return impl_.add(*this, name, help, "", false, [&into](const auto& words) { into = words.back(); });
}

command& command::optional_positional(const std::string& name, std::string& into, const std::string& help) {
    positional(name, into, help);
    impl_.rows.back().option->required(false);
    return *this;
}

command& command::positionals(const std::string& name, std::vector<std::string>& into, const std::string& help,
                              int least) {
    impl_.add(*this, name, help, "", true, [&into](const auto& words) { into = words; });
    auto* const option = impl_.rows.back().option;
    option->delimiter('\0')->expected(least, CLI::detail::expected_max_vector_size)->allow_extra_args(true);
    option->required(least > 0);
    return *this;
}

command& command::flag(const std::string& name, bool& into, const std::string& help) {
    auto* const option = impl_.app->add_flag(name, into, help);
    option->envname(environment_name(name.substr(0, name.find(','))));
    impl_.rows.push_back({option, name, {}, help, {}, nullptr});
    return *this;
}

command& command::option(const std::string& name, std::string& into, const std::string& help) {
    impl_.add(*this, name, help, "TEXT", false, [&into](const auto& words) { into = words.back(); });
    return impl_.preset(*this, into);
}

command& command::option(const std::string& name, std::optional<std::string>& into, const std::string& help) {
    return impl_.add(*this, name, help, "TEXT", false, [&into](const auto& words) { into = words.back(); });
}

command& command::option(const std::string& name, duration& into, const std::string& help) {
    impl_.add(*this, name, help, "TIME", false,
              [=, &into](const auto& words) { into = parse_length(name, words.back()); });
    return impl_.preset(*this, words::show_duration(into));
}

command& command::option(const std::string& name, std::optional<duration>& into, const std::string& help) {
    return impl_.add(*this, name, help, "TIME", false,
                     [=, &into](const auto& words) { into = parse_length(name, words.back()); });
}

command& command::option(const std::string& name, std::int64_t& into, const std::string& help, std::int64_t least,
                         std::int64_t most) {
    impl_.add(*this, name, help, "N", false,
              [=, &into](const auto& words) { into = parse_whole(name, words.back(), least, most); });
    return impl_.preset(*this, std::to_string(into));
}

command& command::option(const std::string& name, std::optional<std::int64_t>& into, const std::string& help,
                         std::int64_t least, std::int64_t most) {
    return impl_.add(*this, name, help, "N", false,
                     [=, &into](const auto& words) { into = parse_whole(name, words.back(), least, most); });
}

command& command::option(const std::string& name, double& into, const std::string& help, double least, double most) {
    impl_.add(*this, name, help, "X", false, [=, &into](const auto& words) {
        const auto x = parse_number<double>(words.back());
        if (!x || !(*x >= least && *x <= most))
            throw usage_problem{client::usage_error(
                fmt::format("{}: {} is not a number from {} to {}", name, quoted(words.back()), least, most))};
        into = *x;
    });
    return impl_.preset(*this, fmt::format("{}", into));
}

command& command::list(const std::string& name, std::vector<std::string>& into, const std::string& help) {
    return impl_.add(*this, name, help, "LIST", true, [&into](const auto& words) { into = words; });
}

command& command::repeated(const std::string& name, std::vector<std::string>& into, const std::string& help) {
    impl_.add(*this, name, help, "TEXT", true, [&into](const auto& words) { into = words; });
    impl_.rows.back().option->delimiter('\0');
    return *this;
}

command& command::one_of(std::vector<std::string> words) {
    return one_of([words = std::move(words)] { return words; });
}

command& command::one_of(std::function<std::vector<std::string>()> words) {
    if (impl_.rows.back().words) impl_.rows.back().words->list = std::move(words);
    return *this;
}

command& command::socket(std::string& into) {
    return option("--socket", into, "the daemon's socket; one of our own is found or started without it");
}

command& command::private_socket(std::string& into) {
    option(
        "--socket", into,
        "where the daemon that is started listens, for others to look at it meanwhile; a place of its own without it");
    impl_.rows.back().option->envname("");
    return *this;
}

command& command::json_answer(bool& into) {
    impl_.json = impl::json_kind::answer;
    return flag("--json", into, "answer in JSON on standard output");
}

command& command::json_file(std::optional<std::string>& into) {
    impl_.json = impl::json_kind::file;
    return option("--json", into, "write the results as JSON to this file, or to standard output with -");
}

command& command::run(std::function<result<exit_code>()> action) {
    impl_.action = std::move(action);
    return *this;
}

}  // namespace drainlab::cli
