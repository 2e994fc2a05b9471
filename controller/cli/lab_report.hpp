// What `drainctl lab` says besides the common tables.
#pragma once

#include "controller/client/failure.hpp"
#include "controller/lab/experiment.hpp"
#include "controller/result/result.hpp"

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::cli {

/// `lab --list`: the kernels in the cache, with the policy each was seen to have.
client::result<client::exit_code> list_kernels();

/// Keeps in the cache which policy each kernel was seen to have.
void remember_policies(const lab::experiment_end& end);

/// What the recorded traces said.
struct trace_judgement {
    struct line {
        std::string kernel, policy, text;
        bool accepted = true, vacuous = false;
    };
    bool checked = false;        ///< there were traces
    bool missed_window = false;  ///< of some kernel no unmount met it
    std::vector<line> lines;     ///< one per kernel and scenario

    /// 1 when a validated trace was not accepted; 4 when nothing could be told: no trace, or with a widened window no
    /// unmount of some kernel in it.
    client::exit_code exit(bool validated, bool widened) const;
};
/// Holds every trace against the policy that its kernel was seen to have, says in `r`'s cells how many unmounts met
/// the window, and keeps the traces: all of them in `dir`, of a violation always, in the cache.
trace_judgement judge_traces(const lab::experiment_end& end, const std::optional<std::string>& dir, bool widened,
                             report::result& r);
/// The lines of the judgement, on standard error where standard output is a document's.
void print_verdicts(const trace_judgement& judged, bool on_standard_error);

/// Whether a file is the text of tracefs, as `lab --trace-dir` keeps it, and not JSON Lines.
bool is_kernel_trace(const std::string& file);
/// Holds it against the orderings of one policy: 0 accepted, 1 rejected (and at which event), 4 when it could tell
/// nothing.
client::result<client::exit_code> accept_kernel_trace(const std::string& file, const std::vector<std::string>& policies,
                                                      std::FILE* to);

/// One line per kernel: release, policy, era, ticks.
void print_kernels(const lab::experiment_end& end);

}  // namespace drainlab::cli
