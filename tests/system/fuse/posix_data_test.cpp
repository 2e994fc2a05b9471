// Ranges of files: allocation, holes, copies, append, locks that
// wait. One behaviour per test, as a local file system has it.
#include "tests/system/fuse/fixture.hpp"
#include "tests/system/fuse/posix.hpp"

#include <catch2/catch.hpp>

#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

using namespace drainlab::test;

namespace {

std::string filled(char c, std::size_t n) { return std::string(n, c); }

void put(int f, const std::string& text, off_t at = 0) {
    REQUIRE(::pwrite(f, text.data(), text.size(), at) == static_cast<ssize_t>(text.size()));
}

}  // namespace

TEST_CASE("fallocate: what it reserves reads as zeros, KEEP_SIZE keeps the size, nonsense is refused", "[data]") {
    test_mount m;
    const opened f{m.path("f"), O_RDWR | O_CREAT}, reader{m.path("f"), O_RDONLY};
    put(f, "text");
    REQUIRE(failure(::fallocate(f, 0, 0, 10'000)) == 0);
    CHECK(read_file(m.path("f")) == "text" + std::string(9'996, '\0'));
    CHECK(status_of(m.path("f")).st_blocks >= 20);
    REQUIRE(failure(::fallocate(f, FALLOC_FL_KEEP_SIZE, 10'000, 50'000)) == 0);
    CHECK(status_of(m.path("f")).st_size == 10'000);
    CHECK(failure(::fallocate(f, 0, -1, 10)) == EINVAL);
    CHECK(failure(::fallocate(f, 0, 0, 0)) == EINVAL);
    CHECK(failure(::fallocate(reader, 0, 0, 10)) == EBADF);
}

TEST_CASE("A punched hole reads as zeros, also where pages were not yet written, and is found", "[data]") {
    test_mount m;
    const opened f{m.path("f"), O_RDWR | O_CREAT};
    put(f, filled('h', 5 * 4096));
    REQUIRE(failure(::fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4000, 2 * 4096)) == 0);
    CHECK(read_file(m.path("f")) == filled('h', 4000) + std::string(8192, '\0') + filled('h', 5 * 4096 - 12'192));
    CHECK(::lseek(f, 0, SEEK_HOLE) == 4096);
    CHECK(::lseek(f, 4096, SEEK_DATA) == 8192);
    CHECK(failure(::fallocate(f, FALLOC_FL_PUNCH_HOLE, 0, 4096)) == EOPNOTSUPP);  // without KEEP_SIZE
}

TEST_CASE("copy_file_range: within a file, over what is there, not over itself", "[data]") {
    test_mount m;
    const opened f{m.path("f"), O_RDWR | O_CREAT};
    put(f, filled('a', 8192) + filled('b', 8192));
    loff_t from = 0, to = 12'288;
    REQUIRE(::copy_file_range(f, &from, f, &to, 4096, 0) == 4096);
    CHECK(read_file(m.path("f")) == filled('a', 8192) + filled('b', 4096) + filled('a', 4096));
    CHECK(from == 4096);
    CHECK(to == 16'384);
    from = 0, to = 100;
    CHECK(failure(::copy_file_range(f, &from, f, &to, 4096, 0)) == EINVAL);
    from = 1 << 20, to = 0;
    CHECK(::copy_file_range(f, &from, f, &to, 4096, 0) == 0);  // beyond the end
    const opened reader{m.path("f"), O_RDONLY};
    CHECK(failure(::copy_file_range(f, nullptr, reader, nullptr, 1, 0)) == EBADF);
}

TEST_CASE("copy_file_range out of a hole before data that the store does not have yet", "[data][ours]") {
    test_mount m{{"--latency", "1"}};  // so that the page cache keeps it
    const opened f{m.path("f"), O_RDWR | O_CREAT}, copy{m.path("copy"), O_RDWR | O_CREAT};
    REQUIRE(::pwrite(f, "end", 3, 1 << 20) == 3);
    loff_t from = 4096, to = 0;
    CHECK(::copy_file_range(f, &from, copy, &to, 8192, 0) == 8192);
    CHECK(read_file(m.path("copy")) == std::string(8192, '\0'));
}

TEST_CASE("O_APPEND writes at the end, wherever the offset is, and pwrite as well", "[data]") {
    test_mount m;
    const opened f{m.path("f"), O_RDWR | O_CREAT | O_APPEND}, other{m.path("f"), O_WRONLY};
    REQUIRE(::write(f, "one", 3) == 3);
    put(other, "longer text");
    REQUIRE(::lseek(f, 0, SEEK_SET) == 0);
    REQUIRE(::write(f, "+two", 4) == 4);
    REQUIRE(::pwrite(f, "+three", 6, 0) == 6);
    CHECK(read_file(m.path("f")) == "longer text+two+three");
}

TEST_CASE("Vectors, gaps and reads across the end", "[data]") {
    test_mount m;
    const opened f{m.path("f"), O_RDWR | O_CREAT};
    char a[] = "ab", b[] = "cde";
    const iovec out[2] = {{a, 2}, {b, 3}};
    REQUIRE(::pwritev(f, out, 2, 8190) == 5);
    std::string got(10'000, 'x');
    CHECK(::pread(f, got.data(), got.size(), 0) == 8195);
    CHECK(got.substr(0, 8195) == std::string(8190, '\0') + "abcde");
    CHECK(::pread(f, got.data(), 10, 8195) == 0);
    CHECK(::pread(f, got.data(), 10, 1 << 20) == 0);
    CHECK(failure(::pread(f, got.data(), 10, -1)) == EINVAL);
    CHECK(::write(f, "", 0) == 0);
}

TEST_CASE("sendfile and splice carry what was written", "[data]") {
    test_mount m;
    const opened f{m.path("f"), O_RDWR | O_CREAT}, g{m.path("g"), O_RDWR | O_CREAT};
    put(f, filled('s', 30'000));
    off_t at = 0;
    std::size_t sent = 0;
    for (ssize_t n; (n = ::sendfile(g, f, &at, 30'000)) > 0;) sent += static_cast<std::size_t>(n);
    CHECK(sent == 30'000);
    CHECK(read_file(m.path("g")) == filled('s', 30'000));
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    loff_t from = 0, to = 0;
    CHECK(::splice(f, &from, ends[1], nullptr, 5000, 0) == 5000);
    REQUIRE(::ftruncate(g, 0) == 0);
    CHECK(::splice(ends[0], nullptr, g, &to, 5000, 0) == 5000);
    CHECK(read_file(m.path("g")) == filled('s', 5000));
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("A private mapping keeps its changes to itself, a shared one sees others' writes", "[data]") {
    test_mount m;
    const opened f{m.path("f"), O_RDWR | O_CREAT};
    put(f, filled('p', 4096));
    auto* const own = static_cast<char*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, f, 0));
    auto* const all = static_cast<char*>(::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, f, 0));
    REQUIRE(own != MAP_FAILED);
    REQUIRE(all != MAP_FAILED);
    CHECK(all[7] == 'p');
    own[0] = 'q';
    put(f, "seven", 7);
    CHECK(std::string(all + 7, 5) == "seven");
    CHECK(read_file(m.path("f"))[0] == 'p');
    ::munmap(own, 4096);
    ::munmap(all, 4096);
}

TEST_CASE("A lock that waits gets its turn; one of an open file description is its own owner", "[locks]") {
    test_mount m;
    write_file(m.path("f"), "x");
    const opened f{m.path("f"), O_RDWR}, same{m.path("f"), O_RDWR};
    struct flock lock {};
    lock.l_type = F_WRLCK;
    REQUIRE(::fcntl(f, F_OFD_SETLK, &lock) == 0);
    struct flock again = lock;
    CHECK(failure(::fcntl(same, F_OFD_SETLK, &again)) == EAGAIN);
    const pid_t child = ::fork();
    if (child == 0) {
        const int own = ::open(m.path("f").c_str(), O_RDWR);
        struct flock wanted {};
        wanted.l_type = F_WRLCK;
        ::_exit(::fcntl(own, F_OFD_SETLKW, &wanted) == 0 ? 7 : 1);
    }
    ::usleep(20'000);
    int status = 0;
    CHECK(::waitpid(child, &status, WNOHANG) == 0);  // still waiting
    lock.l_type = F_UNLCK;
    REQUIRE(::fcntl(f, F_OFD_SETLK, &lock) == 0);
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WEXITSTATUS(status) == 7);
}
