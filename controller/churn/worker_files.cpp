// What a worker writes, and finds again on the mount and in the store.
#include "controller/churn/worker.hpp"
#include "controller/machine/process.hpp"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace drainlab::churn {

/// Some pages more, in a pattern of this cycle; synced half of the time.
void worker::write_file(int fd) {
    std::string more((1 + below(4)) * 4096, '\0');
    for (std::size_t i = 0; i < more.size(); i += 8) {
        const std::uint64_t word = random_();
        std::memcpy(more.data() + i, &word, 8);
    }
    const auto at = static_cast<off_t>(content_.size());
    need(pwrite(fd, more.data(), more.size(), at) == static_cast<ssize_t>(more.size()), "write: " + text_of(errno));
    content_ += more;
    if (below(2) == 0) need(fsync(fd) == 0, "fsync: " + text_of(errno));
}

void worker::check_file(int fd) {
    std::string back(content_.size(), '\0');
    need(pread(fd, back.data(), back.size(), 0) == static_cast<ssize_t>(back.size()), "read: " + text_of(errno));
    need(back == content_, "the file reads back differently");
    counts_.bytes_verified += back.size();
}

/// After the superblock's death every byte is in the store.
void worker::check_store() {
    wait_for_death();
    if (mounted_.store.empty()) return;
    const std::string text = machine::read_text(mounted_.store + file_);
    need(text == content_, "the store has " + std::to_string(text.size()) + " bytes that are not the " +
                               std::to_string(content_.size()) + " written");
    counts_.bytes_verified += text.size();
    if (!wrote_) return;
    const std::string blocks = machine::read_text(mounted_.store + writer_file());
    const std::string wrong = check_blocks(blocks, holder_.acknowledged());
    need(wrong.empty(), "the file of a killed writer: " + wrong);
    counts_.bytes_verified += blocks.size();
}

}  // namespace drainlab::churn
