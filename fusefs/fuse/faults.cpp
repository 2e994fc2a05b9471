#include "fusefs/fuse/faults.hpp"

#include "fusefs/fuse/caller.hpp"
#include "fusefs/sched/scheduler.hpp"

#include <linux/fuse.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace drainlab::fuse {

using fault::operation;
using sched::nanoseconds;

/// A request between its arrival and its answer. Wakes by its own address.
struct faults::held_request {
    raw_request what;  ///< its `name` lies in `bytes`
    std::vector<char> bytes;
    bool kills{};
    fault::rules::pointer rule;
    bool interrupted{};
    bool counted{};           ///< how it ended
    std::uint64_t dropped{};  ///< bytes of a torn write
    const fault::rule& asked() const { return rule->asked; }
};

namespace {

std::uint64_t unique_of(const iovec* iov) noexcept {
    fuse_out_header header{};
    if (iov[0].iov_len < sizeof header) return 0;
    std::memcpy(&header, iov[0].iov_base, sizeof header);
    return header.unique;
}

}  // namespace

void faults::answer_all() noexcept {
    for (const auto& [unique, h] : held_) {
        const fuse_out_header out{sizeof out, -EIO, unique};
        around_.answer(&out, sizeof out);
    }
    held_.clear();
}

void faults::refresh() noexcept {
    idle_ = ending_ || (rules_.empty() && held_.empty() && watched_.empty() && !around_.delays_metadata());
}

// ---- on the way in -------------------------------------------------------------------------------

bool faults::takes(const void* bytes, std::size_t size, bool kills, sched::in_flight& work) {
    const auto what = look_at_request(bytes, size);
    if (!what) return false;
    if (what->interrupts) {
        const auto found = held_.find(*what->interrupts);
        if (found == held_.end()) return false;
        found->second->interrupted = fault::has_caller(*found->second->what.op);
        around_.scheduler().wake_all(found->second.get());
        return true;
    }
    if (!what->op) return false;
    const bool slow = fault::is_metadata(*what->op) && around_.delays_metadata();
    if (!slow && !rules_.needs_of(*what->op).any) return false;
    if (*what->op == operation::statfs && around_.is_spared(what->tid)) return false;
    auto h = std::make_shared<held_request>();
    const auto* const first = static_cast<const char*>(bytes);
    h->bytes.assign(first, first + size);
    h->what = *look_at_request(h->bytes.data(), size);
    h->kills = kills;
    held_.emplace(h->what.unique, h);
    around_.scheduler().start("fault", hold(h, work.enter()));
    return true;
}

/// What the rules want to know of it.
sched::task<fault::call> faults::describe(const held_request& h) {
    const auto needs = rules_.needs_of(*h.what.op);
    fault::call c;
    c.op = *h.what.op;
    if (needs.process) c.process = process_of(h.what.tid);
    if (needs.cgroup) c.cgroup = cgroup_path_of(h.what.tid).value_or("");
    if (needs.path) {
        auto path = around_.path_of(h.what.node, std::string{h.what.name});
        c.path = co_await path;
    }
    co_return c;
}

sched::task<> faults::hold(pointer h, sched::in_flight::hold) {
    if (fault::is_metadata(*h->what.op) && around_.delays_metadata()) {
        auto device = wait_for_device(h);
        co_await device;
    }
    if (rules_.needs_of(*h->what.op).any) {
        auto description = describe(*h);
        const auto call = co_await description;
        h->rule = rules_.decide(call);
    }
    if (h->rule) {
        auto waiting = wait(h);
        co_await waiting;
    }
    finish(h);
}

sched::task<> faults::wait_for_device(pointer h) {
    sched::scheduler& sched = around_.scheduler();
    const auto began = sched.now();
    const auto until = around_.metadata_until();
    while (!h->interrupted && !ending_ && sched.now() < until)
        co_await sched.wait_on(h.get(), "the emulated device", until);
    if (sched.now() >= until) around_.metadata_took(until - began, sched.now() - began);
}

sched::task<> faults::wait(pointer h) {
    sched::scheduler& sched = around_.scheduler();
    const fault::rule& asked = h->asked();
    const nanoseconds wanted = asked.hang.value_or(asked.delay);
    if (wanted.count() == 0) co_return;
    const auto began = sched.now();
    const auto until = began + wanted;
    const std::uint64_t released = h->rule->releases;
    const auto goes_on = [&] {
        return h->interrupted || ending_ || h->rule->removed || (asked.hang && h->rule->releases != released);
    };
    fault::observed& saw = h->rule->saw;
    ++saw.held;
    while (!goes_on() && sched.now() < until) co_await sched.wait_on(h.get(), "a fault", until);
    --saw.held;
    const nanoseconds took = sched.now() - began;
    if (asked.hang) {
        saw.longest_hang = std::max(saw.longest_hang, took);
        const bool let_go = h->rule->removed || h->rule->releases != released;
        if (!h->interrupted && !ending_) ++(let_go ? saw.released : saw.limit_reached);
    } else if (!goes_on()) {
        ++saw.delays.count;
        saw.delays.wanted += wanted;
        saw.delays.took += took;
        saw.delays.most_late = std::max(saw.delays.most_late, took - wanted);
    }
}

// ---- and on --------------------------------------------------------------------------------------

/// Not held any more: answered here, or handed on.
void faults::finish(const pointer& h) {
    held_.erase(h->what.unique);
    if (h->interrupted)
        reply(*h, EINTR, &fault::observed::interrupted);
    else if (ending_ && fault::has_caller(*h->what.op))  // who is gone, with the mount
        reply(*h, EIO, &fault::observed::ended);
    else if (ending_ || !h->rule)
        settle(*h, &fault::observed::ended), go_on(h);
    else if (h->asked().torn_write)
        tear(h);
    else if (h->asked().drop_fsync || h->asked().error)
        reply(*h, h->asked().error);
    else
        watched_.emplace(h->what.unique, h), go_on(h);
    refresh();
}

void faults::go_on(const pointer& h) { around_.process(h->bytes, h->kills); }

/// The first bytes go on as a write of their own; on_answer() says of it what the rule wants said.
void faults::tear(const pointer& h) {
    const std::uint64_t keep = std::min(*h->asked().torn_write, h->what.bytes);
    h->dropped = h->what.bytes - keep;
    h->rule->saw.bytes_asked += h->what.bytes;
    h->rule->saw.bytes_dropped += h->dropped;
    if (keep > 0) {
        h->bytes.resize(shorten_write(h->bytes.data(), h->bytes.size(), keep));
        watched_.emplace(h->what.unique, h);
        return go_on(h);
    }
    if (h->asked().error) return reply(*h, h->asked().error);
    struct {
        fuse_out_header header;
        fuse_write_out out;
    } const all{{sizeof all, 0, h->what.unique}, {static_cast<std::uint32_t>(h->what.bytes), 0}};
    settle(*h, around_.answer(&all, sizeof all) == 0 ? &fault::observed::answered : &fault::observed::gone);
}

/// @param how  what the rule counts it as; null: by whether the kernel takes the answer
void faults::reply(held_request& h, int error, std::uint64_t fault::observed::*how) {
    const fuse_out_header out{sizeof out, -error, h.what.unique};
    const bool taken = around_.answer(&out, sizeof out) == 0;
    settle(h, how ? how : taken ? &fault::observed::answered : &fault::observed::gone);
}

void faults::settle(held_request& h, std::uint64_t fault::observed::*how) noexcept {
    if (!h.rule || std::exchange(h.counted, true)) return;
    --h.rule->saw.under_way;
    ++(h.rule->saw.*how);
}

// ---- on the way out ------------------------------------------------------------------------------

void faults::on_answer(iovec* iov, int& count) noexcept {
    if (watched_.empty() || count < 1) return;
    const auto found = watched_.find(unique_of(iov));
    if (found == watched_.end()) return;
    held_request& h = *found->second;
    fuse_out_header header{};
    std::memcpy(&header, iov[0].iov_base, sizeof header);
    if (!h.asked().torn_write || header.error != 0) return;  // one that failed by itself says so
    fuse_write_out out{};
    if (count < 2 || iov[1].iov_len < sizeof out) return;
    std::memcpy(&out, iov[1].iov_base, sizeof out);
    if (out.size + h.dropped != h.what.bytes) ++h.rule->saw.wrong_answers;
    if (h.asked().error) {
        header.error = -h.asked().error;
        header.len = sizeof header;
        count = 1;
        std::memcpy(iov[0].iov_base, &header, sizeof header);
    } else {
        out.size = static_cast<std::uint32_t>(h.what.bytes);
        std::memcpy(iov[1].iov_base, &out, sizeof out);
    }
}

void faults::on_answered(const iovec* iov, bool taken) noexcept {
    if (watched_.empty()) return;
    const auto found = watched_.find(unique_of(iov));
    if (found == watched_.end()) return;
    settle(*found->second, taken ? &fault::observed::answered : &fault::observed::gone);
    watched_.erase(found);
    refresh();
}

// ---- from outside --------------------------------------------------------------------------------

void faults::wake_all() {
    for (const auto& [unique, h] : held_) around_.scheduler().wake_all(h.get());
}

void faults::end() {
    ending_ = true;
    idle_ = true;
    wake_all();
}

std::size_t faults::release(const std::string& name) {
    const std::size_t hung = rules_.release(name);
    wake_all();
    return hung;
}

std::size_t faults::clear(const std::string& name) {
    const std::size_t cleared = rules_.clear(name);
    wake_all();
    refresh();
    return cleared;
}

}  // namespace drainlab::fuse
