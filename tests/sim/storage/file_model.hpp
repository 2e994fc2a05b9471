// A plain model of a file: a string, and for each byte how sure it is.
#pragma once
#include "tests/system/durability/record.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace drainlab::tests {

/// What its user may rely on. An error puts bytes that were not synced in doubt; only one that the user was told as the
/// loss of what he had
/// written (by fsync, close, or by name) excuses that they are gone.
class file_model {
  public:
    enum class trust : std::uint8_t {
        synced,   ///< acknowledged, and an fsync since
        written,  ///< acknowledged
        doubted,  ///< and then some call on the file failed
        lost,     ///< and its loss was told
    };
    std::string bytes;

    std::size_t size() const noexcept { return bytes.size(); }
    /// Nobody knows where it ends, after a loss.
    bool end_in_doubt() const noexcept { return end_doubted_ || end_lost_; }

    void write(std::size_t off, const std::string& data);
    void zero(std::size_t off, std::size_t length);
    /// Within what there is at `from`.
    void copy(std::size_t from, std::size_t to, std::size_t length);
    void truncate(std::size_t size);
    /// fsync has returned 0.
    void synced();
    /// A call on it has failed, whatever it was.
    void doubt();
    /// Its user was told that something which he had written is lost.
    void told();
    /// A call that failed may still do so much, some time.
    void lose(std::size_t off, std::size_t length);

    /// "" or what is wrong with what was read at `off`, where `want` bytes were asked for.
    std::string judge_read(std::size_t off, std::size_t want, const std::string& got) const;
    std::string judge_size(std::size_t got) const;
    /// With what is in the store at the end.
    std::string judge_store(const std::string& content) const;

    /// What a crash may leave. Meaningful as long as nothing failed.
    durability::file_record record;
    bool anything_failed{};

  private:
    void grow(std::size_t size);
    std::size_t least() const;
    bool end_doubted_{}, end_lost_{};
    std::vector<trust> trust_;
};

}  // namespace drainlab::tests
