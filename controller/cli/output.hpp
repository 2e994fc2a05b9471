// What commands say, and where.
#pragma once

#include "controller/client/failure.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace drainlab::cli {

/// Prints one JSON document on standard output.
void print_json(const nlohmann::json& document);

/// The failure as `drainlab.error/1`.
nlohmann::json error_document(const client::failure& why);

/// `drainctl: message` and the hint on standard error; with `as_json` drainlab.error/1 on standard output instead. The
/// exit code.
int report(const client::failure& why, bool as_json);

/// Whether all that was said on standard output has been written: the exit code `code` if so; else says why not, and 5.
/// A reader who has gone (EPIPE) is no trouble. To be asked at the end of every command.
int after_output(int code);

/// A remark on standard error: `drainctl: ...`.
void remark(const std::string& text);

/// Whether colours are wanted on standard output: a terminal, no NO_COLOR, TERM not dumb.
bool colour();

/// Whether lines on this descriptor can be drawn again in place: a terminal that is not dumb.
bool redraws(int descriptor);

/// How wide lines on standard output may be: a terminal's columns, from 80 to 100; 100 elsewhere.
int columns();

/// The text in a colour ("32" green, "33" yellow, "31" red, "1" bold), plain where colour() is false.
std::string painted(const std::string& text, const char* code);

/// The command line of this run of drainctl, for results.
const std::vector<std::string>& command_line();
/// To be called once, first thing in main().
void remember_command_line(int argc, const char* const* argv);

}  // namespace drainlab::cli
