// drainctl hold DIR --by KIND --for T
#include "controller/cli/hold_busy.hpp"
#include "controller/cli/hold_drain.hpp"
#include "controller/cli/which_mount.hpp"
#include "controller/hold/kinds.hpp"

#include <algorithm>

namespace drainlab::cli {

namespace {

std::vector<std::string> all_kinds() {
    auto words = hold::kind_names();
    words.insert(words.begin(), "drain");
    words.emplace_back("switch");
    return words;
}

result<void> check(const hold_options& o) {
    if (o.by.empty())
        return client::usage_error("hold: --by is needed", "one of " + words::join(all_kinds()) + ", e.g. --by fd");
    if (o.by == "drain") {
        if (o.detach) return client::usage_error("hold: --by drain returns at once: --detach does not apply");
        return check_hold_drain(o);
    }
    for (const auto& [set, name] : {std::pair{o.every, "--every"}, {o.clear, "--clear"}, {o.force, "--force"}})
        if (set) return client::usage_error(std::string("hold: ") + name + " goes with --by drain only");
    if (!o.length || *o.length <= duration(0)) return client::usage_error("hold: --for T is needed", "e.g. --for 10s");
    return client::success();
}

}  // namespace

void declare_hold(command& c) {
    auto o = std::make_shared<hold_options>();
    c.about("keep a mount busy, or make a drain take longer",
            "drainctl hold /mnt/a --by cwd --for 10s & umount /mnt/a");
    c.positional("DIR", o->dir, "the mount point; of a drainfs also its name, id or MAJ:MIN");
    c.option("--by", o->by, "what holds").one_of(all_kinds());
    c.option("--for", o->length, "how long; with --by drain counted from its beginning, at most 60s without --force");
    c.flag("--detach", o->detach, "return once it holds, and print the pid that holds; kill it to let go earlier");
    c.flag("--every", o->every, "--by drain: every drain, not only the next");
    c.flag("--clear", o->clear, "--by drain: take the hold back");
    c.flag("--force", o->force, "--by drain: allow more than 60s");
    c.socket(o->socket).json_answer(o->json);
    c.note(
        "It prints `held` once that is verified. bind, namespace and overlay do not make umount busy: they keep the "
        "superblock alive after it. Every kind but drain and switch works on any filesystem.");
    c.run([o]() -> result<exit_code> {
        BOOST_OUTCOME_TRY(check(*o));
        auto place = which_place(o->dir, o->socket);
        if (place) o->dir = place.value();
        if (!place && !o->clear) return place.error();  // what is taken back may have lost its name
        return o->by == "drain" ? hold_drain(*o) : hold_busy(*o);
    });
}

}  // namespace drainlab::cli
