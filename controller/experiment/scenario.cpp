#include "controller/experiment/scenario.hpp"

#include "controller/words/data_dir.hpp"
#include "controller/words/words.hpp"
#include "fusefs/input/read_file.hpp"
#include "fusefs/input/toml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace drainlab::experiment {
namespace {

using word_list = std::vector<std::string>;

/// Reads the keys of one table, and keeps the first thing that is wrong. All errors name line and column.
class reader {
  public:
    reader(const toml::table& table, std::string origin, word_list known) : table_{table}, origin_{std::move(origin)} {
        for (const auto& [key, node] : table) {
            const std::string word{key.str()};
            if (std::find(known.begin(), known.end(), word) != known.end()) continue;
            const auto near = words::nearest(word, known);
            complain(key.source(), fmt::format("unknown key '{}'", word),
                     near ? fmt::format("did you mean '{}'?", *near) : "known keys: " + words::join(known));
        }
    }

    void text(const char* key, std::string& into) {
        if (const auto* node = table_.get(key)) {
            if (const auto* s = node->as_string())
                into = s->get();
            else
                wrong(*node, key, "a string");
        }
    }
    void yes_or_no(const char* key, bool& into) {
        if (const auto* node = table_.get(key)) {
            if (const auto* b = node->as_boolean())
                into = b->get();
            else
                wrong(*node, key, "true or false");
        }
    }
    template <class Int>
    void whole(const char* key, Int& into, std::int64_t least, std::int64_t most) {
        const auto* node = table_.get(key);
        if (!node) return;
        const auto* i = node->as_integer();
        if (i && i->get() >= least && i->get() <= most)
            into = static_cast<Int>(i->get());
        else
            wrong(*node, key, fmt::format("a whole number from {} to {}", least, most));
    }
    void number(const char* key, std::optional<double>& into) {
        const auto* node = table_.get(key);
        if (!node) return;
        into = node->value<double>();
        if (!into || node->is_string() || node->is_boolean()) wrong(*node, key, "a number");
    }
    void list(const char* key, word_list& into) {
        const auto* node = table_.get(key);
        if (!node) return;
        const auto* array = node->as_array();
        if (!array) return wrong(*node, key, "a list of strings");
        for (const auto& element : *array) {
            if (const auto* s = element.as_string())
                into.push_back(s->get());
            else
                wrong(element, key, "a list of strings");
        }
    }
    /// A word out of `known`; its index.
    std::size_t choice(const char* key, const word_list& known, std::size_t otherwise) {
        std::string word;
        text(key, word);
        if (word.empty()) return otherwise;
        const auto at = std::find(known.begin(), known.end(), word);
        if (at != known.end()) return static_cast<std::size_t>(at - known.begin());
        wrong(*table_.get(key), key, "one of " + words::join(known));
        return otherwise;
    }
    void require(bool fulfilled, const std::string& what) {
        if (!fulfilled) complain(table_.source(), what, {});
    }

    const std::optional<failure>& error() const { return error_; }

  private:
    void wrong(const toml::node& node, const char* key, const std::string& wanted) {
        complain(node.source(), fmt::format("'{}' must be {}", key, wanted), {});
    }
    void complain(const toml::source_region& where, const std::string& what, std::string hint) {
        if (error_) return;
        error_ = usage_error(fmt::format("{}:{}:{}: {}", origin_, where.begin.line, where.begin.column, what),
                             std::move(hint));
    }

    const toml::table& table_;
    std::string origin_;
    std::optional<failure> error_;
};

const word_list kinds{"p50_ratio", "p50_order", "p50_equal", "waited", "switches", "no_violation"};

std::optional<failure> read_expectation(const toml::table& table, const std::string& origin, expectation& e) {
    reader in{table, origin, {"kind", "policy", "against", "policies", "producer", "at_least", "at_most"}};
    e.kind = kinds[in.choice("kind", kinds, 0)];
    in.require(table.contains("kind"), "an [[expect]] needs a 'kind': one of " + words::join(kinds));
    in.text("policy", e.policy);
    in.text("against", e.against);
    in.list("policies", e.policies);
    if (table.contains("producer")) {
        const word_list producers{"vote", "offline", "blkcg"};
        e.producer = producers[in.choice("producer", producers, 0)];
    }
    in.number("at_least", e.at_least);
    in.number("at_most", e.at_most);
    const bool ratio = e.kind == "p50_ratio";
    in.require(!ratio || (!e.policy.empty() && !e.against.empty()), "p50_ratio needs 'policy' and 'against'");
    in.require(ratio || !e.policies.empty(), fmt::format("{} needs 'policies'", e.kind));
    const bool bounded = ratio || e.kind == "waited" || e.kind == "switches";
    in.require(!bounded || e.at_least || e.at_most, fmt::format("{} needs 'at_least' or 'at_most'", e.kind));
    return in.error();
}

std::optional<failure> read_background(const toml::table& table, const std::string& origin, background_load& b) {
    reader in{table, origin, {"mounts", "burner_writes"}};
    in.whole("mounts", b.mounts, 0, 64);
    in.whole("burner_writes", b.writes, 1, 1'000'000);
    return in.error();
}

std::optional<failure> read_neighbour(const toml::table& table, const std::string& origin, neighbour_load& n) {
    reader in{table, origin, {"dirty_mib", "mib_per_s"}};
    in.whole("dirty_mib", n.dirty_mib, 1, 4096);
    in.whole("mib_per_s", n.mib_per_s, 1, 100'000);
    return in.error();
}

std::optional<failure> read_target(const toml::table& table, const std::string& origin, target_setup& t,
                                   const background_load& background) {
    reader in{table,
              origin,
              {"at_once", "load", "burner_writes", "burn_ms", "shares_bdi", "in_flight", "files", "dirty_limit_bytes",
               "umount_within_ms", "dirty_kib", "volatile"}};
    in.whole("at_once", t.at_once, 1, 256);
    t.load = static_cast<target_load>(in.choice("load", {"none", "burner", "container", "overlay"}, 0));
    in.whole("burner_writes", t.writes, 1, 1'000'000);
    std::int64_t burn_ms = t.burn_for.count();
    in.whole("burn_ms", burn_ms, 0, 60'000);
    t.burn_for = std::chrono::milliseconds{burn_ms};
    in.yes_or_no("shares_bdi", t.shares_bdi);
    in.yes_or_no("in_flight", t.in_flight);
    in.whole("files", t.files, 1, 100'000);
    in.whole("dirty_kib", t.dirty_kib, 0, 1'000'000);
    in.yes_or_no("volatile", t.is_volatile);
    std::int64_t within_ms = 0;
    in.whole("umount_within_ms", within_ms, 0, 60'000);
    t.umount_within = std::chrono::milliseconds{within_ms};
    std::int64_t dirty_limit = -1;
    in.whole("dirty_limit_bytes", dirty_limit, 1, INT64_MAX);
    if (dirty_limit > 0) t.dirty_limit = static_cast<std::uint64_t>(dirty_limit);
    const bool overlay = t.load == target_load::overlay;
    in.require(!overlay || background.mounts > 0, "load = \"overlay\" needs [background] mounts for its upper layer");
    in.require(overlay || !(table.contains("dirty_kib") || table.contains("volatile")),
               "dirty_kib and volatile need load = \"overlay\"");
    in.require(!t.in_flight || t.load == target_load::burner, "in_flight needs load = \"burner\"");
    return in.error();
}

/// The sub-tables; a key of the wrong kind has been refused by then.
std::optional<failure> read_parts(const toml::table& root, const std::string& origin, scenario& s) {
    if (const auto* table = root["background"].as_table())
        if (auto error = read_background(*table, origin, s.background)) return error;
    if (const auto* table = root["neighbour"].as_table())
        if (auto error = read_neighbour(*table, origin, s.neighbour)) return error;
    if (const auto* table = root["target"].as_table())
        if (auto error = read_target(*table, origin, s.target, s.background)) return error;
    const auto* expect = root["expect"].as_array();
    if (!expect) return std::nullopt;
    for (const auto& entry : *expect)
        if (auto error = read_expectation(*entry.as_table(), origin, s.expect.emplace_back())) return error;
    return std::nullopt;
}

bool is_list_of_tables(const toml::node& node) {
    const auto* array = node.as_array();
    return array && std::all_of(array->begin(), array->end(), [](const toml::node& n) { return n.is_table(); });
}

std::optional<failure> check_kinds(const toml::table& root, const std::string& origin) {
    const auto refuse = [&](const toml::node& node, const char* what) {
        const auto at = node.source().begin;
        return usage_error(fmt::format("{}:{}:{}: {}", origin, at.line, at.column, what));
    };
    for (const auto* key : {"background", "neighbour", "target"})
        if (const auto* node = root.get(key); node && !node->is_table())
            return refuse(*node, "a table is expected here, as [background]");
    if (const auto* node = root.get("expect"); node && !is_list_of_tables(*node))
        return refuse(*node, "tables are expected here, as [[expect]]");
    return std::nullopt;
}

result<scenario> read_scenario(const toml::table& root, const std::string& name, const std::string& origin) {
    scenario s;
    s.name = name;
    reader in{root, origin, {"title", "background", "neighbour", "target", "expect"}};
    in.text("title", s.title);
    if (in.error()) return *in.error();
    if (auto error = check_kinds(root, origin)) return *error;
    if (auto error = read_parts(root, origin, s)) return *error;
    return s;
}

}  // namespace

result<scenario> parse_scenario(const std::string& text, const std::string& name, const std::string& origin) {
    const auto parsed = input::parse_toml(text, origin);
    if (!parsed.table) return usage_error(parsed.error);
    return read_scenario(*parsed.table, name, origin);
}

result<scenario> load_scenario(const std::string& word) {
    BOOST_OUTCOME_TRY(auto path, words::data_file("scenarios", word));
    const auto file = input::read_file(path, input::mebibyte);
    if (!file.text) return usage_error(file.error);
    return parse_scenario(*file.text, std::filesystem::path(path).stem().string(), path);
}

}  // namespace drainlab::experiment
