// Several searches in a row that are interrupted again and again, and end as if they had not been.
#include "controller/race/campaign.hpp"

#include "controller/race/report.hpp"
#include "controller/race/subtrees.hpp"
#include "tests/own_folder.hpp"
#include "tests/sim/race/worlds.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

using namespace drainlab;
using namespace drainlab::race;
using namespace drainlab::race::test;

namespace {

/// A file name of its own; removed at the end.
struct fresh_file : drainlab::tests::own_folder {
    std::string name = *this / "checkpoint";
};

struct counter final : campaign_listener {
    bool go_on() override { return verdicts.size() < stop_after; }
    void does_not_apply(const subject&, const world_spec&) override { ++skipped; }
    void resumes(const subject&, const world_spec&, const search_state&) override { ++resumed; }
    void progress(const subject&, const world_spec&, const search_state&) override {}
    void judged(const judgement& j) override { verdicts.push_back(j.says); }
    std::size_t stop_after{1000};
    int skipped{}, resumed{};
    std::vector<verdict> verdicts;
};

campaign_plan plan() {
    campaign_plan p;
    for (const char* name : {"shared_bdi", "offline_one", "flusher"}) p.worlds.push_back(world(name));
    for (const char* id : {"flush", "base", "persb"}) p.drains.push_back(&policy(id));
    p.each.verify_every = 7;
    p.bound = [](const world_spec& w) { return w.unbounded ? -1 : 1; };
    return p;
}

/// Everything but the time it took.
nlohmann::json totals(const campaign_result& r) {
    auto document = nlohmann::json::parse(drainlab::report::to_json(document_of(r.all)));
    for (auto& one : document["results"]) one.erase("seconds");
    for (std::size_t n = 0; n < r.all.size(); ++n) document["results"][n]["verified"] = r.all[n].search.state.verified;
    return document;
}

}  // namespace

TEST_CASE("a campaign stopped every 100 schedules ends with the totals of one that was not", "[race][checkpoint]") {
    campaign_plan p = plan();
    counter whole;
    const auto expected = run_campaign(p, whole);
    REQUIRE(expected);
    CHECK_FALSE(expected.value().place_kept);
    CHECK(whole.skipped == 2);  // flush had no offline cleanup

    const fresh_file file;
    p.checkpoint = file.name;
    p.each.max_schedules = 100;
    int runs = 0, resumed = 0;
    for (;; ++runs) {
        counter part;
        const auto r = run_campaign(p, part);
        REQUIRE(r);
        resumed += part.resumed;
        CHECK(std::filesystem::exists(file.name) == r.value().place_kept);
        if (r.value().place_kept) continue;
        CHECK(totals(r.value()) == totals(expected.value()));
        break;
    }
    CHECK(runs > 3);
    CHECK(resumed >= runs);
}

TEST_CASE("any number of threads ends with the totals of one", "[race][jobs]") {
    campaign_plan p = plan();
    p.names.push_back(&names("deferred"));
    p.names.push_back(&names("expedited"));
    for (const char* name : {"both_delayed_put", "ns_mkfs", "ns_walk"}) p.worlds.push_back(world(name));
    counter one;
    const auto expected = run_campaign(p, one);
    REQUIRE(expected);
    for (const int jobs : {2, 3, 7}) {
        p.jobs = jobs;
        counter many;
        const auto r = run_campaign(p, many);
        REQUIRE(r);
        CHECK(totals(r.value()) == totals(expected.value()));
        CHECK(many.verdicts == one.verdicts);
    }
}

TEST_CASE("threads that share one tree find what one thread finds first, and count what it counts", "[race][jobs]") {
    for (const char* id : {"persb", "rmbarrier~no_flush", "base"})
        for (const char* name : {"shared_bdi", "late_comer"}) {
            CAPTURE(id, name);
            const auto alone = search(world(name), policy(id), up_to(2));
            crew others{3};
            search_options o = up_to(2);
            o.helpers = &others;
            const auto shared = search(world(name), policy(id), o);
            CHECK(shared.state.schedules == alone.state.schedules);
            CHECK(shared.state.choice_points == alone.state.choice_points);
            CHECK(shared.state.reached == alone.state.reached);
            CHECK(shared.exhausted == alone.exhausted);
            CHECK(shared.counterexample.has_value() == alone.counterexample.has_value());
            if (alone.counterexample)
                CHECK(sched::to_string(*shared.counterexample) == sched::to_string(*alone.counterexample));
            CHECK(others.spare == 3);
        }
}

TEST_CASE("a campaign that is told to stop keeps what it has finished", "[race][checkpoint]") {
    const fresh_file file;
    campaign_plan p = plan();
    p.checkpoint = file.name;
    counter stopped;
    stopped.stop_after = 2;
    const auto first = run_campaign(p, stopped);
    REQUIRE(first);
    CHECK(first.value().interrupted);
    CHECK(first.value().place_kept);
    CHECK(stopped.verdicts.size() == 2);

    const auto kept = checkpoint::read(file.name);
    REQUIRE(kept);
    const auto* state = kept.value().find("persb", world("shared_bdi"), 1);
    REQUIRE(state);
    CHECK(state->finished);
    CHECK(state->schedules == first.value().all.at(1).search.state.schedules);
    CHECK(kept.value().find("persb", world("shared_bdi"), 2) == nullptr);
    world_spec other = world("shared_bdi");
    ++other.fingerprint;
    CHECK(kept.value().find("persb", other, 1) == nullptr);
}

TEST_CASE("a file that is no checkpoint of this version is refused and left alone", "[race][checkpoint]") {
    const fresh_file file;
    for (const char* text : {"", "{}", R"({"schema":"drainlab.checkpoint/2","git":"another","searches":[]})"}) {
        std::ofstream{file.name} << text;
        campaign_plan p = plan();
        p.checkpoint = file.name;
        counter none;
        const auto r = run_campaign(p, none);
        REQUIRE_FALSE(r);
        CHECK(r.error().exit == words::exit_code::usage);
        CHECK(r.error().message.find(file.name) != std::string::npos);
        CHECK(none.verdicts.empty());
        CHECK(std::filesystem::exists(file.name));
    }
}
