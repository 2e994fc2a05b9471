#include "controller/result/keys.hpp"

#include <cmath>

namespace drainlab::report::keys {

json number(double v) { return std::round(v * 1e6) / 1e6; }
json number(const std::optional<double>& v) { return v ? number(*v) : json(nullptr); }
json text(const std::optional<std::string>& v) { return v ? json(*v) : json(nullptr); }
json pair(const std::array<double, 2>& v) { return json::array({number(v[0]), number(v[1])}); }

std::string dumped(const json& document) { return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n"; }

json of(const measure::histogram& h) {
    auto buckets = json::array();
    h.each([&](std::uint64_t low, std::uint64_t, std::uint64_t count) { buckets.push_back({low, count}); });
    return {{"digits", h.digits()}, {"min", h.min()}, {"max", h.max()}, {"buckets", buckets}};
}

std::string schema_of(const nlohmann::json& document) {
    if (!document.is_object() || !document.contains("schema") || !document.at("schema").is_string())
        throw misread("not a document of drainlab: it has no \"schema\"");
    const auto schema = document.at("schema").get<std::string>();
    for (const std::string family : {"result", "race", "mutants", "lazy", "churn"}) {
        const auto known = "drainlab." + family + "/";
        if (schema == known + "1") return schema;
        if (schema.starts_with(known))
            throw misread("its schema is " + schema + ", of a later major version; this drainlab reads " + known + "1");
    }
    throw misread("its schema is \"" + schema + "\", which this drainlab does not read");
}

std::string text_or(const cursor& c) { return c.null() ? std::string{} : c.text(); }
std::uint64_t count_or(const cursor& c) { return c.null() ? 0 : c.count(); }
double number_or(const cursor& c) { return c.null() ? 0.0 : c.number(); }
std::optional<std::string> maybe_text(const cursor& c) {
    return c.maybe([](const cursor& v) { return v.text(); });
}
std::optional<double> maybe_number(const cursor& c) {
    return c.maybe([](const cursor& v) { return v.number(); });
}
std::optional<std::uint64_t> maybe_count(const cursor& c) {
    return c.maybe([](const cursor& v) { return v.count(); });
}
std::vector<std::uint64_t> counts(const cursor& c) {
    return c.list([](const cursor& v) { return v.count(); });
}
std::vector<std::string> texts(const cursor& c) {
    return c.list([](const cursor& v) { return v.text(); });
}

measure::histogram read_histogram(const cursor& c) {
    constexpr std::uint64_t longest_ns = std::uint64_t{1} << 54, most = std::uint64_t{1} << 40;
    const int ours = measure::histogram{}.digits();
    if (c["digits"].small() != ours) c["digits"].fail(std::to_string(ours));
    std::vector<std::pair<std::uint64_t, std::uint64_t>> buckets;
    for (const auto& pair : c["buckets"].list(counts)) {
        if (pair.size() != 2 || pair[0] > longest_ns || pair[1] > most)
            c["buckets"].fail("pairs of a length and a count in range");
        buckets.emplace_back(pair[0], pair[1]);
    }
    return measure::histogram::from(ours, buckets, c["min"].count(), c["max"].count());
}

}  // namespace drainlab::report::keys
