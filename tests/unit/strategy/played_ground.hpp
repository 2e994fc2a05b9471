// drainfs and the machine it runs on, as these tests play them: nothing is mounted, and time passes when told to.
#pragma once
#include "controller/strategy/ground.hpp"
#include "tests/unit/client/played_daemon.hpp"

#include <functional>
#include <map>
#include <mutex>

namespace drainlab::test {

/// An umount2(2) takes 1 ms. A mount is busy while its file is to be closed; it is dead when it is unmounted and not
/// busy.
class played_ground final : public strategy::ground {
  public:
    static constexpr std::int64_t ms = 1'000'000;
    static constexpr std::int64_t beginning = 1'000 * ms;

    std::int64_t now_ns() override;
    int unmount(const std::string& dir, bool lazily) override;
    void pause(std::chrono::nanoseconds length) override;
    void close_after(int fd, std::chrono::nanoseconds length) override;
    void wait_closed() override;

    /// When its superblock died, 0: it lives.
    std::int64_t death_of(const std::string& dir);
    std::size_t still_open();

    std::vector<std::string> calls;                  ///< "lazy m1", in order
    std::vector<std::int64_t> pauses, holds;         ///< ms, in order
    std::function<void(int)> on_clock = [](int) {};  ///< hears how often it was looked at

  private:
    struct open_file {
        std::string dir;
        std::int64_t until;
    };
    void advance(std::int64_t to);
    bool busy(const std::string& dir) const;

    std::mutex mutex_;
    std::int64_t now_ = beginning;
    int looks_ = 0;
    std::map<int, open_file> open_;
    std::map<std::string, std::int64_t> deaths_;  ///< of what is unmounted
};

/// The daemon of such mounts, with a directory for them in which m0, m1, ... and s0, s1, ... are.
class played_drainfs {
  public:
    explicit played_drainfs(played_ground& machine);

    tests::own_folder f;
    int refuse_from = 100;  ///< of the mounts asked for, from this one on
    nlohmann::json violations = nlohmann::json::array();
    std::vector<nlohmann::json> wanted() { return daemon.posted(); }

  private:
    spoken act(const heard& h);
    spoken make(const nlohmann::json& body);

    played_ground& machine_;
    std::vector<std::string> dirs_;  ///< by id - 1
    int asked_for_ = 0;              ///< mounts

  public:
    played_daemon daemon;
};

}  // namespace drainlab::test
