#include "fusefs/storage/node_table.hpp"

#include "fusefs/sched/check.hpp"
#include "fusefs/storage/file_data.hpp"

#include <linux/openat2.h>
#include <sys/syscall.h>

#include <cerrno>
#include <fcntl.h>

namespace drainlab::storage {

node::node() = default;
node::~node() = default;

std::string path_in_mount(const node& f, const char* name) {
    std::string path = name ? std::string{"/"} + name : std::string{};
    for (const node* p = &f; !p->is_root(); p = p->parent) {
        if (!p->parent) return {};
        path.insert(0, "/" + p->name);
    }
    return path.empty() ? "/" : path;
}

node_table::node_table(int root, const struct stat& st, std::size_t capacity, descriptor_budget& budget)
    : root_fd_{root}, capacity_{capacity}, budget_{budget} {
    auto n = std::make_unique<node>();
    n->ino = st.st_ino;
    n->type = S_IFDIR;
    n->lookups_forever = true;
    root_ = n.get();
    nodes_.emplace(st.st_ino, std::move(n));
    counted();
    budget_.add(*this);
}

node_table::~node_table() { budget_.remove(*this); }

void node_table::counted() {
    size_ = nodes_.size();
    open_ = lru_.size();
}

void node_table::close_all() {
    for (auto& [ino, f] : nodes_) {
        close_path(*f);
        f->parent = nullptr;  // nobody is reached by a name any more, and nobody is asked to go with a child
    }
    root_fd_ = -1;
}

node* node_table::find(ino_t ino) noexcept {
    const auto it = nodes_.find(ino);
    return it == nodes_.end() ? nullptr : it->second.get();
}

node* node_table::named(const node& parent, const char* name, ino_t ino) noexcept {
    node* const f = find(ino);
    return f && f->parent == &parent && f->name == name ? f : nullptr;
}

node& node_table::get(node& parent, const char* name, const struct stat& st) {
    node* f = find(st.st_ino);
    if (f && !f->is_root() && f->type != (st.st_mode & S_IFMT) && f->lookups == 0 && f->refs == 0) {
        nodes_.erase(st.st_ino);  // the number was used again behind our back
        f = nullptr;
    }
    if (!f) {
        auto made = std::make_unique<node>();
        f = made.get();
        f->ino = st.st_ino;
        f->type = st.st_mode & S_IFMT;
        f->generation = ++last_generation_;
        nodes_.emplace(st.st_ino, std::move(made));
        counted();
    }
    if (f->is_root()) return *f;
    if (!f->parent) set_name(*f, parent, name);
    if (f->lookups++ == 0) ++known_;
    return *f;
}

void node_table::forget(node& f, std::uint64_t n) {
    if (f.is_root()) return;
    DRAINLAB_CHECK(f.lookups >= n);
    f.lookups -= n;
    if (f.lookups == 0) --known_;
    release_if_unused(f);
}

void node_table::unref(node& f) {
    DRAINLAB_CHECK(f.refs > 0);
    --f.refs;
    release_if_unused(f);
}

void node_table::release_if_unused(node& first) {
    for (node* f = &first; f && f->lookups == 0 && f->refs == 0 && !f->is_root();) {
        close_path(*f);
        node* const parent = f->parent;
        nodes_.erase(f->ino);
        counted();
        f = parent;
        if (f) --f->refs;
    }
}

int node_table::fd(node& f) {
    if (f.is_root()) return root_fd_ < 0 ? -ESTALE : root_fd_;
    if (f.path) {
        touch(f);
        return f.path.get();
    }
    return open_again(f);
}

namespace {

/// Never onto another mount: that might be our own, which waits for us.
int open_below(int parent, const char* name) {
    open_how how{};
    how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    how.resolve = RESOLVE_NO_XDEV;
    return static_cast<int>(::syscall(SYS_openat2, parent, name, &how, sizeof how));
}

}  // namespace

int node_table::open_again(node& f) {
    if (!f.parent) return -ESTALE;
    // Ancestors first, without recursion: a path may be thousands of directories deep.
    std::list<node*> closed;
    for (node* p = &f; p && !p->is_root() && !p->path; p = p->parent) {
        if (!p->parent) return -ESTALE;
        closed.push_front(p);
    }
    for (node* p : closed) {
        const int parent = fd(*p->parent);
        if (parent < 0) return parent;
        const auto open_it = [&] { return open_below(parent, p->name.c_str()); };
        if (!budget_.take()) return -EMFILE;
        unique_fd opened{open_it()};
        if (!opened && (errno == EMFILE || errno == ENFILE) && make_room())  // the parent was used last: it stays
            opened.reset(open_it());
        struct stat st {};
        int err = !opened ? (errno == ENOENT ? ESTALE : errno) : ::fstat(opened.get(), &st) != 0 ? errno : 0;
        if (!err && st.st_ino != p->ino) err = ESTALE;  // another file has this name now: changed behind our back
        if (err) {
            budget_.give();
            return -err;
        }
        p->path = std::move(opened);
        lru_.push_front(p);
        p->lru = lru_.begin();
        trim(capacity_);
        counted();
    }
    return f.path.get();
}

void node_table::touch(node& f) {
    if (!f.pinned) lru_.splice(lru_.begin(), lru_, f.lru);
}

void node_table::close_path(node& f) {
    if (!f.path) return;
    if (!f.pinned) lru_.erase(f.lru);
    f.path.reset();
    f.pinned = false;
    budget_.give();
    counted();
}

void node_table::trim(std::size_t keep) {
    while (lru_.size() > keep) close_path(*lru_.back());
}

bool node_table::make_room() {
    if (lru_.size() <= 1) return false;
    trim(1);
    return true;
}

int node_table::pin(node& f, unique_fd path) {
    if (f.pinned || f.is_root()) return 0;
    if (f.path) {
        lru_.erase(f.lru);
    } else if (path) {
        f.path = std::move(path);
        budget_.reserve(1);
    } else {
        const int got = fd(f);
        if (got < 0) return -got;
        lru_.erase(f.lru);
    }
    f.pinned = true;
    return 0;
}

void node_table::set_name(node& f, node& parent, const char* name) {
    if (f.is_root()) return;
    ref(parent);
    node* const old = f.parent;
    f.parent = &parent;
    f.name = name;
    if (f.pinned && f.path) {  // reachable by name again: its descriptor may be closed like any other
        f.pinned = false;
        lru_.push_front(&f);
        f.lru = lru_.begin();
        trim(capacity_);
        counted();
    }
    if (old) unref(*old);
}

void node_table::drop_name(node& f) {
    node* const old = f.parent;
    f.parent = nullptr;
    f.name.clear();
    if (old) unref(*old);
}

}  // namespace drainlab::storage
