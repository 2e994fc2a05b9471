#include "workloads/guest/latencies.hpp"

#include "workloads/guest/channel.hpp"
#include "workloads/guest/disks.hpp"
#include "workloads/guest/unmount.hpp"

#include <linux/membarrier.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <fcntl.h>
#include <unistd.h>

namespace drainlab::guest {

std::vector<std::int64_t> latencies::synchronize(int times) {
    std::vector<std::int64_t> all;
    for (int i = 0; i < times; ++i) {
        rest();
        const auto begun = now_ns();
        if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0) return {};
        all.push_back(now_ns() - begun);
    }
    return all;
}

std::vector<std::int64_t> latencies::expedited(int times) {
    std::vector<std::int64_t> all;
    mkdir("/measured", 0755);
    for (int i = 0; i < times; ++i) {
        if (mount("tmpfs", "/measured", "tmpfs", 0, nullptr) != 0) return {};
        rest();
        parts_.begin({getpid()});
        umount2("/measured", 0);
        const auto spans = spans_of(parts_.end().events, "synchronize_rcu_expedited", paired_by::task);
        if (!spans.empty()) all.push_back(spans.front());
    }
    return all;
}

std::vector<std::int64_t> latencies::barrier(int times) {
    constexpr const char* module = "overlay";  // ovl_exit() begins with an rcu_barrier()
    std::vector<std::int64_t> all;
    if (access("/modules/overlay.ko", R_OK) != 0) return all;
    for (int i = 0; i < times; ++i) {
        if (load_module(module) != 0) return all;
        rest();
        parts_.begin({getpid()});
        const bool gone = syscall(SYS_delete_module, module, O_NONBLOCK) == 0;
        const auto spans = spans_of(parts_.end().events, "rcu_barrier", paired_by::task);
        if (!gone || spans.empty()) return all;
        all.push_back(spans.front());
    }
    return all;
}

latencies::unmounted latencies::umounts(int times) {
    unmounted u;
    for (int i = 0; i < times; ++i) {
        auto begun = now_ns();
        mount_disk(out_, first_target, "/measured");
        u.mount_ns.push_back(now_ns() - begun);
        unmounts one(out_, {"/measured"}, false);
        parts_.begin(one.pids());
        rest();
        const auto cpu = children_cpu_ns();
        const auto end = one.run().front();
        if (end.status != 0) out_.give_up("umount(8) ended with status " + std::to_string(end.status));
        u.cpu_ns.push_back(children_cpu_ns() - cpu);
        const auto own = own_time_of(parts_of(parts_.end().events, end.pid), one.begun_at(), end.took_ns);
        if (own) u.own.push_back(*own);
    }
    return u;
}

}  // namespace drainlab::guest
