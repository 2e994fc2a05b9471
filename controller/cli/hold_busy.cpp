#include "controller/cli/hold_busy.hpp"

#include "controller/cli/output.hpp"
#include "controller/hold/holder.hpp"
#include "controller/hold/switch_holder.hpp"
#include "controller/machine/child.hpp"
#include "controller/machine/mountinfo.hpp"
#include "controller/machine/signals.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <unistd.h>

namespace drainlab::cli {

using nlohmann::json;

namespace {

/// What is told once the mount is held.
struct told {
    json document;
    std::string remark;
};

json document_of(const hold_options& o, const std::string& dir, pid_t pid, bool blocks, bool keeps,
                 std::string verified) {
    return {{"schema", "drainlab.hold/1"},
            {"dir", dir},
            {"by", o.by},
            {"pid", pid},
            {"blocks_umount", blocks},
            {"keeps_superblock", keeps},
            {"verified", std::move(verified)},
            {"for_ms", static_cast<double>(o.length->count()) / 1e6}};
}

/// How the proof reads: "umount2: EBUSY".
std::string words_of(const hold::proof& p) {
    if (!p.kernel_asked) return "/proc";
    return p.busy ? "/proc and umount2: EBUSY" : "/proc and umount2: not busy";
}

told tell(const hold_options& o, const std::string& dir, const hold::holder& h, const hold::proof& p) {
    told t;
    const bool blocks = hold::blocks_umount(h.by());
    t.document = document_of(o, dir, h.pid(), blocks, hold::keeps_superblock(h.by()), words_of(p));
    t.remark = fmt::format("{} by {}, pid {}: {} ({})", dir, o.by, h.pid(), hold::explain(h.by()), words_of(p));
    if (!blocks && p.busy) t.remark += "; something else holds it as well";
    return t;
}

told tell(const hold_options& o, const std::string& dir, const hold::switch_holder& h) {
    told t;
    t.document = document_of(o, dir, h.pid(), true, true, "the daemon: a switch is in flight");
    t.remark = fmt::format(
        "{} by switch, pid {}: fresh cgroups write one file in turn, so that its owner keeps changing", dir, h.pid());
    return t;
}

void print(const hold_options& o, const told& t) {
    if (o.json)
        print_json(t.document);
    else if (o.detach)
        fmt::print("{}\n", t.document.at("pid").get<int>());
    else
        fmt::print("held\n");
    std::fflush(stdout);
    if (!o.json) remark(t.remark);
}

/// Takes hold, calls `say` once verified, and holds until the time is over, a signal comes, or the holder is gone.
result<exit_code> hold_until(const hold_options& o, const std::string& dir,
                             const std::function<void(const told&)>& say) {
    if (o.by == "switch") {
        BOOST_OUTCOME_TRY(auto h, hold::switch_holder::take(dir, o.socket));
        say(tell(o, dir, h));
        h.wait(*o.length);
        return exit_code::fine;
    }
    BOOST_OUTCOME_TRY(auto h, hold::holder::take(*hold::kind_named(o.by), dir));
    BOOST_OUTCOME_TRY(auto p, h.verify());
    say(tell(o, dir, h, p));
    h.wait(*o.length);
    return exit_code::fine;
}

/// One line through a pipe: the outcome of the process in the background.
void send(int to, const json& document) {
    const std::string line = document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
    [[maybe_unused]] const auto n = write(to, line.data(), line.size());
}

constexpr int answer_there = 3;

int in_background(const hold_options& o, const std::string& dir) {
    const auto done = hold_until(o, dir, [&](const told& t) {
        send(answer_there, {{"document", t.document}, {"remark", t.remark}});
        close(answer_there);
    });
    if (!done) {
        const auto& why = done.error();
        send(answer_there,
             {{"code", why.code}, {"message", why.message}, {"hint", why.hint}, {"exit", static_cast<int>(why.exit)}});
    }
    return 0;
}

std::string read_line(int from) {
    std::string text;
    char c;
    while (read(from, &c, 1) == 1 && c != '\n') text += c;
    return text;
}

result<exit_code> hold_detached(const hold_options& o, const std::string& dir) {
    BOOST_OUTCOME_TRY(auto pipe, machine::lifeline::make());  // theirs to speak, ours to listen
    machine::birth how;
    how.descriptors = {{pipe.ours.get(), answer_there}};
    how.group = machine::process_group::session;
    how.directory = "/";
    std::fflush(nullptr);
    BOOST_OUTCOME_TRY(auto process, machine::child::start(how, [&] { return in_background(o, dir); }));
    pipe.ours.reset();
    const auto answer = json::parse(read_line(pipe.theirs.get()), nullptr, false);
    process.let_go();
    if (answer.is_discarded())
        return failure{"failed", "hold: the process in the background ended without a word", {}, exit_code::broken, 0};
    if (answer.contains("code"))
        return failure{answer["code"], answer["message"], answer["hint"],
                       static_cast<exit_code>(answer["exit"].get<int>()), 0};
    print(o, {answer["document"], answer["remark"]});
    return exit_code::fine;
}

}  // namespace

result<exit_code> hold_busy(const hold_options& o) {
    const auto& dir = o.dir;
    if (o.detach) return hold_detached(o, dir);
    // Signals end the wait, so that what was made goes.
    sigset_t caught;
    sigemptyset(&caught);
    for (const int s : machine::ending_signals()) sigaddset(&caught, s);
    sigprocmask(SIG_BLOCK, &caught, nullptr);
    return hold_until(o, dir, [&](const told& t) { print(o, t); });
}

}  // namespace drainlab::cli
