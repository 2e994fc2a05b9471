#include "controller/lab/experiment.hpp"

#include "controller/lab/files.hpp"
#include "controller/lab/initramfs.hpp"
#include "fusefs/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

namespace drainlab::lab {

using client::exit_code;
using client::failure;
using client::result;
namespace fs = std::filesystem;

namespace {

std::string show_name(const kernel_image& k) { return k.label.empty() ? k.name : k.label; }

class experiment {
  public:
    experiment(experiment_order order, const std::function<void(const boot_progress&)>& show,
               const std::function<bool()>& stop)
        : order_(std::move(order)), show_(show), stop_(stop), accel_(order_.accel) {}

    result<experiment_end> run() {
        BOOST_OUTCOME_TRY(auto ext4, ext4_blocks(order_.scratch));
        for (std::size_t i = 0; i < order_.kernels.size(); ++i) {
            const auto& k = order_.kernels[i];
            BOOST_OUTCOME_TRYV(check_configuration(k));
            BOOST_OUTCOME_TRY(auto archive, make_initramfs(k, ext4));
            BOOST_OUTCOME_TRYV(write_file(initramfs_of(i), archive));
            end_.kernels.emplace_back(k);
        }
        const auto plan = plan_boots(order_.kernels.size(), order_.told, order_.samples, order_.per_boot, order_.seed);
        BOOST_OUTCOME_TRYV(choose_accelerator());
        for (at_.boots = plan.size(); at_.boot < plan.size(); ++at_.boot) {
            const auto& next = plan[at_.boot];
            if (failed_[next.kernel] || end_.kernels[next.kernel].violated()) continue;
            BOOST_OUTCOME_TRYV(boot(next));
            if (stopped_) break;
        }
        end_.accel = accel_;
        end_.complete = !stopped_ && !end_.why;
        return std::move(end_);
    }

  private:
    std::string initramfs_of(std::size_t kernel) const {
        return fmt::format("{}/initramfs.{}", order_.scratch, kernel);
    }

    /// Says at once what a guest would find out after a quarter of a minute.
    result<void> check_configuration(const kernel_image& k) const {
        if (k.config.empty()) return client::success();
        BOOST_OUTCOME_TRY(auto config, read_file(k.config));
        const auto refuse = [&](const std::string& what) {
            return failure{"kernel_config", fmt::format("lab: {}: {}", show_name(k), what), "see docs/kernel-lab.md",
                           untestable, 0};
        };
        for (const auto* needed : {"CGROUP_WRITEBACK", "MEMCG", "KPROBE_EVENTS", "SERIAL_8250_CONSOLE", "DEVTMPFS"})
            if (config_value(config, needed) != "y") return refuse(fmt::format("CONFIG_{} is not set", needed));
        const std::map<std::string, std::string> parts{{"BLK_DEV_RAM", "brd"}, {"EXT4_FS", "ext4"}};
        for (const auto& [option, module] : parts) {
            const auto value = config_value(config, option);
            if (value == "n") return refuse(fmt::format("CONFIG_{} is not set", option));
            const bool there = std::any_of(
                k.modules.begin(), k.modules.end(),
                [&, m = module](const std::string& path) { return fs::path(path).filename() == m + ".ko"; });
            if (value == "m" && !there) return refuse(fmt::format("its module {}.ko was not found", module));
        }
        const auto hz = std::atoi(config_value(config, "HZ").c_str());
        if (order_.hz_expected && hz != *order_.hz_expected)
            return refuse(fmt::format("it ticks {} times a second, not {} (--hz-expect)", hz, *order_.hz_expected));
        return client::success();
    }

    /// With `auto`: KVM where a guest speaks through it, which the existence of /dev/kvm does not tell.
    result<void> choose_accelerator() {
        if (!order_.try_kvm || !kvm_is_there()) return check_accelerator(order_.emulator, accel_, order_.cpus);
        bool heard = false;
        auto machine = machine_of(0, accelerator::kvm);
        machine.command_line = base_words();
        BOOST_OUTCOME_TRY(auto end, run_machine(
                                        order_.emulator, machine, {},
                                        [&](const message& m) { heard = heard || std::holds_alternative<hello>(m); },
                                        [&] { return heard || stop_(); }));
        if (heard && !busy(end)) accel_ = accelerator::kvm;
        return check_accelerator(order_.emulator, accel_, order_.cpus);
    }
    static bool busy(const machine_end& end) { return !busy_inodes_line(end.console).empty(); }

    machine_order machine_of(std::size_t kernel, accelerator accel) const {
        machine_order m;
        m.accel = accel;
        m.cpus = order_.cpus;
        m.vmlinuz = order_.kernels[kernel].vmlinuz;
        m.initramfs = initramfs_of(kernel);
        m.console = order_.scratch + "/console";
        m.protocol = order_.scratch + "/protocol";
        for (const auto& file : {m.console, m.protocol}) fs::remove(file);
        return m;
    }
    static std::string base_words() {
        return "console=ttyS0 panic=-1 quiet no_timer_check nokaslr brd.rd_nr=16 brd.rd_size=16384";
    }

    result<void> boot(const planned_boot& next) {
        auto& tally = end_.kernels[next.kernel];
        auto machine = machine_of(next.kernel, accel_);
        // The machine goes on after a BUG only to tell what led to it.
        machine.command_line = base_words() + (next.told.record ? " " : " oops=panic ") + guest::to_words(next.told);
        if (machine.command_line.size() > 2000)
            return client::usage_error("lab: too many scenarios for a kernel's command line", "name fewer at a time");
        at_.kernel = show_name(tally.image());
        at_.samples = 0;
        tally.begin_boot(next.told);
        BOOST_OUTCOME_TRY(auto end, run_machine(
                                        order_.emulator, machine, {}, [&](const message& m) { heard(m, tally); },
                                        [&] { return stop_() || wrong_ticks(tally); }));
        tally.end_boot(end);
        if (wrong_ticks(tally)) {
            end.why = fmt::format("it ticks {} times a second, not {} (--hz-expect)", tally.ticks_per_second(),
                                  *order_.hz_expected);
        } else if (end.stopped) {
            stopped_ = true;
            end_.why = failure{"interrupted", "interrupted", {}, exit_code::interrupted, 0};
        }
        if (!end.why.empty() && !tally.violated()) fail(next.kernel, end);
        return client::success();
    }

    bool wrong_ticks(const kernel_tally& tally) const {
        const int seen = tally.ticks_per_second();
        return order_.hz_expected && seen != 0 && seen != *order_.hz_expected;
    }

    void heard(const message& m, kernel_tally& tally) {
        tally.take(m);
        if (const auto* s = std::get_if<sample_told>(&m)) {
            at_.scenario = s->scenario;
            ++at_.samples;
        }
        show_(at_);
    }

    void fail(std::size_t kernel, const machine_end& end) {
        failed_[kernel] = true;
        const auto& k = order_.kernels[kernel];
        auto message = fmt::format("lab: {}: {}", show_name(k), end.why);
        if (const auto line = telling_line(end.console); !line.empty()) message += "; its console: " + line;
        auto hint = keep_log(k, end.console);
        if (end_.why && end_.why->exit == untestable) {  // another kernel's: both are told
            message = end_.why->message + "\n" + message;
            hint = end_.why->hint + "\n" + hint;
        }
        end_.why = failure{"guest_failed", message, hint, untestable, 0};
    }

    /// Keeps the console in the cache; the hint that names it, with its last lines.
    static std::string keep_log(const kernel_image& k, const std::string& console) {
        const auto cache = cache_dir();
        if (!cache || console.empty()) return "the guest's console said nothing";
        std::error_code ec;
        const auto dir = cache.value() + "/logs";
        fs::create_directories(dir, ec);
        const auto file = fmt::format("{}/{}.console", dir, fs::path(show_name(k)).filename().string());
        const auto written = write_file(file, console);
        std::string tail = console;
        for (std::size_t lines = 0, at = console.size(); at-- > 0;)
            if (console[at] == '\n' && ++lines > 12) {
                tail = console.substr(at + 1);
                break;
            }
        return fmt::format("the whole console is in {}; it ends with\n{}", written ? file : "(no file: disk full?)",
                           tail);
    }

    experiment_order order_;
    const std::function<void(const boot_progress&)>& show_;
    const std::function<bool()>& stop_;
    accelerator accel_;
    experiment_end end_;
    boot_progress at_;
    std::map<std::size_t, bool> failed_;
    bool stopped_ = false;
};

}  // namespace

result<experiment_end> run_experiment(experiment_order order, const std::function<void(const boot_progress&)>& show,
                                      const std::function<bool()>& stop) {
    return experiment(std::move(order), show, stop).run();
}

namespace {

report::guest_figures guest_of(const kernel_tally& k, const std::string& row) {
    report::guest_figures g{row, k.release(), {}};
    for (const auto& key : guest::cause_keys())
        if (const auto v = (*k.measured()).*key.field; v >= 0)
            g.figures[std::string(key.name)] = static_cast<std::uint64_t>(v);
    return g;
}

}  // namespace

report::result result_of(const experiment_order& order, const experiment_end& end) {
    report::result r;
    r.complete = end.complete;
    r.tool = {"drainlab", version(), git_revision()};
    r.environment.kernel = "guests";
    r.environment.cpus = order.cpus;
    r.environment.memory_mib = 1024;
    r.run.mode = "lab";
    r.run.seed = order.seed;
    r.run.profile = "";
    r.run.workload = order.told.drop_pages ? "heavy" : "published";
    r.run.umount = "umount8";
    r.run.samples = order.samples;
    r.run.accel = name_of(end.accel);
    std::map<std::string, int> with_policy;
    for (const auto& k : end.kernels)
        if (k.image().label.empty()) ++with_policy[k.policy().policy];
    for (const auto& k : end.kernels) {
        const auto& seen = k.policy().policy;
        auto name = k.image().label.empty() ? seen : k.image().label;
        if (k.image().label.empty() && with_policy[seen] > 1)
            name += "@" + (k.release().empty() ? k.image().name : k.release());
        for (auto& c : k.cells(name)) r.cells.push_back(std::move(c));
        if (k.measured()) r.guests.push_back(guest_of(k, name));
    }
    report::finish(r, "persb", order.seed);
    return r;
}

}  // namespace drainlab::lab
