// What the steps of the demonstration are played on.
#pragma once

#include "controller/client/client.hpp"
#include "controller/daemons/launch.hpp"
#include "controller/lazy/story.hpp"
#include "fusefs/os/unique_fd.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace drainlab::lazy {

/// CLOCK_MONOTONIC.
std::int64_t now_ns();

/// Thrown when a step cannot be played: a system call that must work did not.
struct trouble {
    std::string what;
};

/// One mount of a step, with its file.
class scene {
  public:
    scene(client::blocking_client& api, std::string dir, std::string store, std::chrono::milliseconds delay,
          step& into);

    /// Mounts and writes `text` to the file.
    void mount(const std::string& text);
    /// Another mount over the same name, without a delay of its own; its file gets `text`.
    std::string mount_again(const std::string& text);
    os::unique_fd open_file() const;
    void append(const os::unique_fd& fd, const std::string& text) const;
    /// umount2(MNT_DETACH); how long it took.
    std::int64_t detach();
    /// An event now.
    void note(std::string what);
    /// Does it and notes beginning and end as a span of `lane`; how long it took.
    std::int64_t timed(const std::string& lane, const std::string& what, const std::function<void()>& act);
    void bar(const std::string& lane, std::int64_t from_ns, std::int64_t to_ns);
    void claim(std::string text, bool held);
    /// The daemon's MOUNT now.
    nlohmann::json state() const;
    bool shutting_down() const;
    bool dead() const;
    /// Waits for the death, and adds the daemon's phases to the timeline.
    void wait_dead();
    /// The bytes of the store's file.
    std::string stored(const std::string& store) const;

    const std::string& dir() const noexcept { return dir_; }
    const std::string& store() const noexcept { return store_; }
    std::int64_t begun() const noexcept { return begun_; }
    unsigned major() const noexcept { return major_; }
    unsigned minor() const noexcept { return minor_; }

  private:
    std::string mount_on(const std::string& store, std::chrono::milliseconds delay, const std::string& text);
    client::blocking_client& api_;
    std::string dir_, store_, id_;
    std::chrono::milliseconds delay_;
    step& into_;
    std::int64_t begun_{}, mounted_{};
    unsigned major_{}, minor_{};
};

}  // namespace drainlab::lazy
