#include "fusefs/control/owner_record.hpp"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace drainlab::control {

namespace {
constexpr std::size_t most_lines = 1'000;  // of changes, before the record is written anew
}

struct owner_record::shared {
    shared(int d, std::string n, daemon_state s) : dir{d}, name{std::move(n)}, state{std::move(s)} {}

    const int dir;
    const std::string name;
    std::mutex mutex;
    std::condition_variable more;
    daemon_state state;  // but for its mounts
    std::map<std::uint32_t, owned_mount> mounts;
    std::set<std::uint32_t> changed;  // of them, and of those that went
    std::uint64_t changes{}, tried{};
    bool anew{true}, queued{}, closed{};
    // The thread's: the number means its table, and is closed there or not at all.
    os::unique_fd file;
    std::size_t lines{};
    ~shared() { file.release(); }

    /// In the thread: all that has been noted until now.
    void write() {
        std::unique_lock lock{mutex};
        queued = false;
        if (closed) return;
        const auto upto = changes;
        std::vector<record_change> what;
        for (const auto id : std::exchange(changed, {})) {
            const auto m = mounts.find(id);
            what.push_back({id, m == mounts.end() ? std::nullopt : std::optional{m->second}});
        }
        const bool whole = std::exchange(anew, false) || lines + what.size() > most_lines;
        lock.unlock();
        if (whole || !append(what)) write_anew();
        lock.lock();
        tried = upto;
        more.notify_all();
    }

    bool append(const std::vector<record_change>& what) {
        lines += what.size();
        return file && append_changes(file.get(), what, state.mount_namespace);
    }

    void write_anew() {
        std::unique_lock lock{mutex};
        daemon_state now = state;
        for (const auto& [id, m] : mounts) now.mounts.push_back(m);
        lock.unlock();
        lines = 0;
        file = write_state(dir, name, now);
        if (!file)
            spdlog::warn("cannot write {}: {}; after a SIGKILL nobody will know what to clean up", name,
                         std::strerror(errno));
    }
};

owner_record::owner_record(int dir, std::string name, daemon_state state)
    : shared_{std::make_shared<shared>(dir, std::move(name), std::move(state))}, thread_{{dir}} {
    change([] {});
}

owner_record::~owner_record() {
    thread_.add([s = shared_] { s->file.reset(); });
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
    change([&] {
        shared_->state.gate = who;
        shared_->anew = true;
    });
}

void owner_record::note(std::uint32_t id, owned_mount m) {
    m.id = id;
    change([&] {
        shared_->mounts.insert_or_assign(id, std::move(m));
        shared_->changed.insert(id);
    });
}

void owner_record::forget(std::uint32_t id) {
    {
        const std::lock_guard lock{shared_->mutex};
        if (!shared_->mounts.contains(id)) return;
    }
    change([&] {
        shared_->mounts.erase(id);
        shared_->changed.insert(id);
    });
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
