// A power cut, for a mount that loses what nobody has synced.
#include "fusefs/control/served_mount_parts.hpp"
#include "fusefs/storage/filesystem.hpp"

#include <utility>

namespace drainlab::control {

namespace {

using lost_files = std::optional<std::vector<storage::unwritten_file>>;

/// Under s_umount: a shutdown that begins meanwhile waits, and there is none under way.
sched::task<> cut_power(std::shared_ptr<served_mount> keep, std::shared_ptr<kernel::super_block> sb,
                        storage::filesystem& fs, std::function<void(lost_files)> done) {
    lost_files lost;
    {
        const auto shared = co_await sb->s_umount.down_read();
        if (sb->state == kernel::sb_state::live) {
            auto cut = fs.power_cut();
            lost = co_await cut;
        }
    }
    done(std::move(lost));
    keep.reset();
}

}  // namespace

void served_mount::power_cut(std::function<void(std::optional<std::vector<lost_file>>)> done) {
    auto told = [name = request_.name, dir = request_.dir, done = std::move(done)](lost_files files) {
        if (!files) return done(std::nullopt);
        std::vector<lost_file> lost;
        for (auto& f : *files) lost.push_back({name, dir, std::move(f.path), f.bytes});
        done(std::move(lost));
    };
    parts_.host.sched.spawn("power cut " + request_.name, cut_power(shared_from_this(), sb_, *fs_, std::move(told)));
}

}  // namespace drainlab::control
