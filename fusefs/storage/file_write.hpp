// One write on its way into a file.
#pragma once
#include "fusefs/storage/file_data.hpp"

#include <cstddef>
#include <string>

namespace drainlab::storage {

/// What a write has to wait for before it can go on.
enum class obstacle : std::uint8_t {
    none,        ///< it is over
    turn,        ///< it has not begun: too much is dirty, or somebody else changes the file
    descriptor,  ///< the store's file has to be opened
    page,        ///< a page that it covers in part has to be read
    room,        ///< the store may have none for it
    store,       ///< it can go nowhere but to the store
};

/// Made by the writer, who keeps it until it is over: page_cache::try_write(), and write() if that says so.
class file_write {
  public:
    /// @param data  good until the first wait.
    file_write(file_data& file, const char* data, std::size_t bytes, off_t off, kernel::memcg_ptr m)
        : f{file}, payer{std::move(m)}, data_{data}, size_{bytes}, off_{off} {}
    file_write(const file_write&) = delete;
    file_write& operator=(const file_write&) = delete;

    file_data& f;
    const kernel::memcg_ptr payer;
    obstacle before{obstacle::turn};
    int error{};  ///< an errno; what was written before it counts

    off_t at() const noexcept { return off_ + static_cast<off_t>(done_); }
    const char* data() const noexcept { return data_ + done_; }
    std::size_t left() const noexcept { return size_ - done_; }
    std::size_t done() const noexcept { return done_; }
    void advance(std::size_t bytes) noexcept { done_ += bytes; }
    /// Only so many bytes more.
    void shorten(std::size_t left) noexcept { size_ = done_ + left; }
    /// Copies the data: they are good until the end now.
    void keep() {
        if (data_ == kept_.data()) return;
        kept_.assign(data_, size_);
        data_ = kept_.data();
    }
    /// Bytes written, or a negative errno.
    long result() const noexcept { return done_ ? static_cast<long>(done_) : -error; }

  private:
    const char* data_;
    std::size_t size_, done_{};
    off_t off_;
    std::string kept_;
};

}  // namespace drainlab::storage
