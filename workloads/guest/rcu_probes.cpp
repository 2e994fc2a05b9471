#include "workloads/guest/rcu_probes.hpp"

#include "workloads/guest/channel.hpp"
#include "workloads/guest/system.hpp"

#include <sys/stat.h>

#include <cstring>

namespace drainlab::guest {
namespace {

const std::string root = tracefs;
const std::string instance = root + "instances/measure/";
const std::string all = instance + "events/labrcu/";

bool define(const std::string& event) { return write_file(root + "kprobe_events", event + "\n", true) == 0; }

}  // namespace

rcu_probes::rcu_probes(channel& out) : out_(out) {
    for (const std::string name : {"rcu_gp_init", "rcu_gp_cleanup", "rcu_do_batch"})
        if (!define("p:labrcu/in_" + name + " " + name) || !define("r64:labrcu/out_" + name + " " + name))
            out.warn("no probe " + name + ": what it takes is not measured");
    // call_rcu() and call_rcu_hurry() meet in the first, where it is a function.
    for (const std::string name : {"__call_rcu_common", "call_rcu"})
        if (queued_.empty() && define("p:labrcu/queued " + name)) queued_ = "queued";
    if (queued_.empty()) out.warn("no probe call_rcu: callbacks are not counted");
    mkdir(instance.c_str(), 0755);
    write_file(instance + "tracing_on", "0");
    write_file(instance + "trace_clock", "mono");
    write_file(instance + "buffer_size_kb", "1024");
    write_file(all + "queued/filter", "common_pid < 0");  // counted, never written down
}

std::int64_t rcu_probes::hits(const std::string& event) const {
    return hits_of(read_file(root + "kprobe_profile"), event);
}

void rcu_probes::begin() {
    truncate_file(instance + "trace");
    callbacks_ = hits("queued");
    grace_periods_ = hits("in_rcu_gp_cleanup");
    if (const int error = write_file(all + "enable", "1"))
        out_.warn(std::string("the probes of RCU cannot be enabled: ") + std::strerror(error));
    write_file(instance + "tracing_on", "1");
    begun_at_ = now_ns();
}

rcu_probes::seen rcu_probes::end() {
    seen s;
    s.counts.ns = now_ns() - begun_at_;
    write_file(instance + "tracing_on", "0");
    write_file(all + "enable", "0");
    s.counts.callbacks = hits("queued") - callbacks_;
    s.counts.grace_periods = hits("in_rcu_gp_cleanup") - grace_periods_;
    s.trace = parse_trace(read_file(instance + "trace"));
    return s;
}

}  // namespace drainlab::guest
