// Pages on their way in from the store.
#pragma once
#include "fusefs/storage/pages.hpp"
#include "fusefs/storage/store_io.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

namespace drainlab::storage {

/// Read into memory of their own, so that nothing else is disturbed
/// meanwhile. Where it may block, read() runs on a thread of the store's.
struct fill_buffers {
    fill_buffers(pgoff_t from, std::size_t count) : first{from}, pages(count), iov(count) {
        for (std::size_t k = 0; k < count; ++k) {
            pages[k].reset(new std::byte[page_size]);
            iov[k] = {pages[k].get(), page_size};
        }
    }
    /// To the end of the buffers or of the file. 0 or an errno; `got` bytes were read.
    int read(const store_io& io, int fd) {
        const std::size_t want = pages.size() * page_size;
        while (got < want) {
            const std::size_t in = got % page_size;
            std::vector<iovec> rest{iov.begin() + static_cast<std::ptrdiff_t>(got / page_size), iov.end()};
            rest.front() = {static_cast<std::byte*>(rest.front().iov_base) + in, page_size - in};
            const ssize_t n =
                io.preadv(fd, rest.data(), static_cast<int>(rest.size()), offset_of(first) + static_cast<off_t>(got));
            if (n == -EINTR) continue;
            if (n < 0) return static_cast<int>(-n);
            if (n == 0) break;
            got += static_cast<std::size_t>(n);
        }
        zero_rest();
        return 0;
    }
    /// What lies beyond the store's end reads as zeros.
    void zero_rest() {
        for (std::size_t k = got / page_size; k < pages.size(); ++k) {
            const std::size_t keep = k == got / page_size ? got % page_size : 0;
            std::memset(pages[k].get() + keep, 0, page_size - keep);
        }
    }
    pgoff_t first;
    std::vector<std::unique_ptr<std::byte[]>> pages;
    std::vector<iovec> iov;
    std::size_t got{};
    std::vector<bool> stale = std::vector<bool>(pages.size());  ///< written to, or gone, since the store was asked
};

}  // namespace drainlab::storage
