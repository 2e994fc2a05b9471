#include "workloads/guest/tracing.hpp"

#include "workloads/guest/channel.hpp"
#include "workloads/guest/system.hpp"

#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace drainlab::guest {
namespace {

const std::string root = tracefs;
const std::string counting = root + "instances/count/";
const std::string recording = root + "instances/record/";
const std::string prepared = "events/labcount/prepared/";

int define(const std::string& event) { return write_file(root + "kprobe_events", event + "\n", true); }

void mount_tracefs(channel& out) {
    if (mount("tracefs", tracefs, "tracefs", 0, nullptr) != 0 && errno != EBUSY)
        out.give_up(std::string("tracefs: ") + std::strerror(errno) + " (the kernel needs CONFIG_FTRACE)");
}

/// The first of several spellings that this kernel takes.
bool define_one_of(channel& out, const char* name, const std::vector<std::string>& spellings) {
    int error = 0;
    for (const auto& s : spellings)
        if ((error = define(s)) == 0) return true;
    out.warn(std::string("no probe ") + name + ": " + std::strerror(error));
    return false;
}

}  // namespace

part_probes::part_probes(channel& out) {
    mount_tracefs(out);
    write_file(root + "tracing_on", "0");
    write_file(root + "trace_clock", "mono");
    write_file(root + "buffer_size_kb", "256");
    for (const std::string name : probed) {
        const auto entry = "p:lab/in_" + name + " " + name;
        std::vector<std::string> spellings{entry};
        if (name == "cgroup_writeback_umount") spellings = {entry + " inflight=@isw_nr_in_flight:s32", entry};
        if (define_one_of(out, name.c_str(), spellings) &&
            define_one_of(out, name.c_str(), {"r64:lab/out_" + name + " " + name}))
            ++count_;
    }
    if (const int error = write_file(root + "events/lab/enable", "1"))
        out.warn(std::string("the probes cannot be enabled: ") + std::strerror(error));
}

void part_probes::begin(const std::vector<pid_t>& pids) {
    truncate_file(root + "set_event_pid");
    std::string words;
    for (const auto pid : pids) words += std::to_string(pid) + " ";
    write_file(root + "set_event_pid", words);
    truncate_file(root + "trace");
    write_file(root + "tracing_on", "1");
}

trace_text part_probes::end() {
    write_file(root + "tracing_on", "0");
    return parse_trace(read_file(root + "trace"));
}

switch_counter::switch_counter(channel& out) {
    if (!define_one_of(out, "prepared", {"r64:labcount/prepared inode_prepare_wbs_switch ok=$retval:u8"})) return;
    mkdir(counting.c_str(), 0755);
    works_ = true;
}

void switch_counter::begin() {
    if (!works_) return;
    // Who called is where the probe returns to.
    write_file(counting + prepared + "trigger", "!hist:keys=__probe_ret_ip.sym if ok==1");
    works_ = write_file(counting + prepared + "trigger", "hist:keys=__probe_ret_ip.sym if ok==1") == 0;
}

switch_counts switch_counter::end() const {
    return works_ ? read_switch_histogram(read_file(counting + prepared + "hist")) : switch_counts{};
}

recorder::recorder(channel& out) {
    const auto pair = [&](const std::string& name, const std::vector<std::string>& arguments,
                          const std::string& returned) {
        std::vector<std::string> spellings;
        for (const auto& a : arguments) spellings.push_back("p:labrec/in_" + name + " " + name + a);
        spellings.push_back("p:labrec/in_" + name + " " + name);
        define_one_of(out, name.c_str(), spellings);
        define_one_of(out, name.c_str(), {"r64:labrec/out_" + name + " " + name + returned});
    };
    pair("generic_shutdown_super", {" sb=%di:x64"}, "");
    pair("cgroup_writeback_umount", {" sb=%di:x64 inflight=@isw_nr_in_flight:s32", " sb=%di:x64"}, "");
    pair("evict_inodes", {" sb=%di:x64"}, "");
    // The superblock of an inode, by BTF where the kernel can, else where it has been for years.
    pair("inode_prepare_wbs_switch", {" inode=%di:x64 sb=inode->i_sb:x64", " inode=%di:x64 sb=+0x28(%di):x64"},
         " ok=$retval:u8");
    pair("inode_switch_wbs", {" inode=%di:x64"}, "");
    pair("cleanup_offline_cgwb", {" wb=%di:x64"}, "");
    pair("inode_switch_wbs_work_fn", {" work=%di:x64"}, "");
    pair("synchronize_rcu", {}, "");
    pair("rcu_barrier", {}, "");
    pair("__flush_workqueue", {}, "");
    define_one_of(out, "queue_rcu_work", {"p:labrec/in_queue_rcu_work queue_rcu_work work=%si:x64"});
    define_one_of(out, "prepare_to_wait_event", {"p:labrec/in_prepare_to_wait_event prepare_to_wait_event"});
    mkdir(recording.c_str(), 0755);
    write_file(recording + "tracing_on", "0");
    write_file(recording + "trace_clock", "mono");
    write_file(recording + "buffer_size_kb", "2048");
    // Everybody sleeps and flushes; of these only the unmount's own matter.
    for (const auto* e : {"in_prepare_to_wait_event", "in___flush_workqueue", "out___flush_workqueue", "in_rcu_barrier",
                          "out_rcu_barrier"})
        write_file(recording + "events/labrec/" + e + "/filter", "comm == \"umount\"");
    for (const auto* e : {"events/labrec/enable"})
        if (const int error = write_file(recording + e, "1")) out.warn(std::string(e) + ": " + std::strerror(error));
}

void recorder::begin() {
    truncate_file(recording + "trace");
    write_file(recording + "tracing_on", "1");
}

std::string recorder::end() {
    write_file(recording + "tracing_on", "0");
    return read_file(recording + "trace");
}

}  // namespace drainlab::guest
