#include "fusefs/profile/load.hpp"

#include "fusefs/input/nearest.hpp"
#include "fusefs/input/toml.hpp"
#include "fusefs/profile/keys.hpp"

#include <filesystem>
#include <sstream>

namespace drainlab::profile {

using kernel::nanoseconds;

namespace {

/// Reads one file into a profile; stops at the first mistake.
class reader {
  public:
    explicit reader(std::string file) : file_{std::move(file)} {}

    bool table(const toml::table& all) {
        const toml::node* zero = all.get("zero");
        out.zero = zero && zero->value_or(false);
        for (const auto& [name, value] : all)
            if (!entry(name.str(), name.source().begin, value)) return false;
        for (const key& k : keys())
            if (k.required && !out.zero && !all.contains(k.name))
                return fail({}, "\"" + std::string{k.name} + "\" is missing: it must be " + expectation(k));
        const nanoseconds tick = out.tick();
        if (out.tick_jitter > tick)
            return fail(all.get("tick_jitter")->source().begin, "\"tick_jitter\" must be at most a tick, 1/hz s");
        if (out.umount_before_call + out.umount_in_shutdown > 1)
            return fail(
                {}, "\"umount_before_call\" and \"umount_in_shutdown\" are shares of umount_base: together at most 1");
        return true;
    }
    bool fail(const toml::source_position& at, const std::string& what) {
        error = file_ + ":";
        if (at.line > 0) error += std::to_string(at.line) + ":" + std::to_string(at.column) + ":";
        error += " " + what;
        return false;
    }

    kernel::profile out;
    std::string error;

  private:
    bool entry(std::string_view name, const toml::source_position& at, const toml::node& value) {
        const key* k = find_key(name);
        if (!k) return unknown(name, at);
        const bool good = std::visit([&](auto member) { return set(*k, out.*member, value); }, k->field);
        if (good) return true;
        return fail(value.source().begin,
                    "\"" + std::string{name} + "\" must be " + expectation(*k) + ", not " + shown(value));
    }
    bool unknown(std::string_view name, const toml::source_position& at) {
        std::vector<std::string> names;
        for (const key& k : keys()) names.emplace_back(k.name);
        std::string what = "unknown key \"" + std::string{name} + "\"";
        if (const auto near = input::nearest(name, names)) return fail(at, what + " (did you mean \"" + *near + "\"?)");
        what += "; the keys are:";
        for (const auto& n : names) what += " " + n;
        return fail(at, what);
    }
    static bool within(const key& k, double v) { return v >= k.least && v <= k.most; }
    static bool set(const key&, bool& field, const toml::node& value) {
        const auto v = value.value_exact<bool>();
        if (v) field = *v;
        return v.has_value();
    }
    static bool set(const key& k, int& field, const toml::node& value) {
        const auto v = value.value_exact<std::int64_t>();
        if (!v || !within(k, static_cast<double>(*v))) return false;
        field = static_cast<int>(*v);
        return true;
    }
    static bool set(const key& k, double& field, const toml::node& value) {
        const auto v = value.is_number() ? value.value<double>() : std::nullopt;
        if (!v || !within(k, *v)) return false;
        field = *v;
        return true;
    }
    static bool set(const key& k, nanoseconds& field, const toml::node& value) {
        const auto text = value.value_exact<std::string>();
        nanoseconds v{};
        if (!text || !parse_duration(*text, v) || !within(k, static_cast<double>(v.count()))) return false;
        field = v;
        return true;
    }
    static std::string shown(const toml::node& value) {
        if (const auto v = value.value_exact<std::string>()) return "\"" + *v + "\"";
        if (const auto v = value.value_exact<std::int64_t>()) return std::to_string(*v);
        if (const auto v = value.value_exact<bool>()) return *v ? "true" : "false";
        if (const auto v = value.value_exact<double>()) {
            std::ostringstream out;
            out << *v;
            return out.str();
        }
        return value.is_table() ? "a table" : value.is_array() ? "an array" : "a date or time";
    }

    std::string file_;
};

}  // namespace

load_result parse_profile(std::string_view text, const std::string& file) {
    reader r{file};
    const auto all = input::parse_toml(text, file);
    if (!all.table) return {std::nullopt, all.error};
    if (!r.table(*all.table)) return {std::nullopt, r.error};
    r.out.name = std::filesystem::path{file}.stem().string();
    return {r.out, {}};
}

}  // namespace drainlab::profile
