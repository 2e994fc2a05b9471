#include "controller/strategy/ground.hpp"

#include <sys/mount.h>

#include <cerrno>
#include <ctime>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <vector>

namespace drainlab::strategy {

namespace {

class real_ground final : public ground {
  public:
    ~real_ground() override { real_ground::wait_closed(); }

    std::int64_t now_ns() override {
        timespec t{};
        clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec;
    }
    int unmount(const std::string& dir, bool lazily) override {
        return umount2(dir.c_str(), UMOUNT_NOFOLLOW | (lazily ? MNT_DETACH : 0)) == 0 ? 0 : errno;
    }
    void pause(std::chrono::nanoseconds length) override { std::this_thread::sleep_for(length); }

    /// Whoever closes last pays for the shutdown, so each has a thread.
    void close_after(int fd, std::chrono::nanoseconds length) override {
        const std::lock_guard held(mutex_);
        holders_.emplace_back([fd, until = std::chrono::steady_clock::now() + length] {
            std::this_thread::sleep_until(until);
            close(fd);
        });
    }
    void wait_closed() override {
        std::vector<std::thread> all;
        {
            const std::lock_guard held(mutex_);
            all.swap(holders_);
        }
        for (auto& h : all) h.join();
    }

  private:
    std::mutex mutex_;
    std::vector<std::thread> holders_;
};

}  // namespace

std::unique_ptr<ground> make_real_ground() { return std::make_unique<real_ground>(); }

}  // namespace drainlab::strategy
