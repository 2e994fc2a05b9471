#include "tests/system/durability/record.hpp"

#include <algorithm>

namespace durability {

namespace {

void apply(std::string& content, const file_record::change& c) {
    if (c.truncates) {
        content.resize(c.offset);
        return;
    }
    if (content.size() < c.offset + c.bytes.size()) content.resize(c.offset + c.bytes.size());
    content.replace(c.offset, c.bytes.size(), c.bytes);
}

}  // namespace

std::string file_record::newest() const {
    std::string content = base_;
    for (const auto& c : changes_) apply(content, c);
    return content;
}

void file_record::all_acknowledged() { starts_from(newest()); }

void file_record::starts_from(std::string content) {
    base_ = std::move(content);
    changes_.clear();
}

/// From the newest change back to the one that was acknowledged.
bool file_record::may_be(std::size_t at, char byte) const {
    for (auto c = changes_.rbegin(); c != changes_.rend(); ++c) {
        if (c->truncates) {
            if (at >= c->offset && byte == 0) return true;
        } else if (at >= c->offset && at < c->offset + c->bytes.size()) {
            if (c->bytes[at - c->offset] == byte) return true;
            if (c->acknowledged) return false;
        }
    }
    return byte == (at < base_.size() ? base_[at] : '\0');
}

std::size_t file_record::least_size() const {
    std::size_t least = base_.size();
    for (const auto& c : changes_)
        if (c.truncates)
            least = std::min(least, c.offset);
        else if (c.acknowledged)
            least = std::max(least, c.offset + c.bytes.size());
    return least;
}

std::string file_record::judge(const std::string& content) const {
    if (content.size() < least_size())
        return "has " + std::to_string(content.size()) + " bytes, of at least " + std::to_string(least_size()) +
               " acknowledged";
    for (std::size_t at = 0; at < content.size(); ++at)
        if (!may_be(at, content[at])) return "byte " + std::to_string(at) + " is not what was acknowledged";
    return {};
}

}  // namespace durability
