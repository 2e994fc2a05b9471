// `bench --scenario umount_free,lazy_free,lazy_held --mounts drainfs,tmpfs,ext4`: umount and umount -l, ours and the machine's own.
#pragma once

#include "controller/cli/command.hpp"
#include "controller/lazy/bench.hpp"

namespace drainlab::cli {

struct bench_lazy_options {
    lazy::bench_options what;
    std::string profile, format = "text";
    std::optional<std::string> json;
};

/// Whether `bench` knows the scenario as a lazy one.
bool is_bench_lazy(const std::string& scenario);
result<exit_code> bench_lazy(const bench_lazy_options& o);

}  // namespace drainlab::cli
