#include "tests/sim/storage/file_model.hpp"

#include <algorithm>
#include <utility>

namespace drainlab::tests {

void file_model::grow(std::size_t size) {
    if (size <= bytes.size()) return;
    // Where the file ended is not sure: nor is what lies between.
    const trust gap = end_lost_ ? trust::lost : end_doubted_ ? trust::doubted : trust::written;
    bytes.resize(size);
    trust_.resize(size, gap);
}

void file_model::write(std::size_t off, const std::string& data) {
    grow(off);
    grow(off + data.size());
    std::copy(data.begin(), data.end(), bytes.begin() + static_cast<std::ptrdiff_t>(off));
    std::fill_n(trust_.begin() + static_cast<std::ptrdiff_t>(off), data.size(), trust::written);
}

void file_model::zero(std::size_t off, std::size_t length) {
    if (off >= size()) return;
    if (end_in_doubt()) return lose(off, std::min(length, size() - off));
    write(off, std::string(std::min(length, size() - off), '\0'));
}

void file_model::copy(std::size_t from, std::size_t to, std::size_t length) {
    const std::string data = bytes.substr(from, length);
    const std::vector<trust> as_sure{trust_.begin() + static_cast<std::ptrdiff_t>(from),
                                     trust_.begin() + static_cast<std::ptrdiff_t>(from + length)};
    write(to, data);
    for (std::size_t k = 0; k < length; ++k) trust_[to + k] = std::max(as_sure[k], trust::written);
}

void file_model::truncate(std::size_t to) {
    bytes.resize(to);
    trust_.resize(to, end_lost_ ? trust::lost : end_doubted_ ? trust::doubted : trust::written);
    end_doubted_ = end_lost_ = false;
}

void file_model::synced() {
    for (auto& t : trust_)
        if (t == trust::written) t = trust::synced;
    record.all_acknowledged();
}

void file_model::doubt() {
    anything_failed = true;
    for (auto& t : trust_)
        if (t == trust::written) t = trust::doubted, end_doubted_ = true;
}

void file_model::told() {
    doubt();
    for (auto& t : trust_)
        if (t == trust::doubted) t = trust::lost;
    if (std::exchange(end_doubted_, false)) end_lost_ = true;
}

void file_model::lose(std::size_t off, std::size_t length) {
    anything_failed = true;
    for (std::size_t at = off; at < std::min(off + length, size()); ++at) trust_[at] = trust::lost;
    if (off + length > size()) end_lost_ = true;
}

/// The file is at least so long.
std::size_t file_model::least() const {
    if (!end_in_doubt()) return size();
    std::size_t n = size();
    while (n > 0 && trust_[n - 1] > trust::written) --n;
    return n;
}

std::string file_model::judge_size(std::size_t got) const {
    if (got == size() || (end_in_doubt() && got >= least())) return {};
    return "is " + std::to_string(got) + " bytes long, not " + std::to_string(size());
}

std::string file_model::judge_read(std::size_t off, std::size_t want, const std::string& got) const {
    const std::size_t most = off < size() ? std::min(want, size() - off) : 0;
    if (got.size() != most && (!end_in_doubt() || off + got.size() < std::min(least(), off + want)))
        return "read of " + std::to_string(want) + " at " + std::to_string(off) + " gives " +
               std::to_string(got.size()) + " bytes, not " + std::to_string(most);
    for (std::size_t k = 0; k < std::min(got.size(), most); ++k)
        if (got[k] != bytes[off + k] && trust_[off + k] <= trust::written)
            return "read at " + std::to_string(off) + ": byte " + std::to_string(off + k) + " is not what was written";
    return {};
}

std::string file_model::judge_store(const std::string& content) const {
    if (content.size() < size() && !end_lost_)
        return "the store has " + std::to_string(content.size()) + " of " + std::to_string(size()) +
               " bytes, and nobody was told";
    if (content.size() > size() && !end_in_doubt()) return "the store has more than the file";
    for (std::size_t k = 0; k < size(); ++k) {
        const bool same = k < content.size() && content[k] == bytes[k];
        if (!same && trust_[k] != trust::lost)
            return "byte " + std::to_string(k) + " is not in the store, and nobody was told";
    }
    return {};
}

}  // namespace drainlab::tests
