// Documents as one HTML file that needs nothing else: no network, no other file.
#pragma once

#include "controller/report/svg.hpp"
#include "controller/result/documents.hpp"

#include <string>
#include <vector>

namespace drainlab::report {

/// The page of all documents, one after another.
std::string to_html(const std::vector<document>& all);

/// A file of its own for every picture of that page.
struct picture {
    std::string name;  ///< without ending; letters, digits, `_` and `-`
    std::string text;
};
/// Those pictures, in the order of the page.
std::vector<picture> pictures(const std::vector<document>& all);

}  // namespace drainlab::report
