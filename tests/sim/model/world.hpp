// A small modelled machine in virtual time, for tests: scheduler, machine, RCU, host, and a filesystem whose store is a
// counter.
#pragma once
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/kernel/host.hpp"
#include "fusefs/kernel/machine_real.hpp"
#include "fusefs/kernel/modelled_fs.hpp"
#include "fusefs/kernel/rcu_engine.hpp"
#include "fusefs/kernel/writeback.hpp"
#include "fusefs/sched/simulated.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <string>

namespace drainlab::tests {

using namespace std::chrono_literals;
using kernel::page_size;
using sched::task;

/// Requests take `latency` each, and fail with `error` (a negative errno) where that is set.
struct counting_device final : kernel::modelled_device {
    kernel::host* h{};
    std::uint64_t bytes_stored{};
    std::chrono::nanoseconds latency{0};
    int error{};

    task<int> write(std::size_t bytes) override {
        if (latency.count() > 0) co_await h->sched.sleep_for(latency, "device");
        if (error == 0) bytes_stored += bytes;
        co_return error;
    }
};

/// Clean folios are dropped, so that the next writer is charged anew, unless `then` says otherwise.
struct counting_fs final : kernel::modelled_fs {
    counting_fs() : modelled_fs{written::drop, &device} {}
    counting_device device;
    int put_supers{}, evicted{}, inode_error{};

    task<int> write_inode(kernel::inode&, kernel::writeback_control&) override { co_return inode_error; }
    void evict_inode(kernel::inode& i) override {
        DRAINLAB_CHECK(i.i_sb->state !=
                       kernel::sb_state::dead);  // nobody calls a filesystem that has been told put_super()
        ++evicted;
    }
    void put_super(kernel::super_block&) override { ++put_supers; }
};

inline kernel::profile small_profile() {
    kernel::profile p;
    p.name = "test";
    p.zero = false;
    p.hz = 1000;
    p.cpus = 4;
    p.wake_from_gp = true;
    p.worker_wake = 20us;
    return p;
}

/// Everything on one simulated scheduler. Destroys the fibers before what they refer to.
struct model_world {
    explicit model_world(std::uint64_t seed = 1, const kernel::profile& prof = small_profile())
        : scheduler{sched::simulated_options{seed}},
          cpus{scheduler, prof, seed},
          rcu{kernel::make_rcu(scheduler, cpus, prof, seed)},
          host{std::make_unique<kernel::host>(scheduler, cpus, *rcu, prof)} {
        fs.device.h = host.get();
    }
    ~model_world() { scheduler.drop_all(); }

    std::shared_ptr<kernel::super_block> mount(std::string name, std::string_view policy = "persb",
                                               kernel::backing_dev_info* bdi = nullptr) {
        return kernel::sget(*host, std::move(name), fs, *kernel::find_drain_policy(policy), bdi);
    }
    kernel::memcg_ptr cgroup(std::string name) const { return kernel::memcg_create(*host, std::move(name)); }

    /// One page written by a task of `m`; with `sync` through fsync's round.
    task<> write_page(std::shared_ptr<kernel::inode> i, kernel::pgoff_t index, kernel::memcg_ptr m, bool sync) {
        if (!i->i_mapping.i_pages.contains(index)) kernel::folio_add(*i, index, m);
        co_await kernel::folio_mark_dirty(*i, index, m);
        if (sync) (void)co_await kernel::filemap_fdatawrite_range(*i, index, index, m);
    }
    task<> write_pages(std::shared_ptr<kernel::inode> i, int n, kernel::memcg_ptr m, bool sync) {
        for (int index = 0; index < n; ++index) co_await write_page(i, static_cast<kernel::pgoff_t>(index), m, sync);
    }
    /// The published burner's generation: a new cgroup, `n` synchronous one-page writes, exit, rmdir.
    task<> generation(std::shared_ptr<kernel::inode> i, int n) {
        const auto m = cgroup("gen");
        co_await write_pages(i, n, m, true);
        kernel::memcg_rmdir(m);
    }
    task<> burn(std::shared_ptr<kernel::inode> i, int generations) {
        for (int g = 0; g < generations; ++g) {
            co_await generation(i, 32);
            co_await scheduler.sleep_for(1ms, "burner's fork and exit");
        }
    }
    /// Runs `body` to its end as a fiber; false if the model came to a standstill first.
    bool run(task<> body, std::string name = "test") {
        bool done = false;
        scheduler.spawn(std::move(name), and_then_set(std::move(body), done));
        return scheduler.run_until([&] { return done; }, scheduler.now() + 1h) == sched::run_outcome::finished;
    }
    static task<> and_then_set(task<> body, bool& done) {
        co_await body;
        done = true;
    }
    bool umount(const std::shared_ptr<kernel::super_block>& sb) { return run(kernel::deactivate_super(*sb), "umount"); }

    sched::simulated_scheduler scheduler;
    kernel::machine_real cpus;
    std::unique_ptr<kernel::rcu> rcu;
    counting_fs fs;
    std::unique_ptr<kernel::host> host;
};

}  // namespace drainlab::tests
