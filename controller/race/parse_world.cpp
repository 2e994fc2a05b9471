// TOML to world_spec, with every mistake named by file, line and what would be right.
#include "controller/client/words.hpp"
#include "controller/race/world_spec.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace drainlab::race {

namespace {

struct mistake {
    std::string text;
};

class reader {
  public:
    explicit reader(std::string where) : where_{std::move(where)} {}

    world_spec read(const toml::table& t) {
        world_spec w;
        only(t, {"about", "producer", "small", "unbounded", "timers", "honours", "windows", "memcg", "superblock",
                 "inode", "task"});
        w.about = text(t, "about");
        w.producer = one_of(t, "producer", {"offline", "vote", "blkcg"});
        w.small = flag(t, "small");
        w.unbounded = flag(t, "unbounded");
        w.timers = static_cast<int>(number(t, "timers", 1, 0, 100));
        for (const auto& word : words(t, "honours", {"s_umount", "sync", "open_file"}))
            for (const shield one : all_shields)
                if (word == to_string(one)) w.shields.push_back(one);
        for (const auto& word : words(t, "windows", {"prepared_unqueued", "backs_out"}))
            w.windows.push_back(word == "backs_out" ? window::backs_out : window::prepared_unqueued);
        each(t, "memcg", [&](const toml::table& m) {
            only(m, {"name", "offline"});
            w.memcgs.push_back({text(m, "name"), flag(m, "offline")});
        });
        each(t, "superblock", [&](const toml::table& s) {
            only(s, {"name", "bdi"});
            const std::string name = text(s, "name");
            w.superblocks.push_back({name, s.contains("bdi") ? text(s, "bdi") : name});
        });
        each(t, "inode", [&](const toml::table& i) { read_inodes(i, w); });
        each(t, "task", [&](const toml::table& k) { read_task(k, w); });
        if (w.tasks.empty()) fail(t, "a world needs at least one [[task]]");
        return w;
    }

  private:
    void read_inodes(const toml::table& i, world_spec& w) {
        only(i, {"superblock", "owner", "count", "dirty_by", "votes_pending"});
        inode_spec spec;
        spec.superblock = index(i, "superblock", w.superblocks);
        spec.owner = index(i, "owner", w.memcgs);
        spec.dirty = i.contains("dirty_by");
        if (spec.dirty) spec.writer = index(i, "dirty_by", w.memcgs);
        spec.votes_pending = flag(i, "votes_pending");
        w.inodes.insert(w.inodes.end(), static_cast<std::size_t>(number(i, "count", 1, 1, 200)), spec);
    }

    void read_task(const toml::table& k, world_spec& w) {
        only(k, {"does", "superblock", "memcg", "inode"});
        const std::string does = one_of(k, "does", {"umount", "memcg_offline", "blkcg_offline", "fsync", "flush"});
        task_spec spec;
        spec.does = does == "umount"          ? action::umount
                    : does == "fsync"         ? action::fsync
                    : does == "flush"         ? action::flush
                    : does == "blkcg_offline" ? action::blkcg_offline
                                              : action::memcg_offline;
        if (spec.does == action::memcg_offline || spec.does == action::blkcg_offline) {
            spec.memcg = index(k, "memcg", w.memcgs);
        } else {
            spec.superblock = index(k, "superblock", w.superblocks);
        }
        if (spec.does == action::fsync) {
            spec.memcg = index(k, "memcg", w.memcgs);
            spec.inode =
                static_cast<std::size_t>(number(k, "inode", 1, 1, static_cast<std::int64_t>(w.inodes.size()))) - 1;
        }
        w.tasks.push_back(spec);
    }

    [[noreturn]] void fail(const toml::node& at, const std::string& what) const {
        throw mistake{where_ + ":" + std::to_string(at.source().begin.line) + ": " + what};
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

    bool flag(const toml::table& t, const char* key) const {
        if (!t.contains(key)) return false;
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

    std::string where_;
};

result<world_spec> parse(std::string_view source, const std::string& where, const std::string& name) {
    try {
        world_spec w = reader{where}.read(toml::parse(source, where));
        w.name = name;
        w.fingerprint = std::hash<std::string_view>{}(source);
        return w;
    } catch (const toml::parse_error& e) {
        return client::usage_error(where + ":" + std::to_string(e.source().begin.line) + ": " +
                                   std::string{e.description()});
    } catch (const mistake& m) { return client::usage_error(m.text); }
}

}  // namespace

result<world_spec> parse_world(std::string_view text, const std::string& name) { return parse(text, name, name); }

result<world_spec> read_world(const std::string& file) {
    std::ifstream in{file};
    if (!in) return client::usage_error("cannot read the world file " + file);
    std::ostringstream all;
    all << in.rdbuf();
    const auto slash = file.rfind('/');
    std::string name = file.substr(slash == std::string::npos ? 0 : slash + 1);
    if (name.ends_with(".toml")) name.resize(name.size() - 5);
    return parse(all.str(), file, name);
}

}  // namespace drainlab::race
