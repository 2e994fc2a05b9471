// `bench --scenario umount_free,lazy_free,lazy_held --mounts
// drainfs,tmpfs,ext4`: umount and umount -l, ours and the machine's own.
#pragma once

#include "controller/cli/command.hpp"
#include "controller/lazy/bench.hpp"

namespace drainlab::cli {

/// What `bench` was asked for, as far as it matters here.
struct bench_lazy_options {
    lazy::bench_options what;
    std::string profile, format = "text";
    std::optional<std::string> json;
    bool no_save = false;  ///< do not keep the result
};

/// Whether `bench` knows the scenario as a lazy one.
bool is_bench_lazy(const std::string& scenario);
/// Runs it, prints the table, writes and keeps the result. Exit 4 where a kind of mount cannot be made here.
result<exit_code> bench_lazy(const bench_lazy_options& o);

}  // namespace drainlab::cli
