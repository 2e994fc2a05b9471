#include "controller/sim/world.hpp"

#include "controller/sim/gp_formula.hpp"

namespace drainlab::sim {

using namespace std::chrono_literals;

namespace {

/// Virtual time that nobody needs ends a world that came to a standstill.
constexpr auto longest_wait = 10min;

task<> and_then_set(task<> body, bool& done) {
    co_await body;
    done = true;
}

kernel::profile with_model(kernel::profile p, const std::string& model) {
    if (model == "none") p.zero = true;
    return p;
}

}  // namespace

world::world(const machine_options& options, const kernel::drain_policy& policy, std::uint64_t seed)
    : sched{sched::simulated_options{seed}},
      cpus{sched, options.profile, seed},
      rcu{options.gp_model == "formula"
              ? make_gp_formula(sched, cpus, options.profile, seed)
              : kernel::make_rcu(sched, cpus, with_model(options.profile, options.gp_model), seed)},
      host{std::make_unique<kernel::host>(sched, cpus, *rcu, options.profile)},
      options_{options},
      policy_{policy},
      cgroup_mutex_{sched, "cgroup_mutex"} {
    host->drain_call = options.profile.drain_call;
    for (const auto& [point, width] : options_.widen) sched.widen(sched::point{point}, width);
    sched.spawn("housekeeping", housekeeping(), sched::fiber_kind::service);
}

world::~world() { sched.drop_all(); }

nanoseconds world::about(nanoseconds mean) {
    if (mean.count() <= 1) return mean;
    return nanoseconds(mean.count() / 2 +
                       static_cast<std::int64_t>(sched.generator().below(static_cast<std::uint64_t>(mean.count()))));
}

mounted world::mount(std::string name, const mounted* beside, std::uint64_t bytes_per_s) {
    mounted m;
    m.fs = std::make_unique<filesystem>(*host, options_.profile, bytes_per_s);
    m.sb = kernel::sget(*host, std::move(name), *m.fs, policy_, beside ? &beside->sb->s_bdi : nullptr);
    m.file = kernel::iget_locked(*m.sb, 2);
    for (int i = 0; i < options_.inodes; ++i) (void)kernel::iget_locked(*m.sb, static_cast<kernel::ino_t>(10 + i));
    return m;
}

mounted world::mount_overlay(std::string name, const mounted& upper, bool is_volatile) {
    mounted m;
    m.fs = std::make_unique<overlay>(upper.sb, is_volatile);
    m.sb = kernel::sget(*host, std::move(name), *m.fs, policy_);
    m.sb->s_bdi.cap_writeback = false;
    return m;
}

/// The machine's own small doings: now and then something short, about the time of a tick, on some CPU.
task<> world::housekeeping() {
    const auto& p = options_.profile;
    for (;;) {
        sched::fiber& me = *sched.current();
        me.cpu = static_cast<int>(sched.generator().below(static_cast<std::uint64_t>(cpus.cpus())));
        const instant at =
            cpus.next_tick(me.cpu, sched.now() + about(p.housekeeping_every)) - p.housekeeping_before_tick;
        co_await sched.sleep_until(at);
        co_await cpus.consume(p.housekeeping_work);
    }
}

// ---- the published background load --------------------------------------------------------------------------------

task<> world::sync_write(kernel::inode& file, kernel::pgoff_t index, const kernel::memcg_ptr& m, unsigned more,
                         std::int64_t& stamped) {
    co_await cpus.write(about(options_.profile.sync_write), options_.profile.sync_write * more, stamped);
    if (!file.i_mapping.i_pages.contains(index)) kernel::folio_add(file, index, m);
    co_await kernel::folio_mark_dirty(file, index, m);
    (void)co_await kernel::filemap_fdatawrite_range(file, index, index, m);
}

task<> world::cgroup_work(nanoseconds mean) {
    const nanoseconds all = about(mean);
    const nanoseconds locked{
        static_cast<std::int64_t>(static_cast<double>(all.count()) * options_.profile.cgroup_locked)};
    co_await cpus.consume(all - locked);
    if (locked <= 0ns) co_return;
    const auto held = co_await cgroup_mutex_.lock();
    co_await cpus.consume(locked);
}

task<> world::burner_loop(std::shared_ptr<kernel::inode> file, unsigned writes, nanoseconds after,
                          std::shared_ptr<burner> me) {
    if (after > 0ns) co_await sched.sleep_for(after, "its turn to begin");
    std::int64_t stamped = -1;  // the tick of the file's mtime
    while (!me->stop) {
        const instant begun = sched.now();
        const nanoseconds per_write = about(std::chrono::milliseconds{options_.generation_ms}) / (writes + 1);
        co_await cgroup_work(options_.profile.cgroup_create);
        const auto m = kernel::memcg_create(*host, "generation");
        const int parent = sched.current()->cpu;
        sched.current()->cpu = cpus.fork_cpu(parent);
        for (unsigned n = 0; n < writes && !me->stop_at_once; ++n) {
            co_await sync_write(*file, n, m, writes - n - 1, stamped);
            if (const instant due = begun + per_write * (n + 1); due > sched.now())
                co_await sched.sleep_until(due, "its pace");
        }
        sched.current()->cpu = parent;
        co_await cgroup_work(options_.profile.cgroup_remove);
        kernel::memcg_rmdir(m);  // sends its callbacks through call_rcu()
        ++me->generations;
    }
    me->ended = true;
    sched.wake_all(me.get());
}

std::shared_ptr<burner> world::burn(const mounted& where, unsigned writes, int together) {
    auto b = std::make_shared<burner>();
    const int instead = options_.writes > 0 ? options_.writes : options_.profile.burner_writes;
    const unsigned n = instead > 0 ? static_cast<unsigned>(instead) : writes;
    const auto cpu = static_cast<int>(sched.generator().below(static_cast<std::uint64_t>(cpus.cpus())));
    nanoseconds after{0};
    if (const auto& p = options_.profile; together > cpus.cpus()) {
        const nanoseconds round = (p.cgroup_create + p.sync_write * n + p.cgroup_remove) * together / cpus.cpus();
        after = nanoseconds{
            static_cast<std::int64_t>(sched.generator().below(static_cast<std::uint64_t>(round.count() + 1)))};
    }
    sched.spawn("burner of " + where.sb->s_id, burner_loop(where.file, n, after, b), sched::fiber_kind::service, cpu);
    return b;
}

bool world::run(task<> body, const std::string& name) {
    bool done = false;
    sched.spawn(name, and_then_set(std::move(body), done));
    return sched.run_until([&] { return done; }, sched.now() + longest_wait) == sched::run_outcome::finished;
}

}  // namespace drainlab::sim
