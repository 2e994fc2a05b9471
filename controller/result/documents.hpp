// Any document that drainctl writes, read back.
#pragma once

#include "controller/result/churn.hpp"
#include "controller/result/lazy.hpp"
#include "controller/result/race.hpp"
#include "controller/result/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace drainlab::report {

/// Somebody else's figure for a cell, ms.
struct beside {
    std::string scenario, policy;
    double ours_ms = 0, theirs_ms = 0;
};
/// Whose they are (`source`: where they were taken from), cell by cell.
struct beside_figures {
    std::string name, source;
    std::vector<beside> rows;
};

/// One of them; what it is not stays empty.
struct document {
    std::string file, schema;
    std::optional<result> bench;           ///< of bench, sim, lab and merge
    std::optional<beside_figures> others;  ///< published or lab figures of the same profile; filled in by the caller
    std::optional<race_document> race;
    std::optional<mutants_document> mutants;
    std::optional<lazy_document> lazy;
    std::optional<churn_document> churn;
};

/// A document, or why the file is none.
struct document_outcome {
    std::optional<document> value;
    std::string error;  ///< begins with the path
};

/// How it was made, in whichever document it is. Nothing where a document of an older version does not tell.
std::optional<facts> facts_of(const document& d);

/// Reads a file of drainlab.result/1, race/1, mutants/1, lazy/1 or churn/1, of this and of older versions.
document_outcome load_document(const std::string& path);

}  // namespace drainlab::report
