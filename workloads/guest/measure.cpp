#include "workloads/guest/measure.hpp"

#include "workloads/guest/channel.hpp"
#include "workloads/guest/disks.hpp"
#include "workloads/guest/files_timed.hpp"
#include "workloads/guest/latencies.hpp"
#include "workloads/guest/load.hpp"
#include "workloads/guest/rcu_probes.hpp"
#include "workloads/guest/system.hpp"
#include "workloads/guest/targets.hpp"

#include <cstdlib>
#include <unistd.h>

namespace drainlab::guest {
namespace {

constexpr int often = 20;

class measurement {
  public:
    measurement(channel& out, part_probes& parts, int hz, std::uint64_t seed)
        : out_(out), latencies_(out, parts, seed), rcu_(out) {
        c_.hz = hz > 0 ? hz : causes::unknown;
        c_.cpus = sysconf(_SC_NPROCESSORS_ONLN);
    }

    causes made() {
        settings();
        idle();
        load background(out_, shape_);
        for (int i = 0; i < measured_burners; ++i) background.start(burner_dir(i));
        nap_us(500'000);
        loaded(background);
        background.stop();
        return c_;
    }

  private:
    static std::int64_t setting(const std::string& path) {
        const auto text = read_file(path);
        return text.empty() ? causes::unknown : std::strtoll(text.c_str(), nullptr, 10);
    }
    void settings() {
        c_.wake_from_gp = wakes_from_gp(read_file("/sys/module/rcutree/parameters/rcu_normal_wake_from_gp"), c_.cpus);
        c_.rcu_normal = setting("/sys/kernel/rcu_normal");
        c_.rcu_expedited = setting("/sys/kernel/rcu_expedited");
        c_.blimit = setting("/sys/module/rcutree/parameters/blimit");
    }

    void idle() {
        rcu_.begin();
        nap_us(1'000'000);
        const auto quiet = rcu_.end();
        idle_ = quiet.counts;
        if (rcu_.counts_callbacks()) c_.callbacks_idle_per_s = per_second(idle_.callbacks, idle_.ns);
        c_.grace_periods_idle_per_s = per_second(idle_.grace_periods, idle_.ns);
        c_.synchronize_idle_ns = median(latencies_.synchronize(often));
        c_.expedited_idle_ns = median(latencies_.expedited(often));
        c_.barrier_idle_ns = median(latencies_.barrier(5));
        const auto u = latencies_.umounts(often);
        c_.mount_ns = median(u.mount_ns);
        c_.umount_cpu_idle_ns = median(u.cpu_ns);
        set_shares(c_, u.own);
        generations();
        callbacks();
        files();
    }

    /// The load's generations one after the other: entering a cgroup waits for a grace period only after a pause (the
    /// write side of cgroup_threadgroup_rwsem).
    void generations() {
        std::vector<std::int64_t> create, write, remove, locked;
        for (int i = 0; i < often; ++i) {
            const auto g = time_generation(out_, burner_dir(0), shape_);
            create.push_back(g.create_ns);
            write.push_back(g.write_ns / shape_.writes);
            remove.push_back(g.remove_ns);
            locked.push_back(g.locked_ns);
        }
        c_.cgroup_create_ns = median(create);
        c_.sync_write_ns = median(write);
        c_.cgroup_remove_ns = median(remove);
        c_.cgroup_locked_permille = permille(median(locked), c_.cgroup_create_ns + c_.cgroup_remove_ns);
    }

    /// Generations with pauses, in which what they sent through call_rcu() runs with nothing else at work.
    void callbacks() {
        rcu_.begin();
        for (int i = 0; i < often; ++i) {
            (void)time_generation(out_, burner_dir(0), shape_);
            nap_us(60'000);
        }
        const auto s = rcu_.end();
        std::int64_t spent = 0;
        for (const auto ns : spans_of(s.trace.events, "rcu_do_batch", paired_by::cpu)) spent += ns;
        if (rcu_.counts_callbacks() && s.counts.callbacks > 0 && spent > 0 && s.trace.lost == 0)
            c_.callback_ns = spent / s.counts.callbacks;
        c_.gp_init_ns = median(spans_of(s.trace.events, "rcu_gp_init", paired_by::task));
        c_.gp_cleanup_ns = median(spans_of(s.trace.events, "rcu_gp_cleanup", paired_by::task));
    }

    void files() {
        const auto f = time_files(burner_dir(0), often);
        c_.file_write_ns = f.file_write_ns;
        c_.copy_mib_ns = f.copy_mib_ns;
        c_.writeback_page_ns = f.writeback_page_ns;
    }

    void loaded(const load& background) {
        const auto before = background.generations();
        rcu_.begin();
        nap_us(1'000'000);
        auto busy = rcu_.end().counts;
        busy.generations = background.generations() - before;
        if (rcu_.counts_callbacks()) c_.callbacks_per_generation = callbacks_per_generation(idle_, busy);
        c_.grace_periods_loaded_per_s = per_second(busy.grace_periods, busy.ns);
        c_.generations_per_s = per_second(busy.generations, busy.ns);
        c_.synchronize_loaded_ns = median(latencies_.synchronize(often));
        c_.expedited_loaded_ns = median(latencies_.expedited(often));
        c_.barrier_loaded_ns = median(latencies_.barrier(5));
        c_.umount_cpu_loaded_ns = median(latencies_.umounts(often / 2).cpu_ns);
    }

    channel& out_;
    latencies latencies_;
    rcu_probes rcu_;
    const load_shape shape_;
    causes c_;
    counted idle_;
};

}  // namespace

void measure_machine(channel& out, part_probes& parts, int hz, std::uint64_t seed) {
    const auto c = measurement(out, parts, hz, seed).made();
    json_line line("measured");
    for (const auto& k : cause_keys())
        if (c.*k.field != causes::unknown) line.number(k.name, c.*k.field);
    out.send(line);
}

}  // namespace drainlab::guest
