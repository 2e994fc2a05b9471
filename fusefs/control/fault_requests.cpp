// Faults by operation, as the API has them.
#include "fusefs/control/body_reader.hpp"

namespace drainlab::control {
namespace {

using std::chrono::microseconds;

constexpr std::uint64_t longest_us = 60'000'000;
constexpr milliseconds default_limit{30'000};

/// Without a word: what the fault is about by itself.
fault::operations operations_of(reader& r, const fault::rule& rule) {
    fault::operations ops;
    const auto add = [&](fault::operation op) { ops.set(static_cast<std::size_t>(op)); };
    const auto words = r.words("op");
    for (const auto& w : words) {
        if (w == "any")
            ops |= fault::any_operation();
        else if (const auto op = fault::parse_operation(w))
            add(*op);
        else
            r.fail(
                fmt::format("'op' is '{}'; it must be any or some of {}", w, fmt::join(fault::operation_words, ", ")));
    }
    if (!words.empty()) return ops;
    if (rule.torn_write) {
        add(fault::operation::write);
    } else if (rule.drop_fsync) {
        add(fault::operation::fsync);
        add(fault::operation::fsyncdir);
    } else {
        return fault::any_operation();
    }
    return ops;
}

std::string checked_name(reader& r) {
    auto name = r.string("name").value_or("");
    if (name.size() > 64 || name.find_first_of("/?#% \n\\") != std::string::npos)
        r.fail("'name' must have at most 64 bytes, no blank and none of / ? # % \\");
    return name;
}

fault::rule read_fault(reader& r) {
    fault::rule f;
    f.name = checked_name(r);
    f.path = r.string("path").value_or("*");
    f.delay = microseconds{r.number("delay_us", longest_us).value_or(0)};
    const auto limit = r.number("limit_ms", longest_us / 1000);
    if (r.boolean("hang").value_or(false))
        f.hang = milliseconds{limit.value_or(static_cast<std::uint64_t>(default_limit.count()))};
    else if (limit)
        r.fail("'limit_ms' goes with 'hang'");
    if (const auto word = r.string("errno")) {
        f.error = storage::parse_errno(*word);
        if (!f.error)
            r.fail(fmt::format("'errno' is '{}'; it must be the name of an errno, like EIO, and not ENOSYS", *word));
    }
    f.torn_write = r.number("torn_write", 1ull << 30);
    f.drop_fsync = r.boolean("drop_fsync").value_or(false);
    f.probability = r.probability("probability");
    f.seed = r.number("seed", ~0ull).value_or(0);
    f.times = r.number("times", ~0ull);
    f.after = r.number("after", ~0ull).value_or(0);
    if (const auto pid = r.number("pid", 1 << 22)) f.pid = static_cast<pid_t>(*pid);
    f.cgroup = cgroup_in_hierarchy(r.string("cgroup").value_or(""));
    f.ops = operations_of(r, f);
    if (const auto wrong = fault::wrong_with(f); !wrong.empty()) r.fail(wrong);
    return f;
}

}  // namespace

std::string cgroup_in_hierarchy(std::string path) {
    for (const std::string root : {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"})
        if (path == root || path.starts_with(root + "/")) path = path == root ? "/" : path.substr(root.size());
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
}

std::vector<fault::rule> read_faults(reader& r, const char* key) {
    std::vector<fault::rule> all;
    for (const json& one : r.objects(key)) {
        reader inner{one};
        auto f = read_fault(inner);
        if (const auto wrong = inner.wrong()) r.fail(fmt::format("'{}': {}", key, wrong->message));
        const bool twice = !f.name.empty() &&
                           std::any_of(all.begin(), all.end(), [&](const auto& other) { return other.name == f.name; });
        if (twice) r.fail(fmt::format("'{}': two rules are called '{}'", key, f.name));
        all.push_back(std::move(f));
    }
    if (all.size() > 100) r.fail(fmt::format("'{}': more than 100 rules", key));
    return all;
}

api_result<fault::rule> parse_fault(std::string_view body) {
    reader r{body};
    auto f = read_fault(r);
    if (auto wrong = r.wrong()) return *std::move(wrong);
    return f;
}

api_result<std::string> parse_fault_release(std::string_view body) {
    reader r{body};
    auto name = r.string("name").value_or("");
    if (auto wrong = r.wrong()) return *std::move(wrong);
    return name;
}

}  // namespace drainlab::control
