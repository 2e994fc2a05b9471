// drainctl lazy
#include "controller/cli/command.hpp"
#include "controller/cli/fit_lines.hpp"
#include "controller/cli/noted.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/cli/stop_signals.hpp"
#include "controller/lazy/story.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace drainlab::cli {

namespace {

struct options {
    duration delay = std::chrono::milliseconds(30);
    std::optional<std::string> svg, json;
    std::string socket;
};

result<exit_code> run(const options& o) {
    BOOST_OUTCOME_TRYV(check_json_file(o.json));
    BOOST_OUTCOME_TRYV(check_file("--svg", o.svg));
    heed_signals();
    const noted run;
    int number = 0;
    const bool quiet = o.json == "-";
    const auto tell = [&](const lazy::step& s) {
        ++number;
        if (quiet) return;
        fmt::print("{}", fit_lines(lazy::to_text(s, number), columns()));
        std::fflush(stdout);
    };
    const auto delay = std::chrono::ceil<std::chrono::milliseconds>(o.delay);
    BOOST_OUTCOME_TRY(auto told, lazy::tell_story(delay, tell, asked_to_stop, o.socket));
    auto document = lazy::document_of(told);
    document.made = run.facts(0);
    if (o.json) { BOOST_OUTCOME_TRYV(write_document("--json", *o.json, report::to_json(document))); }
    if (o.svg) { BOOST_OUTCOME_TRYV(write_document("--svg", *o.svg, lazy::to_svg(told))); }
    if (told.umount_wait != "gate")
        remark("unmounts do not wait in the kernel here: who pays for a shutdown cannot be shown");
    if (!told.fine()) return exit_code::violated;
    return told.complete ? exit_code::fine : exit_code::interrupted;
}

}  // namespace

void declare_lazy(command& c) {
    auto o = std::make_shared<options>();
    c.about("what `umount -l` does, in five steps on real mounts", "drainctl lazy --svg lazy.svg");
    c.option("--delay", o->delay, "how long every drain takes, so that one sees who waits for it");
    c.option("--svg", o->svg, "the timelines as a picture");
    c.private_socket(o->socket);
    c.json_file(o->json);
    c.note("Each step asserts what it says; exit 1 if something was not so. Needs root, or unshare -Urm.");
    c.run([o]() -> result<exit_code> {
        if (o->delay < std::chrono::milliseconds(10) || o->delay > std::chrono::seconds(10))
            return client::usage_error("lazy: --delay " + words::show_duration(o->delay) + ": 10ms to 10s is expected");
        return run(*o);
    });
}

}  // namespace drainlab::cli
