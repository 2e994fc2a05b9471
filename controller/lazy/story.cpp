#include "controller/lazy/story.hpp"

#include "controller/lazy/steps.hpp"
#include "controller/machine/sweeper.hpp"

#include <fmt/format.h>

#include <sys/mount.h>

#include <algorithm>
#include <filesystem>
#include <unistd.h>

namespace drainlab::lazy {

using namespace std::chrono_literals;

namespace {

bool held(const claim& c) { return c.held; }

double ms(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

/// Takes away what a step that was cut short has left on its mount point.
void unmount_all(const std::string& dir) {
    for (int i = 0; i < 8 && umount2(dir.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0; ++i) {}
}

client::failure denied() {
    return {"denied", "lazy: unmounting needs root",
            "run it as root, or in a user namespace: unshare -Urm drainctl lazy", client::exit_code::cannot_run, 0};
}

}  // namespace

bool step::fine() const { return std::all_of(claims.begin(), claims.end(), held); }

bool story::fine() const {
    return std::all_of(steps.begin(), steps.end(), [](const step& s) { return s.fine(); });
}

client::result<story> tell_story(std::chrono::milliseconds delay, const std::function<void(const step&)>& tell,
                                 const std::function<bool()>& stop, const std::string& socket) {
    if (geteuid() != 0) return denied();
    BOOST_OUTCOME_TRY(auto base, daemons::private_directory("lazy", socket));
    const machine::sweeper after_us(base, {});  // also when we are killed
    daemons::daemon_options start;
    start.socket = socket;
    BOOST_OUTCOME_TRY(auto daemon, daemons::private_daemon::start(start));
    return play_story({daemon.socket(), base}, delay, tell, stop);
}

client::result<story> play_story(const ground& where, std::chrono::milliseconds delay,
                                 const std::function<void(const step&)>& tell, const std::function<bool()>& stop) {
    client::blocking_client api{where.socket};
    BOOST_OUTCOME_TRY(auto health, api.get("/health"));
    story told;
    told.umount_wait = health.value("umount_wait", "api");
    const stage on{delay, told.umount_wait == "gate", where};
    for (const auto& p : all_steps()) {
        if (stop()) {
            told.complete = false;
            break;
        }
        step s{p.id, p.title, p.lesson, {}, {}, {}};
        const std::string dir = where.base + "/" + p.id;
        std::filesystem::create_directories(dir);
        try {
            scene here{api, dir, dir + "-store", delay, s};
            p.act(here, on);
        } catch (const trouble& t) { s.claims.push_back({"it could be played: " + t.what, false}); }
        unmount_all(dir);
        tell(s);
        told.steps.push_back(std::move(s));
    }
    return told;
}

std::string to_text(const step& s, int number) {
    std::string text = fmt::format("{}. {}\n", number, s.title);
    for (const auto& e : s.events) text += fmt::format("  {:>10.3f} ms  {}\n", ms(e.at_ns), e.what);
    for (const auto& c : s.claims) text += fmt::format("  {:>13}  {}\n", c.held ? "ok" : "NOT SO", c.text);
    return text + "  " + s.lesson + "\n\n";
}

report::lazy_document document_of(const story& s) {
    report::lazy_document d;
    d.complete = s.complete;
    d.fine = s.fine();
    d.umount_wait = s.umount_wait;
    for (const auto& one : s.steps) {
        report::lazy_step step;
        step.id = one.id;
        step.title = one.title;
        step.fine = one.fine();
        for (const auto& e : one.events) step.events.push_back({ms(e.at_ns), e.what});
        for (const auto& b : one.spans) step.spans.push_back({b.lane, ms(b.from_ns), ms(b.to_ns)});
        for (const auto& c : one.claims) step.claims.push_back({c.text, c.held});
        d.steps.push_back(std::move(step));
    }
    return d;
}

}  // namespace drainlab::lazy
