#include "controller/churn/holding.hpp"

#include <sys/mman.h>
#include <sys/mount.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <unistd.h>

namespace drainlab::churn {

namespace {

std::shared_mutex forking;
constexpr std::size_t block = 4096;
constexpr std::uint64_t most_blocks = 48;
using block_words = std::array<std::uint64_t, block / 8>;

block_words content_of(std::uint64_t number) {
    block_words words;
    words.fill(number * 0x9e3779b97f4a7c15u + 1);
    return words;
}

constexpr int answer_there = 3;

/// In the child: system calls only. Ends by SIGKILL, or when the filesystem has gone.
void write_on(int fd, std::atomic<std::uint64_t>& told) {
    for (std::uint64_t n = 0; n < most_blocks; ++n) {
        const auto words = content_of(n);
        if (write(fd, words.data(), block) != static_cast<ssize_t>(block)) return;
        told = n + 1;
        usleep(500);
    }
}

int live(const char* file, std::atomic<std::uint64_t>& told) {
    const int fd = *file ? open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    const char yes = 1;
    if ((*file && fd < 0) || write(answer_there, &yes, 1) != 1) return 1;
    close(answer_there);
    if (fd >= 0) write_on(fd, told);
    for (;;) pause();
}

std::uint64_t now_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(t.tv_nsec);
}

}  // namespace

holder_process::~holder_process() {
    end();
    if (told_) munmap(told_, block);
}

bool holder_process::start(const std::string& dir, const std::string& file) {
    if (!told_) {
        void* const page = mmap(nullptr, block, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) return false;
        told_ = new (page) std::atomic<std::uint64_t>(0);
    }
    *told_ = 0;
    const std::unique_lock alone(forking);
    auto answer = machine::lifeline::make();  // theirs to speak, ours to listen
    if (!answer) return false;
    machine::birth how;
    how.descriptors = {{answer.value().ours.get(), answer_there}};
    how.directory = dir;
    how.dies_with_us = true;
    auto started = machine::child::start(how, [&] { return live(file.c_str(), *told_); });
    if (!started) return false;
    process_ = std::move(started.value());
    answer.value().ours.reset();
    char yes = 0;
    const bool holds = read(answer.value().theirs.get(), &yes, 1) == 1;
    if (!holds) end();
    return holds;
}

void holder_process::end() {
    process_.send(SIGKILL);
    while (process_ && !process_.wait(std::chrono::hours(1))) {}
    process_ = {};
}

std::string check_blocks(const std::string& text, std::uint64_t acknowledged) {
    const auto blocks = text.size() / block;
    const auto has =
        " " + std::to_string(text.size()) + " bytes, " + std::to_string(acknowledged) + " blocks acknowledged";
    if (text.size() % block != 0) return "half a block:" + has;
    if (blocks < acknowledged || blocks > acknowledged + 1) return "lost or invented blocks:" + has;
    for (std::uint64_t n = 0; n < blocks; ++n) {
        const auto words = content_of(n);
        if (std::memcmp(text.data() + n * block, words.data(), block) != 0)
            return "block " + std::to_string(n) + " is not what was written:" + has;
    }
    return {};
}

int unmount_undisturbed(const std::string& dir, int flags, std::uint64_t& took_ns) {
    const std::shared_lock together(forking);
    const auto before = now_ns();
    const int error = umount2(dir.c_str(), flags | UMOUNT_NOFOLLOW) == 0 ? 0 : errno;
    took_ns = now_ns() - before;
    return error;
}

}  // namespace drainlab::churn
