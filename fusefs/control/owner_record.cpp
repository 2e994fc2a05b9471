#include "fusefs/control/owner_record.hpp"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>

namespace drainlab::control {

struct owner_record::shared {
    shared(int d, std::string n, daemon_state s) : dir{d}, name{std::move(n)}, state{std::move(s)} {}

    const int dir;
    const std::string name;
    std::mutex mutex;
    std::condition_variable more;
    daemon_state state;  // but for its mounts
    std::map<std::uint32_t, owned_mount> mounts;
    std::uint64_t changes{}, tried{};
    bool queued{}, closed{};

    /// In the thread: all that has been noted until now.
    void write() {
        std::unique_lock lock{mutex};
        queued = false;
        if (closed) return;
        const auto upto = changes;
        daemon_state now = state;
        for (const auto& [id, m] : mounts) now.mounts.push_back(m);
        lock.unlock();
        if (!write_state(dir, name, now))
            spdlog::warn("cannot write {}: {}; after a SIGKILL nobody will know what to clean up", name,
                         std::strerror(errno));
        lock.lock();
        tried = upto;
        more.notify_all();
    }
};

owner_record::owner_record(int dir, std::string name, daemon_state state)
    : shared_{std::make_shared<shared>(dir, std::move(name), std::move(state))}, thread_{{dir}} {
    change([] {});
}

template <class Change>
void owner_record::change(Change what) {
    {
        const std::lock_guard lock{shared_->mutex};
        if (shared_->closed) return;
        what();
        ++shared_->changes;
        if (std::exchange(shared_->queued, true)) return;
    }
    if (thread_.add([s = shared_] { s->write(); })) return;
    const std::lock_guard lock{shared_->mutex};
    shared_->queued = false;
}

void owner_record::gate_is(pid_t pid) {
    if (const std::lock_guard lock{shared_->mutex}; shared_->state.gate.pid == pid) return;
    const auto who = pid != 0 ? os::identify_process(pid) : os::process_identity{};
    change([&] { shared_->state.gate = who; });
}

void owner_record::note(std::uint32_t id, owned_mount m) {
    change([&] { shared_->mounts.insert_or_assign(id, std::move(m)); });
}

void owner_record::forget(std::uint32_t id) {
    {
        const std::lock_guard lock{shared_->mutex};
        if (!shared_->mounts.contains(id)) return;
    }
    change([&] { shared_->mounts.erase(id); });
}

bool owner_record::written(std::chrono::milliseconds limit) const {
    std::unique_lock lock{shared_->mutex};
    const auto wanted = shared_->changes;
    return shared_->more.wait_for(lock, limit, [&] { return shared_->closed || shared_->tried >= wanted; });
}

bool owner_record::close(std::function<void()> last) {
    {
        const std::lock_guard lock{shared_->mutex};
        shared_->closed = true;
        shared_->more.notify_all();
    }
    thread_.add(std::move(last));
    return thread_.finished(std::chrono::seconds{2});
}

}  // namespace drainlab::control
