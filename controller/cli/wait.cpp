// drainctl wait WHICH --state STATE
#include "controller/cli/daemon.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/which_mount.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace drainlab::cli {

using nlohmann::json;

namespace {

struct options {
    std::string which, socket, state = "dead";
    duration timeout{std::chrono::seconds(60)};
    bool json = false;
};

void print(const options& o, const json& mount) {
    if (o.json)
        print_json({{"schema", "drainlab.wait/1"}, {"state", o.state}, {"mount", mount}});
    else if (mount.is_object())
        fmt::print("{} ({}): {}\n", mount.value("dir", "?"), mount.value("name", "?"), o.state);
}

/// A daemon ends after its last mount: then nothing of it is alive.
exit_code nothing_lives(const options& o, const std::string& socket) {
    remark(fmt::format("the daemon on {} has ended: no mount of it is alive", socket));
    print(o, nullptr);
    return exit_code::fine;
}

result<exit_code> run(const options& o) {
    BOOST_OUTCOME_TRY(auto daemon, daemon_on(o.socket));
    const auto limit = std::chrono::ceil<std::chrono::milliseconds>(o.timeout);
    auto answer = ask(daemon, "/mounts", limit);
    if (!answer && nobody_there(answer.error())) return nothing_lives(o, daemon.socket());
    if (!answer) return answer.error();
    BOOST_OUTCOME_TRY(auto mount, which_mount(answer.value().value("mounts", json::array()), o.which));
    auto reached = daemon.wait_state(std::to_string(mount.value("id", 0)), o.state, limit);
    // The daemon ended after its last mount; another may have taken its place, and counts from 1 again.
    const bool lost = !reached && (reached.error().code == "connection_lost" || reached.error().code == "not_found" ||
                                   nobody_there(reached.error()));
    const auto meant = identity_of(mount);
    if (lost || (reached && meant && !os::is_same(identity_of(reached.value()), meant)))
        return nothing_lives(o, daemon.socket());
    if (!reached) return reached.error();
    print(o, reached.value());
    return exit_code::fine;
}

}  // namespace

void declare_wait(command& c) {
    auto o = std::make_shared<options>();
    c.about("wait until a mount has reached a state; works after its name has gone",
            "umount -l /mnt/a && drainctl wait /mnt/a --state dead --timeout 5s");
    c.positional("WHICH", o->which,
                 "a mount's directory, name, id or MAJ:MIN; dir:, name:, id:, dev: say which is meant");
    c.option("--state", o->state, "what to wait for")
        .one_of({"live", "detached", "dying", "drain_begins", "drained", "dead", "gone"});
    c.option("--timeout", o->timeout, "give up after this, exit 124");
    c.socket(o->socket).json_answer(o->json);
    c.note(
        "Of several mounts that were on the directory, or had the name, the newest is meant. Without a daemon no mount "
        "is alive: exit 0.");
    c.run([o] { return run(*o); });
}

}  // namespace drainlab::cli
