// One run of `drainctl race`: what race_run.hpp does, kind by kind. Private to controller/cli.
#pragma once
#include "controller/cli/noted.hpp"
#include "controller/cli/progress_line.hpp"
#include "controller/cli/race_choice.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/race/campaign.hpp"
#include "controller/race/report.hpp"
#include "controller/race/window.hpp"

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::cli {

/// To be run once, on one thread; others help to search.
class race_session final : race::campaign_listener {
  public:
    /// `o` must live as long.
    explicit race_session(const race_options& o) : o_{o}, to_{o.json == "-" ? stderr : stdout} {}

    /// Does the one thing that the options ask for.
    client::result<client::exit_code> run();

  private:
    // ---- one run, or a few: race_single.cpp
    /// --schedule
    client::result<client::exit_code> replay();
    /// --accepts. A trace with mount events is held against both halves, one without against the drain.
    client::result<client::exit_code> accepts(const std::string& file);
    /// --witness. From the first world that is about it, or failing that the first that gets there.
    client::result<client::exit_code> witness(race::window which);

    // ---- searches of all worlds: race_mutants.cpp, and in race_run.cpp searches() and what it hears
    /// --mutants
    client::result<client::exit_code> mutants();
    /// Of the policies asked for, or of all.
    std::vector<race::subject> wanted_mutants() const;
    /// --table
    client::result<client::exit_code> table();
    /// Without any of these words.
    client::result<client::exit_code> searches();
    bool go_on() override;
    void does_not_apply(const race::subject& under, const race::world_spec& world) override;
    void resumes(const race::subject& under, const race::world_spec& world, const race::search_state& from) override;
    void judged(const race::judgement& j) override;
    void progress(const race::subject& under, const race::world_spec& world, const race::search_state& s) override;

    // ---- what they share: race_run.cpp
    /// A run as --format says.
    std::string shown(const race::story& s) const;
    /// Of preemptions; -1: none.
    int bound_of(const race::world_spec& w) const;
    /// Threads to search with, ours included.
    int jobs() const;
    /// --json, when the run is over.
    template <class Document>
    client::result<void> write_json(Document document) const {
        if (!o_.json) return client::success();
        document.made = run_.facts(static_cast<std::uint64_t>(o_.seed));
        return write_document("--json", *o_.json, report::to_json(document));
    }

    const race_options& o_;
    const noted run_;
    std::FILE* to_;
    std::vector<race::world_spec> worlds_;
    drain_list drains_;
    namespace_list names_;
    std::optional<int> bound_;
    progress_line line_;
};

}  // namespace drainlab::cli
