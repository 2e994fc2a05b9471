// TOML to world_spec.
#include "controller/race/toml_reader.hpp"
#include "controller/race/world_spec.hpp"
#include "fusefs/input/read_file.hpp"
#include "fusefs/input/toml.hpp"

namespace drainlab::race {

namespace {

struct action_word {
    const char* word;
    action does;
};
constexpr action_word actions[] = {
    {"umount", action::umount},
    {"memcg_offline", action::memcg_offline},
    {"blkcg_offline", action::blkcg_offline},
    {"fsync", action::fsync},
    {"flush", action::flush},
    {"write", action::write},
    {"umount2", action::umount2},
    {"walk", action::walk},
    {"close", action::close},
    {"dup_close", action::dup_close},
    {"put_by_kthread", action::put_by_kthread},
    {"put_by_delayed_work", action::put_by_delayed_work},
    {"mount", action::mount},
    {"walk_pwd", action::walk_pwd},
    {"leave_pwd", action::leave_pwd},
    {"put_namespace", action::put_namespace},
};

bool uses_file(action a) {
    return a == action::close || a == action::dup_close || a == action::put_by_kthread ||
           a == action::put_by_delayed_work || a == action::leave_pwd;
}

class reader : toml_reader {
  public:
    using toml_reader::toml_reader;

    world_spec read(const toml::table& t) {
        world_spec w;
        only(t, {"about",
                 "producer",
                 "small",
                 "unbounded",
                 "bound",
                 "delays",
                 "spinlock_is_reader",
                 "timers",
                 "split_counts",
                 "release_wbs",
                 "periodic_flusher",
                 "honours",
                 "windows",
                 "memcg",
                 "superblock",
                 "inode",
                 "namespace",
                 "mount",
                 "file",
                 "task"});
        w.about = text(t, "about");
        if (t.contains("producer")) w.producer = one_of(t, "producer", {"offline", "vote", "blkcg"});
        w.small = flag(t, "small");
        w.unbounded = flag(t, "unbounded");
        if (t.contains("bound")) w.bound = static_cast<int>(number(t, "bound", 2, 0, 100));
        w.delays = flag(t, "delays");
        w.spinlock_is_reader = flag(t, "spinlock_is_reader", true);
        w.split_counts = flag(t, "split_counts", true);
        w.release_wbs = flag(t, "release_wbs");
        w.periodic_flusher = flag(t, "periodic_flusher");
        w.timers = static_cast<int>(number(t, "timers", 1, 0, 100));
        for (const auto& word : words(t, "honours", {"s_umount", "sync", "open_file"}))
            for (const shield one : all_shields)
                if (word == to_string(one)) w.shields.push_back(one);
        for (const auto& word : words(t, "windows", window_words())) w.windows.push_back(*parse_window(word));
        read_objects(t, w);
        each(t, "task", [&](const toml::table& k) { read_task(k, w); });
        if (w.tasks.empty()) fail(t, "a world needs at least one [[task]]");
        if (w.has_switches()) w.producer = one_of(t, "producer", {"offline", "vote", "blkcg"});
        return w;
    }

  private:
    static std::vector<std::string> window_words() {
        std::vector<std::string> all;
        for (const auto& w : all_windows()) all.emplace_back(w.name);
        return all;
    }

    template <class Named>
    std::string new_name(const toml::table& t, const std::vector<Named>& among) const {
        const std::string word = text(t, "name");
        for (const Named& other : among)
            if (other.name == word) fail(*t["name"].node(), "there is a '" + word + "' already");
        return word;
    }

    void read_objects(const toml::table& t, world_spec& w) {
        each(t, "memcg", [&](const toml::table& m) {
            only(m, {"name", "offline", "parent"});
            memcg_spec spec{new_name(m, w.memcgs), flag(m, "offline"), {}};
            if (m.contains("parent")) spec.parent = index(m, "parent", w.memcgs);
            w.memcgs.push_back(spec);
        });
        each(t, "superblock", [&](const toml::table& s) {
            only(s, {"name", "bdi"});
            const std::string name = new_name(s, w.superblocks);
            w.superblocks.push_back({name, s.contains("bdi") ? text(s, "bdi") : name});
        });
        each(t, "inode", [&](const toml::table& i) { read_inodes(i, w); });
        w.namespaces.push_back({"init", false});
        each(t, "namespace", [&](const toml::table& n) {
            only(n, {"name", "shared"});
            w.namespaces.push_back({new_name(n, w.namespaces), flag(n, "shared")});
        });
        each(t, "mount", [&](const toml::table& m) {
            only(m, {"superblock", "at", "detached"});
            w.mounts.push_back({index(m, "superblock", w.superblocks), text(m, "at"), flag(m, "detached")});
        });
        each(t, "file", [&](const toml::table& f) {
            only(f, {"name", "path"});
            w.files.push_back({new_name(f, w.files), text(f, "path")});
        });
    }

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
        std::vector<std::string> known;
        for (const auto& a : actions) known.emplace_back(a.word);
        const std::string word = one_of(k, "does", known);
        task_spec spec;
        for (const auto& a : actions)
            if (word == a.word) spec.does = a.does;
        switch (spec.does) {
            case action::umount:
            case action::flush:
            case action::memcg_offline:
            case action::blkcg_offline:
            case action::write:
            case action::fsync: read_drain_task(k, w, spec); break;
            default: read_namespace_task(k, w, spec); break;
        }
        w.tasks.push_back(spec);
    }

    void read_drain_task(const toml::table& k, const world_spec& w, task_spec& spec) {
        only(k, {"does", "superblock", "memcg", "inode"});
        const bool of_memcg = spec.does == action::memcg_offline || spec.does == action::blkcg_offline;
        if (!of_memcg) spec.superblock = index(k, "superblock", w.superblocks);
        for (const mount_spec& m : w.mounts)
            if (spec.does == action::umount && m.superblock == spec.superblock)
                fail(k, "'" + w.superblocks[m.superblock].name + "' is mounted: it ends by umount2");
        const bool of_inode = spec.does == action::fsync || spec.does == action::write;
        if (of_memcg || of_inode) spec.memcg = index(k, "memcg", w.memcgs);
        if (of_inode)
            spec.inode =
                static_cast<std::size_t>(number(k, "inode", 1, 1, static_cast<std::int64_t>(w.inodes.size()))) - 1;
    }

    void read_namespace_task(const toml::table& k, const world_spec& w, task_spec& spec) {
        if (w.mounts.empty()) fail(k, "'does' is of the mount namespace, and the world has no [[mount]]");
        if (spec.does == action::put_namespace) {
            only(k, {"does", "namespace"});
            spec.ns = index(k, "namespace", w.namespaces);
            return;
        }
        if (spec.does == action::umount2 || spec.does == action::walk || spec.does == action::mount) {
            only(k, {"does", "path", "namespace", "lazy", "mkfs", "superblock"});
            spec.path = text(k, "path");
            if (k.contains("namespace")) spec.ns = index(k, "namespace", w.namespaces);
            spec.lazy = flag(k, "lazy");
            if (k.contains("mkfs")) spec.mkfs = index(k, "mkfs", w.superblocks);
            if (spec.does == action::mount) spec.superblock = index(k, "superblock", w.superblocks);
            return;
        }
        only(k, {"does", "file"});
        spec.file = index(k, "file", w.files);
        for (const task_spec& other : w.tasks)
            if (uses_file(spec.does) && uses_file(other.does) && other.file == spec.file)
                fail(k, "another task closes '" + w.files[spec.file].name + "' already");
    }
};

result<world_spec> parse(std::string_view source, const std::string& where, const std::string& name) {
    const auto parsed = input::parse_toml(source, where);
    if (!parsed.table) return words::usage_error(parsed.error);
    try {
        world_spec w = reader{where}.read(*parsed.table);
        w.name = name;
        w.fingerprint = std::hash<std::string_view>{}(source);
        return w;
    } catch (const toml_mistake& m) { return words::usage_error(m.text); }
}

}  // namespace

result<world_spec> parse_world(std::string_view text, const std::string& name) { return parse(text, name, name); }

result<world_spec> read_world(const std::string& file) {
    const auto text = input::read_file(file, input::mebibyte);
    if (!text.text) return words::usage_error("world file " + text.error);
    const auto slash = file.rfind('/');
    std::string name = file.substr(slash == std::string::npos ? 0 : slash + 1);
    if (name.ends_with(".toml")) name.resize(name.size() - 5);
    return parse(*text.text, file, name);
}

}  // namespace drainlab::race
