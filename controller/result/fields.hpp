// The keys of a struct said once, for writing and for reading. Internal to this folder.
//
// `fields(s, visit)` of a struct calls `visit(key, field)` in the order in which the
// keys stand in the document. Then `written(s)` is its JSON, and `read<S>(cursor)`
// the struct again. What is missing or null is read as empty, 0 or nothing.
#pragma once

#include "controller/result/keys.hpp"

#include <concepts>
#include <type_traits>

namespace drainlab::report::keys {

/// `S`, to be written (const) or read.
template <class T, class S>
concept some = std::same_as<std::remove_const_t<T>, S>;

/// A field that has to be there: reading fails where it is missing or null.
template <class T>
struct needed {
    T& field;
};
template <class T>
needed(T&) -> needed<T>;

/// A list that is written as null when it is empty.
template <class T>
struct null_if_empty {
    T& field;
};
template <class T>
null_if_empty(T&) -> null_if_empty<T>;

template <class S>
json written(const S& s);
template <class S>
S read(const cursor& c);

// ---- values: how each type is written, and read where it is there -------------------------------------------------
inline json value_of(double v) { return number(v); }
inline json value_of(const std::array<double, 2>& v) { return pair(v); }
/// An instant and a count.
inline json value_of(const std::pair<double, std::uint64_t>& v) { return json::array({number(v.first), v.second}); }
template <class T>
json value_of(const std::optional<T>& v);
template <class T>
json value_of(const std::vector<T>& all);
template <class T>
json value_of(const T& v) {
    if constexpr (std::is_class_v<T> && !std::same_as<T, std::string>)
        return written(v);
    else
        return v;
}
template <class T>
json value_of(const std::optional<T>& v) {
    return v ? value_of(*v) : json(nullptr);
}
template <class T>
json value_of(const std::vector<T>& all) {
    auto out = json::array();
    for (const auto& v : all) out.push_back(value_of(v));
    return out;
}

inline void take(const cursor& c, std::string& v) { v = c.text(); }
inline void take(const cursor& c, double& v) { v = c.number(); }
inline void take(const cursor& c, std::uint64_t& v) { v = c.count(); }
inline void take(const cursor& c, int& v) { v = c.small(); }
inline void take(const cursor& c, bool& v) { v = c.flag(); }
inline void take(const cursor& c, std::array<double, 2>& v) { v = c.pair(); }
inline void take(const cursor& c, std::pair<double, std::uint64_t>& v) {
    const auto both = c.list([](const cursor& e) { return e; });
    if (both.size() != 2) c.fail("an instant and a count");
    v = {both[0].number(), both[1].count()};
}
template <class T>
void take(const cursor& c, std::vector<T>& all);
template <class S>
requires std::is_class_v<S>
void take(const cursor& c, S& v) { v = read<S>(c); }
template <class T>
void take(const cursor& c, std::vector<T>& all) {
    all = c.list([](const cursor& e) {
        T v{};
        take(e, v);
        return v;
    });
}

// ---- visitors -----------------------------------------------------------------------------------------------------
/// Borrows the object that it fills.
class field_writer {
  public:
    explicit field_writer(json& out) : out_{out} {}
    template <class T>
    void operator()(const char* key, const T& field) {
        out_[key] = value_of(field);
    }
    template <class T>
    void operator()(const char* key, needed<T> f) {
        (*this)(key, f.field);
    }
    template <class T>
    void operator()(const char* key, null_if_empty<T> f) {
        out_[key] = f.field.empty() ? json(nullptr) : value_of(f.field);
    }
    /// Keys of an object below `key`.
    template <class Visit>
    void below(const char* key, Visit visit) {
        field_writer inner{out_[key] = json::object()};
        visit(inner);
    }

  private:
    json& out_;
};

/// Borrows the document. Throws misread.
class field_reader {
  public:
    explicit field_reader(const cursor& in) : in_{in} {}
    template <class T>
    void operator()(const char* key, T& field) {
        const auto c = in_[key];
        field = T{};
        if (!c.null()) take(c, field);
    }
    template <class T>
    void operator()(const char* key, std::optional<T>& field) {
        field.reset();
        if (const auto c = in_[key]; !c.null()) take(c, field.emplace());
    }
    template <class T>
    void operator()(const char* key, needed<T> f) {
        take(in_[key], f.field);
    }
    template <class T>
    void operator()(const char* key, null_if_empty<T> f) {
        (*this)(key, f.field);
    }
    template <class Visit>
    void below(const char* key, Visit visit) {
        field_reader inner{in_[key]};
        visit(inner);
    }

  private:
    cursor in_;
};

template <class S>
json written(const S& s) {
    auto out = json::object();
    field_writer visit{out};
    fields(s, visit);
    return out;
}

template <class S>
S read(const cursor& c) {
    S s;
    field_reader visit{c};
    fields(s, visit);
    return s;
}

}  // namespace drainlab::report::keys
