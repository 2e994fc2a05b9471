#include "tests/sim/storage/world.hpp"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

namespace drainlab::tests {

world::world(std::uint64_t seed, const world_rules& r)
    : model_world{seed}, rules{r}, random{seed}, io{r.plan, seed, scheduler}, stores{scheduler} {
    io.log = [this](const std::string& what) { note(what); };
    storage::root_directory root;
    std::string error;
    int err = storage::open_private_root(stores.memory, root, error);
    if (err) throw std::runtime_error{error};
    root_ = storage::unique_fd{::fcntl(root.fd.get(), F_DUPFD_CLOEXEC, 0)};
    directory_ = std::move(root.memory);
    root.is_private = false;
    root.in_memory = rules.memory;
    auto store = storage::directory_store::open(std::move(root), 8, err);
    if (!rules.memory) threads = std::make_shared<faulty_threads>(scheduler, io);
    storage::filesystem_options o;
    o.mode = random.below(2) ? storage::cache_mode::keep : storage::cache_mode::drop;
    o.limits = rules.limits;
    fs = storage::filesystem::on(std::move(store), threads, o, stores, io);
    sb_ = kernel::sget(*host, "m", *fs, *kernel::find_drain_policy("persb"));
    fs->set_super(sb_);
    host->on_violation = [this](const kernel::violation& v) {
        if (io.ended()) return;
        note(v.invariant + ": " + v.message);
        if (v.invariant != "bytes_lost") wrong(v.invariant + ": " + v.message);
        look_at_losses();
    };
    for (const char* name : {"a", "b", "c"}) groups.push_back(cgroup(name));
    for (unsigned k = 0; k < rules.users; ++k) users.push_back(std::make_unique<client>(*this, k));
}

world::~world() {
    scheduler.drop_all();
    host->on_violation = nullptr;
    groups.clear();
    fs.reset();
}

void world::note(const std::string& what) {
    story_ += std::to_string(scheduler.now().time_since_epoch().count() / 1000) + " us: " + what + "\n";
}

/// What the daemon says aloud of lost bytes reaches the one whose they were.
void world::look_at_losses() {
    if (io.ended()) return;
    std::uint64_t bytes = 0;
    for (const auto& l : fs->cache().lost()) bytes += l.bytes;
    if (bytes == told_bytes_) return;
    told_bytes_ = bytes;
    if (!rules.errors) wrong("bytes were lost, of " + fs->cache().lost().back().path);
    for (const auto& l : fs->cache().lost())
        for (const auto& u : users)
            if (u->is_called(l.path)) u->model.told();
}

sched::task<> world::freeze_and_give_up() {
    co_await scheduler.sleep_for(std::chrono::milliseconds{random.below(20'000)}, "before the frost");
    threads->freeze();
    note("the store freezes");
    co_await scheduler.sleep_for(std::chrono::milliseconds{random.below(90'000)}, "frost");
    if (random.below(2)) {
        threads->thaw();
        note("the store thaws");
        co_return;
    }
    abandoned = true;
    note("the store is given up");
    fs->abandon_store();
}

sched::task<> world::unmount() {
    co_await kernel::deactivate_super(*sb_);
    for (const auto& l : fs->unwritten()) {
        note("unwritten: " + l.path);
        for (const auto& u : users)
            if (u->is_called(l.path)) u->model.told();
    }
    co_await fs->close_store(scheduler.now() + 60s);
}

std::string world::run() {
    if (!verdict.empty()) return verdict;
    for (const auto& u : users) {
        ++busy_, scheduler.spawn("user", counted(u->run(rules.calls)));
        if (random.below(2)) ++busy_, scheduler.spawn("disturber", counted(u->disturb(rules.calls / 4)));
    }
    if (rules.freezes) ++busy_, scheduler.spawn("frost", counted(freeze_and_give_up()));
    const auto over = [&] { return io.ended() || !verdict.empty() || busy_ == 0; };
    if (scheduler.run_until(over, scheduler.now() + 1h) != sched::run_outcome::finished)
        wrong("stands still" + who_waits());
    if (verdict.empty() && !io.ended()) {
        ++busy_, scheduler.spawn("umount", counted(unmount()));
        if (scheduler.run_until(over, scheduler.now() + 1h) != sched::run_outcome::finished)
            wrong("the unmount does not end" + who_waits());
    }
    if (threads && verdict.empty() && !io.ended()) {
        threads->thaw();
        scheduler.run_for(10s);  // what was given up comes back
    }
    look_at_losses();
    if (verdict.empty()) check_store();
    return verdict;
}

sched::task<> world::counted(sched::task<> body) {
    co_await body;
    --busy_;
}

std::string world::who_waits() const {
    std::string all;
    for (const auto& w : scheduler.waiting()) all += "; " + w.task + ": " + std::string{w.waits_for};
    return all;
}

std::string world::content_of(const std::string& path, bool& there) {
    const storage::unique_fd fd{::openat(root_.get(), path.c_str() + 1, O_RDONLY | O_CLOEXEC)};
    there = static_cast<bool>(fd);
    struct stat st {};
    if (!there || ::fstat(fd.get(), &st) != 0) return {};
    std::string content(static_cast<std::size_t>(st.st_size), '\0');
    (void)!::pread(fd.get(), content.data(), content.size(), 0);
    if (!io.ended() || rules.end != ending::power) return content;
    std::string kept = io.synced(st.st_ino);  // and of what was not synced, some pages
    const std::size_t synced_size = kept.size();
    kept.resize(std::max(kept.size(), content.size()));
    for (std::size_t at = 0; at < content.size(); at += kernel::page_size)
        if (random.below(2))
            kept.replace(at, std::min(kernel::page_size, content.size() - at), content, at, kernel::page_size);
    kept.resize(random.below(2) ? synced_size : content.size());
    return kept;
}

void world::check_store() {
    for (const auto& u : users) {
        if (u->unforeseeable()) continue;
        bool found = false;
        for (const std::string& path : u->may_be_called()) {
            bool there = false;
            const std::string content = content_of(path, there);
            found |= there;
            if (!there) continue;
            const auto& m = u->model;
            const std::string bad = !io.ended()         ? m.judge_store(content)
                                    : m.anything_failed ? ""
                                                        : m.record.judge(content);
            if (!bad.empty()) wrong(path + ": " + bad);
        }
        if (!found && u->surely_there()) wrong(*u->may_be_called().begin() + " is not in the store");
    }
}

}  // namespace drainlab::tests
