// A JSON value and the way to it, so that what is wrong with a document is said with its place.
#pragma once

#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace drainlab::report {

/// Thrown while reading: "cells[3].umount_ns[7]: a whole number of at least 0 is expected, not -4".
struct misread : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Borrows the document, which must live longer. Types are taken strictly: no number from a string, no count from a
/// fraction.
class cursor {
  public:
    cursor(const nlohmann::json& value, std::string path) : value_{&value}, path_{std::move(path)} {}

    /// The value of a key; null where it is missing. Fails unless this is an object or null.
    cursor operator[](const char* key) const {
        static const nlohmann::json none;
        if (value_->is_null()) return {none, path_ + "." + key};
        if (!value_->is_object()) fail("an object");
        const auto at = value_->find(key);
        return {at == value_->end() ? none : *at, path_.empty() ? key : path_ + "." + key};
    }
    bool null() const { return value_->is_null(); }
    const nlohmann::json& raw() const { return *value_; }
    const std::string& path() const { return path_; }

    std::string text() const {
        if (!value_->is_string()) fail("a string");
        return value_->get<std::string>();
    }
    bool flag() const {
        if (!value_->is_boolean()) fail("true or false");
        return value_->get<bool>();
    }
    double number() const {
        if (!value_->is_number() || !std::isfinite(value_->get<double>())) fail("a number");
        return value_->get<double>();
    }
    std::uint64_t count() const {
        if (!value_->is_number_unsigned()) fail("a whole number of at least 0");
        return value_->get<std::uint64_t>();
    }
    int small() const {
        if (!value_->is_number_unsigned() || value_->get<std::uint64_t>() > 1'000'000'000)
            fail("a whole number from 0 to 1000000000");
        return value_->get<int>();
    }
    /// `take` for every element; an empty list where this is null.
    template <class Take>
    auto list(Take take) const {
        std::vector<decltype(take(*this))> out;
        if (null()) return out;
        if (!value_->is_array()) fail("a list");
        for (std::size_t i = 0; i < value_->size(); ++i)
            out.push_back(take(cursor{(*value_)[i], path_ + "[" + std::to_string(i) + "]"}));
        return out;
    }
    /// `take(key, value)` for every entry; nothing where this is null.
    template <class Take>
    void entries(Take take) const {
        if (null()) return;
        if (!value_->is_object()) fail("an object");
        for (const auto& [key, v] : value_->items()) take(key, cursor{v, path_ + "." + key});
    }
    /// Nothing where this is null, else what `take` makes of it.
    template <class Take>
    auto maybe(Take take) const -> std::optional<decltype(take(*this))> {
        if (null()) return std::nullopt;
        return take(*this);
    }
    std::array<double, 2> pair() const {
        const auto all = list([](const cursor& c) { return c.number(); });
        if (all.size() != 2) fail("two numbers");
        return {all[0], all[1]};
    }
    [[noreturn]] void fail(const std::string& wanted) const {
        auto shown = value_->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        if (shown.size() > 40) shown = shown.substr(0, 37) + "...";
        throw misread((path_.empty() ? "the document" : path_) + ": " + wanted + " is expected, not " + shown);
    }

  private:
    const nlohmann::json* value_;
    std::string path_;
};

}  // namespace drainlab::report
