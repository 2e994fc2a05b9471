// Answers that wait for the next request: which, how many, and for what.
#include "fusefs/fuse/kept_answers.hpp"

#include <catch2/catch.hpp>

#include <linux/fuse.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <unistd.h>
#include <vector>

using namespace drainlab;

namespace {

std::vector<char> request(std::uint32_t opcode, std::size_t size) {
    fuse_in_header header{};
    header.opcode = opcode;
    std::vector<char> bytes(std::max(size, sizeof header));
    std::memcpy(bytes.data(), &header, sizeof header);
    return bytes;
}

bool is_short(const std::vector<char>& r) { return fuse::kept_answers::is_short(r.data(), r.size()); }

/// A device that says what was written to it.
struct device {
    device() { REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) == 0); }
    ~device() { ::close(ends[0]), ::close(ends[1]); }
    std::string written() const {
        std::string all;
        char part[256];
        for (ssize_t n; (n = ::read(ends[1], part, sizeof part)) > 0;)
            all += std::string{part, static_cast<std::size_t>(n)} + ';';
        return all;
    }
    int ends[2];
};

/// As the loop does it: a short request, and its answer of two pieces. False: it has to be written.
bool answer(fuse::kept_answers& kept, std::string head, std::string body) {
    iovec iov[] = {{head.data(), head.size()}, {body.data(), body.size()}};
    kept.begin();
    const std::size_t size = kept.keep(iov, 2);
    kept.end();
    if (size > 0) REQUIRE(size == head.size() + body.size());
    return size > 0;
}

const std::vector<char> getattr = request(FUSE_GETATTR, 56);

/// Somebody else's request was there when this one had been answered.
void learn(fuse::kept_answers& kept, const device& d) {
    while (!answer(kept, "x", "")) {}
    REQUIRE(kept.may_wait_for(getattr.data(), getattr.size()));
    kept.write_all(d.ends[0]);
    REQUIRE(d.written() == "x;");
}

}  // namespace

TEST_CASE("attributes and short writes are short requests, and nothing else is", "[fuse]") {
    CHECK(is_short(getattr));
    CHECK(is_short(request(FUSE_WRITE, 80 + 16384)));
    CHECK_FALSE(is_short(request(FUSE_WRITE, 81 + 16384)));
    CHECK_FALSE(is_short(request(FUSE_READ, 80)));
    CHECK_FALSE(is_short(request(FUSE_INTERRUPT, 48)));
    CHECK_FALSE(fuse::kept_answers::is_short(getattr.data(), 39));
    CHECK_FALSE(fuse::kept_answers::is_short(nullptr, 0));
}

TEST_CASE("where several ask, answers wait for the next request, a few of them, and go in order", "[fuse]") {
    const device d;
    fuse::kept_answers kept;
    learn(kept, d);
    for (std::size_t k = 1; k < fuse::kept_answers::most; ++k) {
        REQUIRE(answer(kept, std::to_string(k), "a"));
        CHECK(kept.may_wait_for(getattr.data(), getattr.size()));
    }
    REQUIRE(answer(kept, "the ", "last"));
    CHECK_FALSE(kept.may_wait_for(getattr.data(), getattr.size()));
    CHECK_FALSE(answer(kept, "one", "more"));
    CHECK(d.written().empty());
    kept.write_all(d.ends[0]);
    CHECK(d.written() == "1a;2a;3a;the last;");
    CHECK(kept.empty());
}

TEST_CASE("an answer does not wait for a long request", "[fuse]") {
    const device d;
    fuse::kept_answers kept;
    learn(kept, d);
    REQUIRE(answer(kept, "a", "b"));
    const auto read = request(FUSE_READ, 80);
    CHECK_FALSE(kept.may_wait_for(read.data(), read.size()));
}

TEST_CASE("only the answer to the short request waits, and only if it is short", "[fuse]") {
    const device d;
    fuse::kept_answers kept;
    learn(kept, d);
    iovec iov{const_cast<char*>("abc"), 3};
    CHECK(kept.keep(&iov, 1) == 0);  // of another request, answered later
    CHECK(answer(kept, std::string(16, 'h'), std::string(104, 'b')));
    CHECK_FALSE(answer(kept, std::string(16, 'h'), std::string(105, 'b')));
    kept.begin();
    CHECK(kept.keep(&iov, 1) == 3);
    CHECK(kept.keep(&iov, 1) == 0);  // each request has one
    kept.end();
}

TEST_CASE("whoever asks alone is answered at once, but for one time in sixty-four", "[fuse]") {
    const device d;
    fuse::kept_answers kept;
    int waited = 0;
    for (int k = 0; k < 640; ++k)
        if (answer(kept, "a", "")) {
            ++waited;
            CHECK_FALSE(kept.may_wait_for(nullptr, 0));
            kept.write_all(d.ends[0]);
        }
    CHECK(waited == 10);
}
