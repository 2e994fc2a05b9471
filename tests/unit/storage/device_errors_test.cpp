#include "fusefs/storage/device_errors.hpp"

#include <catch2/catch.hpp>

#include <cerrno>

using namespace drainlab::storage;

TEST_CASE("Rules strike by operation and path; the first that does decides", "[device]") {
    device_errors errors;
    CHECK(errors.none());
    errors.set({{device_op::write, "/data/*.log", 1, EIO, 0}, {device_op::any, "/data/*", 1, ENOSPC, 0}});
    CHECK(errors.strike(device_op::write, "/data/deep/a.log") == EIO);
    CHECK(errors.strike(device_op::write, "/data/a.txt") == ENOSPC);
    CHECK(errors.strike(device_op::read, "/data/a.log") == ENOSPC);
    CHECK(errors.strike(device_op::write, "/other/a.log") == 0);
    CHECK(errors.strike(device_op::write, "") == 0);
    CHECK(errors.rules()[0]->saw.matched == 1);
    CHECK(errors.rules()[1]->saw.injected == 2);
    errors.set({{device_op::fsync, "*", 1, EIO, 0}});
    CHECK(errors.concerns(device_op::fsync));
    CHECK_FALSE(errors.concerns(device_op::write));
    CHECK(errors.strike(device_op::fsync, "") == EIO);
}

TEST_CASE("Probability 0 never strikes, 1 always, between in proportion, by the seed", "[device]") {
    const auto run = [](double p, std::uint64_t seed) {
        device_errors errors;
        errors.set({{device_op::any, "*", p, EIO, seed}});
        std::string out;
        for (int k = 0; k < 10'000; ++k) out += errors.strike(device_op::read, "/f") ? '!' : '.';
        return out;
    };
    const auto count = [](const std::string& s) { return std::count(s.begin(), s.end(), '!'); };
    CHECK(count(run(0, 1)) == 0);
    CHECK(count(run(1, 1)) == 10'000);
    CHECK(count(run(0.1, 1)) == Approx(1000).margin(120));
    CHECK(run(0.1, 1) == run(0.1, 1));
    CHECK(run(0.1, 1) != run(0.1, 2));
}

TEST_CASE("Words for operations and errnos", "[device]") {
    for (const auto word : device_op_words) CHECK(to_string(parse_device_op(word).value()) == word);
    CHECK_FALSE(parse_device_op("wrote"));
    CHECK(parse_errno("EIO") == EIO);
    CHECK(parse_errno("EDQUOT") == EDQUOT);
    CHECK(parse_errno("ENOSYS") == 0);  // the kernel would never ask again
    CHECK(parse_errno("EWHAT") == 0);
    CHECK(errno_name(ENOSPC) == "ENOSPC");
}
