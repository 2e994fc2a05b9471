// Making, renaming and removing names: what is opened for it, and what stays reachable.
#include "fusefs/storage/directory_store.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <unistd.h>

using namespace drainlab::storage;

namespace {

struct store_of_files {
    explicit store_of_files(std::size_t descriptors = 16) {
        private_memory memory;
        root_directory root;
        std::string error;
        int err = open_private_root(memory, root, error);
        REQUIRE(err == 0);
        s = directory_store::open(std::move(root), descriptors, err);
        REQUIRE(err == 0);
    }
    node& directory(node& parent, const std::string& name) const {
        node* f{};
        struct stat st {};
        REQUIRE(s->mkdir(parent, name.c_str(), 0755, {::geteuid(), ::getegid(), 022}, f, st) == 0);
        return *f;
    }
    node& file(const char* name, mode_t mode = 0644, mode_t umask = 022) const {
        node* f{};
        data_fd fd;
        REQUIRE(s->create(root(), name, O_RDWR, mode, {::geteuid(), ::getegid(), umask}, f, st, fd) == 0);
        CHECK(fd.flags == O_RDWR);
        return *f;
    }
    node& root() const { return s->nodes().root(); }
    std::size_t open_descriptors() const { return s->nodes().open_descriptors(); }

    std::shared_ptr<directory_store> s;
    mutable struct stat st {};
};

}  // namespace

TEST_CASE("Renaming to a free name opens nothing", "[store]") {
    const store_of_files t;
    node& f = t.file("a");
    REQUIRE(t.s->rename(t.root(), "a", t.root(), "b", 0) == 0);
    CHECK(t.open_descriptors() == 0);
    CHECK(f.name == "b");
    CHECK(t.s->rename(t.root(), "a", t.root(), "c", 0) == ENOENT);
    CHECK(f.name == "b");
}

TEST_CASE("What a rename replaces stays reachable, without a name", "[store]") {
    const store_of_files t;
    node &f = t.file("new"), &old = t.file("old");
    const ino_t replaced = old.ino;
    REQUIRE(t.s->rename(t.root(), "new", t.root(), "old", 0) == 0);
    CHECK(f.name == "old");
    struct stat st {};
    REQUIRE(t.s->getattr(old, st) == 0);
    CHECK(st.st_ino == replaced);
    CHECK(st.st_nlink == 0);
    REQUIRE(t.s->getattr(f, st) == 0);
    CHECK(st.st_nlink == 1);
}

TEST_CASE("A rename that fails changes no name", "[store]") {
    const store_of_files t;
    node &d = t.directory(t.root(), "d"), &f = t.file("f");
    t.directory(d, "inside");
    CHECK(t.s->rename(t.root(), "f", t.root(), "d", 0) == EISDIR);
    CHECK(t.s->rename(t.root(), "d", d, "itself", 0) == EINVAL);
    node& other = t.directory(t.root(), "other");
    CHECK(t.s->rename(t.root(), "other", t.root(), "d", 0) == ENOTEMPTY);
    CHECK(t.s->rename(t.root(), "f", t.root(), "d", RENAME_NOREPLACE) == EEXIST);
    CHECK(t.s->rename(t.root(), "f", t.root(), "gone", RENAME_EXCHANGE) == ENOENT);
    CHECK(f.name == "f");
    CHECK(d.name == "d");
    CHECK(other.name == "other");
    struct stat st {};
    for (node* n : {&f, &d, &other}) CHECK(t.s->getattr(*n, st) == 0);
}

TEST_CASE("A rename between directories that cannot both stay open", "[store]") {
    const store_of_files t{1};
    node *a = &t.directory(t.root(), "a"), *b = &t.directory(t.root(), "b");
    for (int k = 0; k < 3; ++k) {
        a = &t.directory(*a, "deeper");
        b = &t.directory(*b, "deeper");
    }
    node& moved = t.directory(*a, "moved");
    node& replaced = t.directory(*b, "replaced");
    REQUIRE(t.s->rename(*a, "moved", *b, "moved", 0) == 0);
    REQUIRE(t.s->rename(*b, "moved", *a, "moved", 0) == 0);
    REQUIRE(t.s->rename(*a, "moved", *b, "replaced", 0) == 0);
    CHECK(moved.parent == b);
    struct stat st {};
    CHECK(t.s->getattr(moved, st) == 0);
    CHECK(t.s->getattr(replaced, st) == 0);
}

TEST_CASE("Another name of the same file is no replacement", "[store]") {
    const store_of_files t;
    node& f = t.file("a");
    struct stat st {};
    REQUIRE(t.s->link(f, t.root(), "b", st) == 0);
    REQUIRE(t.s->rename(t.root(), "a", t.root(), "b", 0) == 0);  // does nothing, says rename(2)
    REQUIRE(t.s->getattr(f, st) == 0);
    CHECK(st.st_nlink == 2);
}

TEST_CASE("Each maker's umask counts, and none that locks the owner out is left behind", "[store]") {
    const store_of_files t;
    const auto mode = [&](const char* name, mode_t umask) {
        t.file(name, 0777, umask);
        return t.st.st_mode & 0777;
    };
    CHECK(mode("a", 022) == 0755);
    CHECK(mode("b", 022) == 0755);
    CHECK(mode("c", 0) == 0777);
    CHECK(mode("d", 0777) == 0);
    const mode_t left = ::umask(0);
    ::umask(left);
    CHECK((left & S_IRWXU) == 0);
    CHECK(mode("e", 077) == 0700);
}

TEST_CASE("A file just made has no capability, and needs no descriptor to say so", "[store]") {
    const store_of_files t;
    node& f = t.file("f");
    std::size_t size = 0;
    CHECK(t.s->getxattr(f, "security.capability", nullptr, 0, size) == ENODATA);
    CHECK(t.open_descriptors() == 0);
}
