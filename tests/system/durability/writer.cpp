#include "tests/system/durability/writer.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <unistd.h>
#include <utility>

namespace durability {

namespace {

constexpr std::size_t files_each = 6, largest_write = 20'000, largest_file = 200'000;

std::optional<std::string> content_of(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    if (!in) return std::nullopt;
    return std::string{std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace

writer::writer(unsigned number, std::uint64_t seed, bool trust_writes)
    : number_{number}, random_{seed * 1000 + number}, trust_writes_{trust_writes}, files_(files_each) {
    for (auto& f : files_) f.name = "w" + std::to_string(number_) + "." + std::to_string(names_++);
}

std::string writer::random_bytes() {
    std::string bytes(1 + below(largest_write), '\0');
    const auto first = static_cast<char>(random_());  // cheap, and different in each call
    for (std::size_t k = 0; k < bytes.size(); ++k) bytes[k] = static_cast<char>(first + static_cast<char>(k % 251));
    return bytes;
}

bool writer::open_files(int mount, file& f) {
    f.fd = ::openat(mount, f.name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    f.sync_fd = ::openat(mount, f.name.c_str(), O_WRONLY | O_CLOEXEC | (below(2) ? O_SYNC : O_DSYNC));
    return f.fd >= 0 && f.sync_fd >= 0;
}

void writer::close_files(file& f) {
    for (int* fd : {&f.fd, &f.sync_fd}) {
        if (*fd >= 0) ::close(*fd);
        *fd = -1;
    }
}

bool writer::write(file& f, bool sync) {
    file_record::change c;
    c.offset = below(largest_file);
    c.bytes = random_bytes();
    const auto h = f.record.begins(std::move(c));
    const ssize_t n =
        ::pwrite(sync ? f.sync_fd : f.fd, h->bytes.data(), h->bytes.size(), static_cast<off_t>(h->offset));
    if (n != static_cast<ssize_t>(h->bytes.size())) return false;
    if (sync || trust_writes_) {
        f.record.acknowledged(h);
        ++done_.acknowledged;
        done_.bytes += h->bytes.size();
    }
    return true;
}

bool writer::truncate(file& f) {
    file_record::change c;
    c.offset = below(largest_file);
    c.truncates = true;
    const auto h = f.record.begins(std::move(c));
    return ::ftruncate(f.fd, static_cast<off_t>(h->offset)) == 0;
}

bool writer::sync(file& f) {
    if ((below(2) ? ::fsync(f.fd) : ::fdatasync(f.fd)) != 0) return false;
    f.record.all_acknowledged();
    ++done_.acknowledged;
    done_.bytes += f.record.newest().size();
    return true;
}

bool writer::rename(int mount, file& f) {
    f.may_be_called = "w" + std::to_string(number_) + "." + std::to_string(names_++);
    if (::renameat(mount, f.name.c_str(), mount, f.may_be_called.c_str()) != 0) return false;
    f.name = std::exchange(f.may_be_called, {});
    ++done_.acknowledged;
    return true;
}

/// The usual way to change a file so that it is always either the old one or the new one.
bool writer::replace(int mount, file& f) {
    const std::string fresh = "tmp" + std::to_string(number_), bytes = random_bytes();
    f.replacement = {};
    const int fd = ::openat(mount, fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool fine =
        fd >= 0 && ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && ::fsync(fd) == 0;
    if (fd >= 0) ::close(fd);
    if (!fine) return false;
    f.replacement.starts_from(bytes);
    f.replacing = true;
    if (::renameat(mount, fresh.c_str(), mount, f.name.c_str()) != 0) return false;
    f.record = std::move(f.replacement);
    f.replacing = false;
    ++done_.acknowledged;
    close_files(f);
    return open_files(mount, f);
}

bool writer::step(int mount, file& f) {
    ++done_.calls;
    if (f.fd < 0 && !open_files(mount, f)) return false;
    const auto dice = below(100);
    if (dice < 50) return write(f, false);
    if (dice < 65) return write(f, true);
    if (dice < 85) return sync(f);
    if (dice < 90) return truncate(f);
    if (dice < 94) return rename(mount, f);
    if (dice < 97) return replace(mount, f);
    close_files(f);
    return true;
}

void writer::run(const std::string& mount, const std::atomic<bool>& stop) {
    // By descriptor: after a lazy unmount the path leads elsewhere, the writer goes on where it was.
    const int root = ::open(mount.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (root >= 0 && !stop && step(root, files_[below(files_.size())])) {}
    for (auto& f : files_) close_files(f);
    ::close(root);
}

std::vector<std::string> writer::compare(const std::string& store, bool exact) {
    std::vector<std::string> wrong;
    for (auto& f : files_) {
        auto found = content_of(store + "/" + f.name);
        if (!found && !f.may_be_called.empty()) {
            found = content_of(store + "/" + f.may_be_called);
            if (found) f.name = f.may_be_called;
        }
        f.may_be_called.clear();
        if (!found && !f.record.newest().empty()) wrong.push_back(f.name + " is not there");
        const std::string content = found.value_or("");
        const bool replaced = std::exchange(f.replacing, false) && f.replacement.judge(content).empty();
        std::string why = replaced ? "" : f.record.judge(content);
        if (exact && content != f.record.newest()) why = "differs from what the mount had";
        if (!why.empty()) wrong.push_back(f.name + " " + why);
        f.record.starts_from(content);
    }
    return wrong;
}

}  // namespace durability
