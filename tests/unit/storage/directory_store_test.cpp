#include "fusefs/storage/directory_store.hpp"

#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

using namespace drainlab::storage;

namespace {

/// A private store, and one that can also be looked at from outside.
std::shared_ptr<directory_store> private_store(std::size_t descriptors = 16) {
    private_memory memory;
    root_directory root;
    std::string error;
    int err = open_private_root(memory, root, error);
    REQUIRE(err == 0);
    auto store = directory_store::open(std::move(root), descriptors, err);
    REQUIRE(err == 0);
    return store;
}

credentials self() { return {::geteuid(), ::getegid(), 022}; }

node& make_directory(directory_store& s, node& parent, const char* name) {
    node* f{};
    struct stat st {};
    REQUIRE(s.mkdir(parent, name, 0755, self(), f, st) == 0);
    return *f;
}

}  // namespace

TEST_CASE("Names that could lead somewhere else are refused", "[store]") {
    CHECK(check_name("a") == 0);
    CHECK(check_name("") == EINVAL);
    CHECK(check_name(".") == EINVAL);
    CHECK(check_name("..") == EINVAL);
    CHECK(check_name("a/b") == EINVAL);
    CHECK(check_name(std::string(255, 'x')) == 0);
    CHECK(check_name(std::string(256, 'x')) == ENAMETOOLONG);
}

TEST_CASE("A private store is in memory, and nobody finds it by a path", "[store]") {
    const auto s = private_store();
    CHECK(s->root().is_private);
    if (s->root().fallback.empty()) CHECK(s->root().in_memory);
}

TEST_CASE("Nodes go when the kernel forgets them, parents after their children", "[store]") {
    const auto s = private_store();
    node& top = make_directory(*s, s->nodes().root(), "top");
    node& sub = make_directory(*s, top, "sub");
    CHECK(s->nodes().size() == 3);
    s->nodes().forget(top, 1);
    CHECK(s->nodes().size() == 3);  // sub is reached through it
    s->nodes().forget(sub, 1);
    CHECK(s->nodes().size() == 1);
    CHECK(s->nodes().known() == 0);
}

TEST_CASE("The number of open descriptors stays bounded, and closed ones are opened again", "[store]") {
    const auto s = private_store(4);
    std::vector<node*> all{&s->nodes().root()};
    for (int k = 0; k < 60; ++k) all.push_back(&make_directory(*s, *all.back(), "d"));
    for (node* f : all) {
        struct stat st {};
        CHECK(s->getattr(*f, st) == 0);
        CHECK(S_ISDIR(st.st_mode));
        CHECK(s->nodes().open_descriptors() <= 4);
    }
}

TEST_CASE("A file whose name was given to another behind our back is ESTALE, never the other", "[store]") {
    const drainlab::tests::own_folder own;
    const std::string& name = own.dir;
    private_memory memory;
    root_directory root;
    std::string error;
    REQUIRE(open_root(name, root, error) == 0);
    int err = 0;
    const auto s = directory_store::open(std::move(root), 16, err);
    node& d = make_directory(*s, s->nodes().root(), "d");
    REQUIRE(::rename((name + "/d").c_str(), (name + "/kept").c_str()) == 0);
    REQUIRE(::mkdir((name + "/d").c_str(), 0755) == 0);
    struct stat st {};
    CHECK(s->getattr(d, st) == ESTALE);
}

TEST_CASE("An unlinked file that the kernel still knows keeps its attributes, with no link", "[store]") {
    const auto s = private_store(4);
    node* f{};
    struct stat st {};
    data_fd fd;
    node& root = s->nodes().root();
    REQUIRE(s->create(root, "f", O_RDWR, 0600, self(), f, st, fd) == 0);
    fd = {};
    REQUIRE(s->unlink(root, "f") == 0);
    for (int k = 0; k < 10; ++k) make_directory(*s, root, ("d" + std::to_string(k)).c_str());
    REQUIRE(s->getattr(*f, st) == 0);
    CHECK(st.st_nlink == 0);
    data_fd again;
    CHECK(s->open_data(*f, O_RDWR, again) == 0);
    node* none{};
    CHECK(s->lookup(root, "f", none, st) == ENOENT);
}

TEST_CASE("After a rename a file is found under its new name, also from closed descriptors", "[store]") {
    const auto s = private_store(2);
    node& root = s->nodes().root();
    node& a = make_directory(*s, root, "a");
    node& b = make_directory(*s, root, "b");
    node& inner = make_directory(*s, a, "inner");
    REQUIRE(s->rename(a, "inner", b, "moved", 0) == 0);
    REQUIRE(s->rename(root, "b", root, "c", 0) == 0);
    for (int k = 0; k < 5; ++k) make_directory(*s, root, ("x" + std::to_string(k)).c_str());
    struct stat st {};
    CHECK(s->getattr(inner, st) == 0);
    CHECK(inner.parent == &b);
    CHECK(b.name == "c");
    CHECK(s->rename(root, "a", root, "c", RENAME_NOREPLACE) == EEXIST);
    CHECK(a.name == "a");
    REQUIRE(s->rename(root, "a", root, "c", RENAME_EXCHANGE) == 0);
    CHECK(a.name == "c");
    CHECK(b.name == "a");
    CHECK(s->getattr(inner, st) == 0);
}
