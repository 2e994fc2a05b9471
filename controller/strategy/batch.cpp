#include "controller/strategy/batch.hpp"

#include "controller/real/values.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::strategy {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr auto death_limit = 60s;

class mount_point final : public target {
  public:
    mount_point(ground& where, const std::string& dir) : where_(where), dir_(dir) {}
    int unmount(bool lazily) override { return where_.unmount(dir_, lazily); }
    void pause(std::chrono::nanoseconds length) override { where_.pause(length); }

  private:
    ground& where_;
    const std::string& dir_;
};

}  // namespace

client::result<void> batch::mount_all(const std::vector<std::chrono::nanoseconds>& held) {
    for (std::size_t i = 0; i < held.size(); ++i) {
        const std::string dir = fmt::format("{}/m{}", base_, i);
        const json body{{"dir", dir},
                        {"store", fmt::format("{}/s{}", base_, i)},
                        {"policy", o_.policy},
                        {"umount_delay_ms", o_.umount_delay.count()},
                        {"umount_wait", api_.any_umount_wait()}};
        BOOST_OUTCOME_TRY(auto made, api_.post("/mounts", body));
        const int fd = open((dir + "/file").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        const std::string text(16 * 1024, 'x');
        if (fd < 0 || write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
            const int error = errno;
            if (fd >= 0) close(fd);
            return client::system_failure("write in " + dir, error);
        }
        places_.push_back({dir, std::to_string(made.at("id").get<int>()), held[i] > 0ns ? fd : -1});
        if (held[i] == 0ns) close(fd);
    }
    return client::success();
}

void batch::unmount_all(kind k, std::vector<sample>& samples) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
        auto& s = samples[i];
        const auto job = [this, k, &s, &dir = places_[i].dir] {
            mount_point here(where_, dir);
            s.how = unmount_by(k, o_.how, here);
            s.ended = where_.now_ns();
        };
        s.called = where_.now_ns();
        if (k == kind::async_pool)
            workers_.hand_over(job);
        else
            job();
        s.returned = where_.now_ns();
    }
    workers_.wait_idle();
}

client::result<void> batch::see_die(const place& p, sample& s, batch_outcome& out) {
    if (!s.how.done()) where_.unmount(p.dir, true);
    BOOST_OUTCOME_TRY(auto m, api_.wait_state(p.id, "dead", death_limit));
    for (const auto& v : m.at("violations"))
        out.measured.violations.push_back({v.value("invariant", "?"), v.value("message", "?"), std::nullopt});
    report::umount_sample u;
    if (s.how.done()) {
        s.dead = m.at("phases_ns").at("dead").get<std::int64_t>();
        u = real::umount_of(m, static_cast<std::uint64_t>(s.called));
    }
    u.umount_ns = static_cast<std::uint64_t>(s.returned - s.called);
    out.measured.umounts.push_back(u);
    return client::success();
}

client::result<batch_outcome> batch::run(kind k, const std::vector<std::chrono::nanoseconds>& held) {
    auto mounted = mount_all(held);
    batch_outcome out;
    out.samples.resize(places_.size());
    for (std::size_t i = 0; i < places_.size(); ++i) {
        out.samples[i].held = places_[i].fd >= 0;
        if (places_[i].fd >= 0) where_.close_after(places_[i].fd, mounted ? held[i] : 0ns);
    }
    if (mounted) unmount_all(k, out.samples);
    where_.wait_closed();
    if (!mounted) return mounted.error();
    for (std::size_t i = 0; i < places_.size(); ++i) { BOOST_OUTCOME_TRYV(see_die(places_[i], out.samples[i], out)); }
    return out;
}

}  // namespace drainlab::strategy
