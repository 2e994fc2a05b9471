// Names of files are bytes; what we write down is text. One spelling of the one in the other, used everywhere: API,
// state file, events, log, results, what drainctl prints.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace drainlab::os {

/// `bytes` as UTF-8 without control characters: a backslash is written `\\`, and every byte that is a control character
/// (C0, DEL, C1) or no part of valid UTF-8 as `\xNN`, two lower-case hexadecimal digits. Everything else stands for
/// itself.
std::string to_printable(std::string_view bytes);

/// The bytes that were so written (also with upper-case digits). Nothing if there is a backslash that begins neither
/// `\\` nor `\xNN`.
std::optional<std::string> from_printable(std::string_view text);

/// A line of ours for a log or a terminal: as to_printable(), but backslashes stay as they are. Names in it should have
/// been made printable already; whatever was not cannot forge another line, or move the cursor.
std::string to_line(std::string_view text);

}  // namespace drainlab::os
