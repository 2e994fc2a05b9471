// Stores as the daemon opens them: in memory, or with threads of their own.
#include "fusefs/storage/filesystem.hpp"
#include "tests/own_folder.hpp"
#include "tests/sim/model/world.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <unistd.h>

using namespace drainlab;
using namespace drainlab::tests;
using namespace drainlab::storage;

namespace {

struct folder : own_folder {
    std::filesystem::path path = dir;
};

/// The model in virtual time, and the threads of stores in the machine's.
struct stores_world : model_world {
    ~stores_world() { scheduler.drop_all(); }

    /// To its end: virtual time goes on while the threads of a store are waited for, slower than the machine's.
    template <class T>
    T result(task<T> body) {
        T out{};
        bool done = false;
        scheduler.spawn("test", keep(std::move(body), out, done));
        scheduler.run_for(1us);
        while (!done) {
            pollfd back{all.finished_fd(), POLLIN, 0};
            ::poll(&back, 1, 5);
            all.run_finished();
            scheduler.run_for(1ms);
        }
        return out;
    }
    std::unique_ptr<filesystem> make(filesystem_options o) {
        err = 0;
        error.clear();
        return result(filesystem::make(std::move(o), all, err, error));
    }
    std::unique_ptr<filesystem> make(const std::filesystem::path& dir, const char* label, bool read_only = false) {
        filesystem_options o;
        o.store = dir;
        o.label = label;
        o.read_only = read_only;
        return make(std::move(o));
    }
    bool close(filesystem& fs) { return result(fs.close_store(scheduler.now() + 1h)); }

    storage::stores all{scheduler};
    int err{};
    std::string error;

  private:
    template <class T>
    static task<> keep(task<T> body, T& out, bool& done) {
        out = co_await body;
        done = true;
    }
};

struct made {
    node* f{};
    struct stat st {};
    data_fd data;
};

/// Makes `name`, writes `bytes`, syncs, closes. 0 or an errno.
task<int> put_file(filesystem& fs, std::string name, std::string bytes, kernel::memcg_ptr m) {
    auto create = fs.calls().names<made>("create", [&root = fs.root(), name](directory_store& s, made& out) {
        return s.create(root, name.c_str(), O_RDWR, 0644, {::geteuid(), ::getegid(), 022}, out.f, out.st, out.data);
    });
    auto got = co_await create;
    if (got.err) co_return got.err;
    node& f = *got.out.f;
    const created_file file{std::move(got.out.data), got.out.st};
    if (const int err = co_await fs.open(f, O_RDWR, &file)) co_return err;
    const auto d = f.data;
    file_write w{*d, bytes.data(), bytes.size(), 0, m};
    const auto then = fs.cache().try_write(w);
    if (then == page_cache::next::wait) co_await fs.cache().write(w);
    if (then == page_cache::next::mark) {
        const auto inode = d->inode.lock();
        co_await kernel::mark_inode_dirty(*inode, kernel::I_DIRTY_ALL);
    }
    int err = w.result() == static_cast<long>(bytes.size()) ? 0 : EIO;
    if (!err) err = co_await fs.fsync(f, false, m);
    std::vector<iovec> back;
    if (!err) err = co_await fs.cache().read(*d, 1, 3, m, back);
    if (!err &&
        (back.size() != 1 || std::string(static_cast<char*>(back[0].iov_base), back[0].iov_len) != bytes.substr(1, 3)))
        err = EBADMSG;
    struct statvfs room {};
    if (!err) err = co_await fs.statfs(room);
    if (!err && room.f_bsize == 0) err = EBADMSG;
    co_await fs.close(f);
    fs.forget(f, 1);
    co_return err;
}

std::string content(const std::filesystem::path& file) {
    std::ifstream in{file};
    return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace

TEST_CASE("A store that nobody names is private", "[store][make]") {
    stores_world w;
    const auto fs = w.make(filesystem_options{});
    INFO(w.error);
    REQUIRE(fs);
    CHECK(fs->is_private());
    CHECK(w.close(*fs));
}

TEST_CASE("A store is used, closed, and used again", "[store][make]") {
    const folder dir;
    stores_world w;
    const auto fs = w.make(dir.path, "the first");
    INFO(w.error);
    REQUIRE(fs);
    CHECK_FALSE(fs->is_private());
    CHECK(fs->root().is_root());
    const auto sb = kernel::sget(*w.host, "m", *fs, *kernel::find_drain_policy("persb"));
    fs->set_super(sb);
    CHECK(w.result(put_file(*fs, "f", "hello", w.cgroup("c"))) == 0);
    CHECK(content(dir.path / "f") == "hello");
    CHECK(w.result([](kernel::super_block& of) -> task<bool> {
        co_await kernel::deactivate_super(of);
        co_return true;
    }(*sb)));
    CHECK(w.close(*fs));
    CHECK(w.close(*w.make(dir.path, "the second")));
    CHECK(w.host->violations.empty());
}

TEST_CASE("A store belongs to one mount, unless all only read", "[store][make]") {
    const folder dir;
    std::filesystem::create_directory(dir.path / "below");
    stores_world w;
    SECTION("one that writes keeps others out, of what is below as well") {
        const auto fs = w.make(dir.path, "the mount 'a'");
        REQUIRE(fs);
        CHECK_FALSE(w.make(dir.path, "another"));
        CHECK(w.err == EBUSY);
        CHECK(w.error.find("the mount 'a'") != std::string::npos);
        CHECK_FALSE(w.make(dir.path / "below", "another"));
        CHECK(w.err == EBUSY);
        CHECK(w.close(*fs));
    }
    SECTION("readers share") {
        const auto one = w.make(dir.path, "one", true), two = w.make(dir.path, "two", true);
        INFO(w.error);
        REQUIRE(one);
        REQUIRE(two);
        CHECK_FALSE(w.make(dir.path, "a writer"));
        CHECK(w.err == EBUSY);
        CHECK(w.close(*one));
        CHECK(w.close(*two));
    }
}

TEST_CASE("What is no store is refused in words", "[store][make]") {
    const folder dir;
    std::ofstream{dir.path / "file"} << "x";
    std::filesystem::create_symlink(dir.path, dir.path / "link");
    stores_world w;
    for (const auto& [name, expected] : {std::pair{"nothing", ENOENT}, std::pair{"file", ENOTDIR}}) {
        CAPTURE(name);
        CHECK_FALSE(w.make(dir.path / name, "m"));
        CHECK(w.err == expected);
        CHECK(w.error.find((dir.path / name).string()) != std::string::npos);
    }
    CHECK_FALSE(w.make(dir.path / "link", "m"));
    CHECK(w.err != 0);
}
