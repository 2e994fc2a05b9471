// Where every request passes before libfuse sees it, and every answer on its way out: faults are put in here, and
// nowhere else. Private to fusefs/fuse.
#pragma once
#include "fusefs/fault/rules.hpp"
#include "fusefs/fuse/raw_request.hpp"
#include "fusefs/sched/in_flight.hpp"
#include "fusefs/sched/task.hpp"

#include <sys/uio.h>

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace drainlab::fuse {

/// What the faults of one session need of it. Thread: loop.
struct fault_surroundings {
    virtual ~fault_surroundings() = default;
    virtual sched::scheduler& scheduler() = 0;
    /// Whose requests are let be: the gate's, which waits in one.
    virtual bool is_spared(pid_t tid) = 0;
    /// "/dir/file"; "" if it has no name any more.
    virtual sched::task<std::string> path_of(std::uint64_t node, std::string name) = 0;
    /// Whether the device is slow for requests about names and attributes; when it is done with one that comes
    /// now; how long that took.
    virtual bool delays_metadata() const = 0;
    virtual sched::instant metadata_until() = 0;
    virtual void metadata_took(sched::nanoseconds wanted, sched::nanoseconds took) = 0;
    /// Goes on with a request as if it came now. `kills` as it was when it was read.
    virtual void process(std::vector<char>& request, bool kills) = 0;
    /// Writes an answer to the device. @return 0 or -errno.
    virtual int answer(const void* bytes, std::size_t size) = 0;
};

/// The faults of one session at work: between the device and libfuse, on requests and answers as bytes. Thread: loop.
class faults {
  public:
    explicit faults(fault_surroundings& around) : around_{around} {}
    /// Answers EIO to whatever is still held, whose fibers do not run any more.
    void answer_all() noexcept;

    fault::rules& rules() noexcept { return rules_; }
    const fault::rules& rules() const noexcept { return rules_; }
    /// To be called when rules or the device have changed, or may have.
    void refresh() noexcept;
    /// Nothing to do for any request: the one branch of a mount without faults.
    bool idle() const noexcept { return idle_; }

    /// A request was read. True: it is taken care of here, libfuse does not see it (yet). `work` counts it.
    bool takes(const void* bytes, std::size_t size, bool kills, sched::in_flight& work);
    /// An answer of libfuse goes out: it may become another one.
    void on_answer(iovec* iov, int& count) noexcept;
    /// How the device took it.
    void on_answered(const iovec* iov, bool taken) noexcept;

    /// The superblock is dying: what is held goes on at once, and nothing is held any more.
    void end();
    /// Everybody whose request hangs under rule `name` (empty: any) goes on.
    std::size_t release(const std::string& name);
    std::size_t clear(const std::string& name);
    std::size_t held() const noexcept { return held_.size(); }

  private:
    struct held_request;
    using pointer = std::shared_ptr<held_request>;
    sched::task<> hold(pointer h, sched::in_flight::hold);
    sched::task<> wait(pointer h);
    sched::task<> wait_for_device(pointer h);
    sched::task<fault::call> describe(const held_request& h);
    void finish(const pointer& h);
    void go_on(const pointer& h);
    void tear(const pointer& h);
    void reply(held_request& h, int error, std::uint64_t fault::observed::*how = nullptr);
    static void settle(held_request& h, std::uint64_t fault::observed::*how) noexcept;
    void wake_all();

    fault_surroundings& around_;
    fault::rules rules_;
    std::unordered_map<std::uint64_t, pointer> held_;     ///< by `unique`
    std::unordered_map<std::uint64_t, pointer> watched_;  ///< gone on, under a rule; their answers are looked at
    bool idle_{true}, ending_{};
};

}  // namespace drainlab::fuse
