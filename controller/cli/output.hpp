// What commands say, and where.
#pragma once

#include "controller/client/failure.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace drainlab::cli {

/// Prints one JSON document on standard output.
void print_json(const nlohmann::json& document);

/// The failure as `drainlab.error/1`.
nlohmann::json error_document(const client::failure& why);

/// `drainctl: message` and the hint on standard error; with `as_json` drainlab.error/1 on standard output instead. The exit code.
int report(const client::failure& why, bool as_json);

/// A remark on standard error: `drainctl: ...`.
void remark(const std::string& text);

/// Whether colours are wanted on standard output: a terminal, no NO_COLOR, TERM not dumb.
bool colour();

/// The text in a colour ("32" green, "33" yellow, "31" red, "1" bold), plain where colour() is false.
std::string painted(const std::string& text, const char* code);

}  // namespace drainlab::cli
