// Reading TOML tables with every mistake named by file, line and what would be right.
#pragma once
#include "fusefs/input/toml.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace drainlab::race {

/// "FILE:LINE: what is wrong"
struct toml_mistake {
    std::string text;
};

/// Takes values out of tables. Each call throws toml_mistake where the value is missing or of another kind; callers
/// turn that into exit 2.
class toml_reader {
  public:
    explicit toml_reader(std::string where) : where_{std::move(where)} {}

    [[noreturn]] void fail(const toml::node& at, const std::string& what) const {
        throw toml_mistake{where_ + ":" + std::to_string(at.source().begin.line) + ": " + what};
    }

    void only(const toml::table& t, const std::vector<std::string>& keys) const {
        for (const auto& [key, value] : t) {
            const std::string word{key.str()};
            if (std::find(keys.begin(), keys.end(), word) != keys.end()) continue;
            fail(value, "unknown key '" + word + "'; known here: " + join(keys));
        }
    }

    static std::string join(const std::vector<std::string>& list) {
        std::string all;
        for (const auto& word : list) all += (all.empty() ? "" : ", ") + word;
        return all;
    }

    std::string text(const toml::table& t, const char* key) const {
        const auto value = t[key].value_exact<std::string>();
        if (!value || value->empty())
            fail(t[key].node() ? *t[key].node() : t, std::string{"'"} + key + "' must be a text");
        return *value;
    }

    std::string one_of(const toml::table& t, const char* key, const std::vector<std::string>& words) const {
        const std::string word = text(t, key);
        if (std::find(words.begin(), words.end(), word) == words.end())
            fail(*t[key].node(), std::string{"'"} + key + "' is '" + word + "'; must be one of: " + join(words));
        return word;
    }

    bool flag(const toml::table& t, const char* key, bool otherwise = false) const {
        if (!t.contains(key)) return otherwise;
        const auto value = t[key].value_exact<bool>();
        if (!value) fail(*t[key].node(), std::string{"'"} + key + "' must be true or false");
        return *value;
    }

    std::int64_t number(const toml::table& t, const char* key, std::int64_t otherwise, std::int64_t least,
                        std::int64_t most) const {
        if (!t.contains(key)) return otherwise;
        const auto value = t[key].value_exact<std::int64_t>();
        if (!value || *value < least || *value > most)
            fail(*t[key].node(), std::string{"'"} + key + "' must be a whole number from " + std::to_string(least) +
                                     " to " + std::to_string(most));
        return *value;
    }

    std::vector<std::string> words(const toml::table& t, const char* key, const std::vector<std::string>& known) const {
        std::vector<std::string> all;
        if (!t.contains(key)) return all;
        const auto* list = t[key].as_array();
        if (!list) fail(*t[key].node(), std::string{"'"} + key + "' must be a list of words");
        for (const auto& node : *list) {
            const auto word = node.value_exact<std::string>();
            if (!word || std::find(known.begin(), known.end(), *word) == known.end())
                fail(node, std::string{"'"} + key + "' may hold: " + join(known));
            all.push_back(*word);
        }
        return all;
    }

    template <class Named>
    std::size_t index(const toml::table& t, const char* key, const std::vector<Named>& among) const {
        const std::string word = text(t, key);
        std::string names;
        for (std::size_t n = 0; n < among.size(); ++n) {
            if (among[n].name == word) return n;
            names += (names.empty() ? "" : ", ") + among[n].name;
        }
        fail(*t[key].node(),
             std::string{"'"} + key + "' is '" + word + "', which is not declared above (" + names + ")");
    }

    template <class Use>
    void each(const toml::table& t, const char* key, Use use) const {
        if (!t.contains(key)) return;
        const auto* list = t[key].as_array();
        if (!list) fail(*t[key].node(), std::string{"write [["} + key + "]], once per " + key);
        for (const auto& node : *list) {
            const auto* table = node.as_table();
            if (!table) fail(node, std::string{"write [["} + key + "]], once per " + key);
            use(*table);
        }
    }

  private:
    std::string where_;
};

}  // namespace drainlab::race
