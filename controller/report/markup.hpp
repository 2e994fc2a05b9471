// Text in XML, HTML and CSV.
#pragma once

#include <string>
#include <string_view>

namespace drainlab::report {

/// `&`, `<`, `>`, quotes and control characters as XML and HTML want them; works in text and in attributes. Bytes that
/// are no UTF-8 become U+FFFD.
std::string escaped(std::string_view text);

/// As it stands between commas: in quotes where it has one of those, a quote or a line's end itself (RFC 4180).
std::string csv_field(const std::string& text);

}  // namespace drainlab::report
