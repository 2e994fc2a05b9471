#include "tests/sim/storage/one_file.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

namespace drainlab::tests {

namespace {

task<> store_result(task<int> body, int& out) { out = co_await body; }

struct made {
    storage::node* f{};
    struct stat st {};
    storage::data_fd data;
};

task<int> make(storage::filesystem& fs, storage::node*& f) {
    auto create = fs.calls().names<made>("create", [&root = fs.root()](storage::directory_store& s, made& out) {
        return s.create(root, "f", O_RDWR, 0644, {::geteuid(), ::getegid(), 022}, out.f, out.st, out.data);
    });
    auto got = co_await create;
    f = got.out.f;
    if (got.err) co_return got.err;
    const storage::created_file file{std::move(got.out.data), got.out.st};
    co_return co_await fs.open(*f, O_RDWR, &file);
}

}  // namespace

one_file::one_file(bool memory, storage::cache_mode mode, const storage::store_io* plain)
    : io{{}, 1, scheduler}, stores{scheduler} {
    storage::root_directory root;
    std::string error;
    int err = storage::open_private_root(stores.memory, root, error);
    REQUIRE(err == 0);
    root_ = storage::unique_fd{::fcntl(root.fd.get(), F_DUPFD_CLOEXEC, 0)};
    directory_ = std::move(root.memory);
    root.is_private = false;
    root.in_memory = memory;
    if (!memory) threads = std::make_shared<held_threads>(scheduler);
    storage::filesystem_options o;
    o.mode = mode;
    auto store = storage::directory_store::open(std::move(root), 8, err);
    REQUIRE(err == 0);
    fs = storage::filesystem::on(std::move(store), threads, o, stores, plain ? *plain : io);
    sb = kernel::sget(*host, "m", *fs, *kernel::find_drain_policy("persb"));
    fs->set_super(sb);
    payer = cgroup("payer");
    REQUIRE(result(make(*fs, f)) == 0);
}

one_file::~one_file() {
    scheduler.drop_all();
    payer.reset();
    fs.reset();
}

int one_file::result(task<int> body) {
    int out = -1;
    const bool done = run(store_result(std::move(body), out));
    REQUIRE(done);
    return out;
}

int one_file::write(off_t off, std::string bytes) {
    std::size_t written = 0;
    const std::size_t size = bytes.size();
    const int err = result(writing(off, std::move(bytes), written));
    return err ? err : written == size ? 0 : EIO;
}
task<int> one_file::writing(off_t off, std::string bytes, std::size_t& written) {
    storage::file_write w{data(), bytes.data(), bytes.size(), off, payer};
    co_await cache().write(w);
    written = w.done();
    co_return w.error;
}
int one_file::truncate(off_t to) { return result(fs->truncate(*f, to)); }
int one_file::fsync() { return result(fs->fsync(*f, false, payer)); }
int one_file::allocate(off_t off, off_t length) { return result(fs->fallocate(*f, 0, off, length, payer)); }
int one_file::open() { return result(fs->open(*f, O_RDWR, nullptr)); }
void one_file::close() { REQUIRE(run(fs->close(*f))); }

std::string one_file::read(off_t off, std::size_t size) {
    std::vector<iovec> iov;
    REQUIRE(result(cache().read(data(), off, size, payer, iov)) == 0);
    std::string all;
    for (const iovec& part : iov) all.append(static_cast<const char*>(part.iov_base), part.iov_len);
    return all;
}

off_t one_file::size() {
    struct stat st {};
    REQUIRE(result(fs->getattr(*f, st)) == 0);
    return st.st_size;
}

std::string one_file::stored() const {
    const storage::unique_fd fd{::openat(root_.get(), "f", O_RDONLY | O_CLOEXEC)};
    struct stat st {};
    REQUIRE(::fstat(fd.get(), &st) == 0);
    std::string all(static_cast<std::size_t>(st.st_size), '\0');
    REQUIRE(::pread(fd.get(), all.data(), all.size(), 0) == st.st_size);
    return all;
}

}  // namespace drainlab::tests
