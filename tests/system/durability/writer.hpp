// One thread that writes to files of its own and remembers what the mount has acknowledged.
#pragma once
#include "tests/system/durability/record.hpp"

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace durability {

struct totals {
    std::uint64_t calls{}, acknowledged{}, bytes{};
};

class writer {
  public:
    /// @param trust_writes  takes a write's return for an
    /// acknowledgement, which it is not: to see that losses are found.
    writer(unsigned number, std::uint64_t seed, bool trust_writes);

    /// Writes below `mount` until `stop`, or until the mount is dead.
    void run(const std::string& mount, const std::atomic<bool>& stop);
    /// Compares with what is in `store`; then takes that for the beginning of the
    /// next run. `exact`: after a clean end. @return what is wrong, one line each.
    std::vector<std::string> compare(const std::string& store, bool exact);
    const totals& done() const { return done_; }

  private:
    struct file {
        std::string name, may_be_called;  ///< the second while a rename is under way
        file_record record;
        file_record replacement;  ///< of a replacement by rename that is under way
        bool replacing{};
        int fd{-1}, sync_fd{-1};
    };
    // `mount`: a descriptor of its root.
    bool step(int mount, file& f);
    bool open_files(int mount, file& f);
    void close_files(file& f);
    bool write(file& f, bool sync);
    bool truncate(file& f);
    bool sync(file& f);
    bool rename(int mount, file& f);
    bool replace(int mount, file& f);
    std::string random_bytes();
    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }

    unsigned number_;
    std::mt19937_64 random_;
    bool trust_writes_;
    unsigned names_{};
    std::vector<file> files_;
    totals done_;
};

}  // namespace durability
