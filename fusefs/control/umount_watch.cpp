#include "fusefs/control/umount_watch.hpp"

#include "fusefs/control/umount_watch_impl.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <cerrno>

namespace drainlab::control {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {
constexpr auto arm_within = 2s;
}

void mount_watch::begin() {
    detach_ = gate::detach_events::start(
        io_, [this](std::uint64_t id, pid_t tid) { on_detach_event(id, tid); }, settings_.want_fanotify);
    start_gate();
    heartbeat();
}

void mount_watch::end() {
    ended_ = true;
    beat_.cancel();
    restart_.cancel();
    for (auto& [id, e] : entries_) {
        e->timer.cancel();
        e->answer();
    }
    entries_.clear();
    detach_.reset();
    gate_.reset();
}

void mount_watch::later(const entry_ptr& e, steady::duration delay, void (mount_watch::*method)(const entry_ptr&)) {
    e->timer.expires_after(delay);
    e->timer.async_wait([self = weak_from_this(), e, method](const boost::system::error_code& error) {
        const auto alive = self.lock();
        if (!error && alive && !alive->ended_) ((*alive).*method)(e);
    });
}

// ---- arming ----------------------------------------------------------------------------------------------------------

void mount_watch::add(const watched_mount& m, umount_events& tell) {
    const auto e = std::make_shared<watched_entry>(io_, m, tell);
    entries_[m.id] = e;
    if (m.mount_id != 0) by_mount_id_[m.mount_id] = m.id;
    if (m.gated && holds_) return arm(e);
    asio::post(io_, [self = weak_from_this(), e] {
        if (const auto alive = self.lock(); alive && alive->find(e->m.id) == e)
            alive->gated(*e, false, alive->why_no_gate_);
    });
}

void mount_watch::arm(const entry_ptr& e) {
    e->next_holder = ++last_tag_;
    if (!gate_ || !gate_->send({gate::command::arm, e->m.id, e->next_holder, e->m.dev, 0, {}})) {
        e->next_holder = 0;
        return;
    }
    if (!e->told_gated) later(e, arm_within, &mount_watch::arm_overdue);
}

/// ustat(2) finds the first superblock with this device number: for a moment that can be one of before, whose number ours has got, and
/// which is still being taken down (EINVAL).
void mount_watch::not_held(const entry_ptr& e, int error) {
    const bool again = error == EINVAL && !e->detached && !e->dying && steady::now() - e->added_at < arm_within;
    if (again) return later(e, 1ms, &mount_watch::arm);
    gated(*e, false, fmt::format("the gate cannot hold it (error {})", error));
}

void mount_watch::arm_overdue(const entry_ptr& e) {
    if (!e->armed()) gated(*e, false, "the gate did not get to hold it");
}

void mount_watch::gated(watched_entry& e, bool held, const std::string& why) {
    if (std::exchange(e.told_gated, true)) return;
    e.tell.on_gated(held, why);
}

void mount_watch::arm_all() {
    const auto all = entries_;  // telling a mount that it is not gated may change the table
    for (const auto& [id, e] : all)
        if (e->m.gated && !e->dying) arm(e);
}

bool mount_watch::on_statfs(std::uint32_t id, std::shared_ptr<fuse::statfs_call> call) {
    const auto e = find(id);
    const auto role = e && gate_ ? gate_->take_role(call->tid) : std::nullopt;
    if (!role || (role->mount != id && role->op != gate::command::sweep)) return false;
    if (role->op == gate::command::arm && !e->dying) return closed(e, std::move(call));
    const bool tells = role->op == gate::command::probe ? role->tag == e->probe : call->tid == e->sweeper;
    call->answer();
    if (e->probe != 0 && tells) probe_arrived(e);
    return true;
}

/// The gate holds it.
bool mount_watch::closed(const entry_ptr& e, std::shared_ptr<fuse::statfs_call> call) {
    e->holder_tid = call->tid;
    e->holder = std::move(call);
    e->next_holder = 0;
    e->closed_at = steady::now();
    if (!e->told_gated) e->timer.cancel();
    emit("gate_closed", *e);
    gated(*e, true, {});
    if (e->detached && e->probe == 0) probe(e);
    return true;
}

void mount_watch::on_statfs_interrupted(std::uint32_t id, pid_t caller) {
    const auto e = find(id);
    if (!e || e->holder_tid != caller) return;
    e->holder_tid = 0;
    e->holder.reset();
}

void mount_watch::open(std::uint32_t id) {
    const auto e = find(id);
    if (!e || !e->armed()) return;
    e->let_go();
    emit("gate_opened", *e);
}

void mount_watch::remove(std::uint32_t id) {
    const auto e = find(id);
    if (!e) return;
    e->timer.cancel();
    e->answer();
    by_mount_id_.erase(e->m.mount_id);
    entries_.erase(id);
}

namespace {

/// What the owner holds; ends the watch before the handlers' own references go.
class owner final : public umount_watch {
  public:
    explicit owner(std::shared_ptr<mount_watch> w) : w_{std::move(w)} {}
    ~owner() override { w_->end(); }
    bool has_gate() const override { return w_->has_gate(); }
    const std::string& why_no_gate() const override { return w_->why_no_gate(); }
    pid_t gate_pid() const override { return w_->gate_pid(); }
    const char* detach_source() const override { return w_->detach_source(); }
    void add(const watched_mount& m, umount_events& tell) override { w_->add(m, tell); }
    void remove(std::uint32_t id) override { w_->remove(id); }
    void open(std::uint32_t id) override { w_->open(id); }
    bool on_statfs(std::uint32_t id, std::shared_ptr<fuse::statfs_call> call) override {
        return w_->on_statfs(id, std::move(call));
    }
    void on_statfs_interrupted(std::uint32_t id, pid_t caller) override { w_->on_statfs_interrupted(id, caller); }
    void unmount(const std::string& dir, bool lazy, bool force, unmounted done) override {
        w_->unmount(dir, lazy, force, std::move(done));
    }

  private:
    std::shared_ptr<mount_watch> w_;
};

}  // namespace

std::unique_ptr<umount_watch> umount_watch::start(asio::io_context& io, trace::hub& events, settings s) {
    auto w = std::make_shared<mount_watch>(io, events, s);
    w->begin();
    return std::make_unique<owner>(std::move(w));
}

}  // namespace drainlab::control
