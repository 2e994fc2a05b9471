#include "fusefs/fault/rule.hpp"

namespace drainlab::fault {
namespace {

bool only(const operations& ops, std::initializer_list<operation> allowed) {
    operations rest = ops;
    for (const auto op : allowed) rest.reset(static_cast<std::size_t>(op));
    return rest.none();
}

bool any_without_caller(const operations& ops) {
    return ops.test(static_cast<std::size_t>(operation::release)) ||
           ops.test(static_cast<std::size_t>(operation::releasedir));
}

}  // namespace

std::string wrong_with(const rule& r) {
    const bool waits = r.delay.count() > 0 || r.hang;
    if (!waits && !r.error && !r.torn_write && !r.drop_fsync)
        return "a fault needs one of delay, hang, errno, torn_write, drop_fsync";
    if (r.ops.none()) return "'op' names no operation";
    if (r.delay.count() > 0 && r.hang) return "'delay' and 'hang' exclude each other";
    if (r.delay.count() < 0 || r.delay > longest_wait) return "'delay' must be at most 60 s";
    if (r.hang && (r.hang->count() <= 0 || *r.hang > longest_wait)) return "'limit' must be above 0 and at most 60 s";
    if (r.torn_write && !only(r.ops, {operation::write})) return "'torn_write' goes with the operation write alone";
    if (r.drop_fsync && !only(r.ops, {operation::fsync, operation::fsyncdir}))
        return "'drop_fsync' goes with the operations fsync and fsyncdir alone";
    if (r.drop_fsync && r.error) return "'drop_fsync' and 'errno' exclude each other: one says done, the other failed";
    if (r.error && any_without_caller(r.ops))
        return "'errno' does not go with release and releasedir: nobody is told (flush is what close(2) hears of)";
    if (!(r.probability >= 0 && r.probability <= 1)) return "'probability' must be a number from 0 to 1";
    if (!r.cgroup.empty() && r.cgroup[0] != '/') return "'cgroup' must be a path from the root of cgroup v2: /a/b";
    return {};
}

}  // namespace drainlab::fault
