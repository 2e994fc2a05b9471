// An unmount watch without a gate, that unmounts by telling what an unmount would.
#pragma once
#include "fusefs/control/watch/umount_watch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace drainlab::control::test {

class fake_watch final : public umount_watch {
  public:
    explicit fake_watch(boost::asio::io_context& io) : io_{io} {}

    bool gate{true};   ///< there is one
    bool holds{true};  ///< and it gets hold of new mounts
    std::string why{"--umount-wait api"};
    std::deque<int> answers;            ///< errnos of the next unmounts; then 0
    std::vector<std::string> unmounts;  ///< "lazy /proc", as they were asked for
    std::vector<std::uint32_t> opened;
    std::function<void(std::uint32_t)> on_open;  ///< the unmounter goes on

    umount_events& events_of(std::uint32_t id) { return *watched_.at(id).second; }
    bool watches(std::uint32_t id) const { return watched_.contains(id); }
    const watched_mount& watched(std::uint32_t id) const { return watched_.at(id).first; }

    bool has_gate() const override { return gate; }
    const std::string& why_no_gate() const override { return why; }
    pid_t gate_pid() const override { return gate ? 77 : 0; }
    bool is_gate(pid_t) const override { return false; }
    std::string freeze_warning() const override { return warning; }
    std::string warning;
    const char* detach_source() const override { return "mountinfo"; }

    void add(const watched_mount& m, umount_events& tell) override {
        watched_[m.id] = {m, &tell};
        const bool held = gate && holds && m.gated;
        boost::asio::post(io_, [this, id = m.id, held] {
            if (watches(id)) events_of(id).on_gated(held, held ? "" : why);
        });
    }
    bool waited_to_the_end(std::uint32_t) const override { return gate; }
    void remove(std::uint32_t id) override { watched_.erase(id); }
    void open(std::uint32_t id) override {
        opened.push_back(id);
        if (on_open) on_open(id);
    }
    bool on_statfs(std::uint32_t, std::shared_ptr<fuse::statfs_call>) override { return false; }
    void on_statfs_interrupted(std::uint32_t, pid_t) override {}

    /// Unmounts: the name goes, and unless somebody holds it, the superblock begins to die.
    void unmount(const std::string& dir, bool lazy, bool force, unmounted done) override {
        unmounts.push_back(std::string{lazy ? "lazy " : force ? "force " : "plain "} + dir);
        int error = 0;
        if (!answers.empty()) {
            error = answers.front();
            answers.pop_front();
        }
        boost::asio::post(io_, [this, dir, error, done = std::move(done)] {
            if (error == 0)
                for (const auto& [id, m] : std::map(watched_))
                    if (m.first.dir == dir) {
                        m.second->on_detached(1'000);
                        if (!busy) m.second->on_dying();
                    }
            done(error);
        });
    }
    bool busy{};  ///< somebody holds what is unmounted lazily

  private:
    boost::asio::io_context& io_;
    std::map<std::uint32_t, std::pair<watched_mount, umount_events*>> watched_;
};

}  // namespace drainlab::control::test
