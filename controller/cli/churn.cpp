// drainctl churn
#include "controller/churn/churn.hpp"

#include "controller/cli/command.hpp"
#include "controller/cli/fit_lines.hpp"
#include "controller/cli/known.hpp"
#include "controller/cli/noted.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/progress_line.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/cli/stop_signals.hpp"

#include <fmt/format.h>

#include <charconv>
#include <csignal>
#include <cstdio>

namespace drainlab::cli {

namespace {

struct options {
    std::int64_t mounts = 4, seed = 1;
    std::optional<duration> length;
    std::optional<std::int64_t> cycles;
    duration kill_daemon{0};
    std::vector<std::string> mix;
    std::string policy, profile, socket;
    bool no_compare = false;
    std::optional<std::string> json;
};

/// `umount=6`: one weight.
result<void> take_weight(const std::string& word, churn::mix& into) {
    const auto equals = word.find('=');
    for (std::size_t i = 0; i < churn::action_names.size(); ++i) {
        if (word.substr(0, equals) != churn::action_names[i] || equals == std::string::npos) continue;
        int n = -1;
        const auto parsed = std::from_chars(word.data() + equals + 1, word.data() + word.size(), n);
        if (parsed.ec == std::errc{} && parsed.ptr == word.data() + word.size() && n >= 0 && n <= 1'000'000) {
            into[i] = n;
            return client::success();
        }
    }
    return client::usage_error("--mix " + word + ": weights are expected, as umount=6,lazy=3,force=1");
}

result<churn::options> churn_options(const options& o) {
    churn::options c;
    if (o.cycles && o.length) return client::usage_error("churn: --for and --cycles exclude each other");
    c.mounts = static_cast<int>(o.mounts);
    if (o.length) c.length = *o.length;
    c.cycles = o.cycles;
    c.kill_daemon = o.kill_daemon;
    c.seed = static_cast<std::uint64_t>(o.seed);
    c.policy = o.policy;
    c.profile = o.profile;
    c.socket = o.socket;
    c.compare = !o.no_compare;
    if (!o.mix.empty()) c.weights = {0, 0, 0};
    for (const auto& word : o.mix) { BOOST_OUTCOME_TRYV(take_weight(word, c.weights)); }
    if (c.weights[0] + c.weights[1] + c.weights[2] == 0)
        return client::usage_error("churn: --mix has no weight above 0");
    return c;
}

result<exit_code> run(const options& o) {
    BOOST_OUTCOME_TRY(auto c, churn_options(o));
    BOOST_OUTCOME_TRYV(check_json_file(o.json));
    heed_signals();
    const noted run;
    progress_line line;
    const auto tell = [&](const churn::progress& p) {
        line.show({"churn of " + p.mounts, "", static_cast<int>(1000 * p.share), 1000, p.so_far, true});
    };
    BOOST_OUTCOME_TRY(auto r, churn::run_churn(c, tell, asked_to_stop));
    line.wipe();
    auto document = churn::document_of(c, r);
    document.made = run.facts(c.seed);
    if (o.json != "-") fmt::print("{}", fit_lines(churn::to_text(r), columns()));
    if (o.json) { BOOST_OUTCOME_TRYV(write_document("--json", *o.json, report::to_json(document))); }
    if (!r.fine()) return exit_code::violated;
    return r.ours.interrupted.empty() ? exit_code::fine : exit_code::interrupted;
}

}  // namespace

void declare_churn(command& c) {
    auto o = std::make_shared<options>();
    c.about("many mounts through many lives at once, and nothing may be left behind",
            "drainctl churn --mounts 16 --for 60s --mix umount=6,lazy=3,force=1 --kill-daemon 5s");
    c.option("--mounts", o->mounts, "mount points, each cycling by itself", 1, 512);
    c.option("--for", o->length, "how long (default 10s)");
    c.option("--cycles", o->cycles, "how many in all, instead", 1, 1'000'000'000);
    c.list("--mix", o->mix, "weights of umount, lazy and force (default umount=6,lazy=3,force=1)");
    c.option("--kill-daemon", o->kill_daemon, "SIGKILL the daemon about that often, and start another (0: never)");
    c.option("--policy", o->policy, "drain policy of the mounts").one_of([] { return known_policies(); });
    c.option("--profile", o->profile, "of the daemon, by name or file");
    c.private_socket(o->socket);
    c.option("--seed", o->seed, "of what happens by chance");
    c.flag("--no-compare", o->no_compare, "leave out the same loop on tmpfs (a fifth of the time, at most a minute)");
    c.json_file(o->json);
    c.note(
        "Holders come and go by chance: an open file, or a process that is killed. Every byte written is looked for in "
        "the "
        "store after the superblock's death. Exit 1 if anything was violated or is left behind.");
    c.run([o] { return run(*o); });
}

}  // namespace drainlab::cli
