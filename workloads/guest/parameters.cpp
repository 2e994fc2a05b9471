#include "workloads/guest/parameters.hpp"

#include <array>
#include <charconv>
#include <functional>
#include <utility>

namespace drainlab::guest {
namespace {

struct key_error {
    std::string what;
};

template <class Number>
Number number(std::string_view key, std::string_view value) {
    Number n{};
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
    if (error != std::errc{} || end != value.data() + value.size() || n < 0)
        throw key_error{std::string(key) + "=" + std::string(value) + ": a whole number is expected"};
    return n;
}

constexpr std::array loads{std::pair{"none", load_kind::none}, std::pair{"burner", load_kind::burner},
                           std::pair{"container", load_kind::container}, std::pair{"tmpfs", load_kind::tmpfs},
                           std::pair{"overlay", load_kind::overlay}};

load_kind load_of(std::string_view word) {
    for (const auto& [name, kind] : loads)
        if (word == name) return kind;
    throw key_error{"load=" + std::string(word) + ": none, burner, container, tmpfs or overlay is expected"};
}

struct number_key {
    const char* name;
    int scenario_order::*field;
};
constexpr std::array number_keys{
    number_key{"samples", &scenario_order::samples},     number_key{"mounts", &scenario_order::mounts},
    number_key{"writes", &scenario_order::writes},       number_key{"at_once", &scenario_order::at_once},
    number_key{"burn_ms", &scenario_order::burn_ms},     number_key{"files", &scenario_order::files},
    number_key{"dirty_kib", &scenario_order::dirty_kib}, number_key{"within_ms", &scenario_order::within_ms}};

struct flag_key {
    const char* name;
    bool scenario_order::*field;
};
constexpr std::array flag_keys{flag_key{"lazy", &scenario_order::lazy}, flag_key{"held", &scenario_order::held},
                               flag_key{"volatile", &scenario_order::is_volatile}};

void set_scenario_key(scenario_order& s, std::string_view key, std::string_view value) {
    if (key == "load") {
        s.load = load_of(value);
        return;
    }
    for (const auto& k : number_keys)
        if (key == k.name) {
            s.*k.field = number<int>(key, value);
            return;
        }
    for (const auto& k : flag_keys)
        if (key == k.name) {
            s.*k.field = number<int>(key, value) != 0;
            return;
        }
    throw key_error{"lab.scenario: unknown key " + std::string(key)};
}

/// Calls `take` for every piece between separators, empty ones left out.
void each_piece(std::string_view text, std::string_view separators, const std::function<void(std::string_view)>& take) {
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(separators), text.size());
        if (end > 0) take(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

std::pair<std::string_view, std::string_view> split(std::string_view word) {
    const auto equals = word.find('=');
    if (equals == std::string_view::npos) throw key_error{std::string(word) + ": KEY=VALUE is expected"};
    return {word.substr(0, equals), word.substr(equals + 1)};
}

scenario_order parse_scenario(std::string_view text) {
    scenario_order s;
    each_piece(text, ",", [&](std::string_view piece) {
        if (s.name.empty()) {
            s.name = piece;
            return;
        }
        const auto [key, value] = split(piece);
        set_scenario_key(s, key, value);
    });
    if (s.name.empty()) throw key_error{"lab.scenario: a name is expected"};
    if (s.at_once < 1 || s.at_once > 8) throw key_error{"at_once: 1 to 8 targets are possible"};
    if (s.mounts > 8) throw key_error{"mounts: at most 8 busy superblocks are possible"};
    return s;
}

void set_key(parameters& p, std::string_view key, std::string_view value) {
    if (key == "scenario") return p.scenarios.push_back(parse_scenario(value));
    if (key == "seed") return void(p.seed = number<std::uint64_t>(key, value));
    if (key == "drop_pages") return void(p.drop_pages = number<int>(key, value) != 0);
    if (key == "measure") return void(p.measure = number<int>(key, value) != 0);
    if (key == "record") return void(p.record = number<int>(key, value) != 0);
    if (key == "widen_us") return void(p.widen_us = number<std::uint64_t>(key, value));
    if (key == "hang_s") return void(p.hang_s = number<int>(key, value));
    throw key_error{"unknown parameter lab." + std::string(key)};
}

std::string scenario_word(const scenario_order& s) {
    const scenario_order defaults;
    std::string word = " lab.scenario=" + s.name;
    for (const auto& k : number_keys)
        if (s.*k.field != defaults.*k.field) word += std::string(",") + k.name + "=" + std::to_string(s.*k.field);
    for (const auto& k : flag_keys)
        if (s.*k.field) word += std::string(",") + k.name + "=1";
    for (const auto& [name, kind] : loads)
        if (kind == s.load && kind != load_kind::none) word += std::string(",load=") + name;
    return word;
}

}  // namespace

parsed_parameters parse_parameters(std::string_view command_line) {
    constexpr std::string_view prefix = "lab.";
    parameters p;
    try {
        each_piece(command_line, " \n", [&](std::string_view word) {
            if (!word.starts_with(prefix)) return;
            const auto [key, value] = split(word.substr(prefix.size()));
            set_key(p, key, value);
        });
    } catch (const key_error& e) { return {std::nullopt, e.what}; }
    return {p, {}};
}

std::string to_words(const parameters& p) {
    std::string words = "lab.seed=" + std::to_string(p.seed) + " lab.drop_pages=" + std::to_string(p.drop_pages) +
                        " lab.record=" + std::to_string(p.record) + " lab.hang_s=" + std::to_string(p.hang_s);
    if (p.measure) words += " lab.measure=1";
    if (p.widen_us != 0) words += " lab.widen_us=" + std::to_string(p.widen_us);
    for (const auto& s : p.scenarios) words += scenario_word(s);
    return words;
}

}  // namespace drainlab::guest
