// What the daemon does most must cost nothing that it need not: a write to, and a read of, a page that is there.
#include "tests/sim/storage/one_file.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <new>

namespace {

std::size_t allocations;

}  // namespace

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool counted = false;  // they have their own
#else
constexpr bool counted = true;
void* operator new(std::size_t size) {
    ++allocations;
    if (void* const p = std::malloc(size ? size : 1)) return p;
    throw std::bad_alloc{};
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
#endif

using namespace drainlab::tests;
using drainlab::kernel::page_size;
using drainlab::storage::file_write;
using drainlab::storage::page_cache;

TEST_CASE("A write to pages that are dirty, and a read of them, allocate nothing and wait for nothing", "[store]") {
    const bool memory = GENERATE(true, false);
    CAPTURE(memory);
    one_file w{memory, drainlab::storage::cache_mode::drop, &drainlab::storage::store_io::of_system()};
    const std::string bytes(2 * page_size, 'b');
    REQUIRE(w.write(0, bytes) == 0);
    std::vector<iovec> out;
    out.reserve(4);
    (void)w.read(0, bytes.size());
    CHECK((allocations > 0) == counted);
    const std::size_t before = allocations;
    file_write again{w.data(), bytes.data(), bytes.size() - 100, 100, w.payer};
    const auto then = w.cache().try_write(again);
    const std::size_t by_write = allocations - before;
    const bool read = w.cache().try_read(w.data(), 0, bytes.size(), w.payer, out);
    const std::size_t by_read = allocations - before - by_write;
    CHECK(then == page_cache::next::done);
    CHECK(again.result() == static_cast<long>(bytes.size() - 100));
    CHECK(read);
    CHECK(by_write == 0);
    CHECK(by_read == 0);
}
