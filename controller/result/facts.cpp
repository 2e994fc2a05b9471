#include "controller/result/facts.hpp"

#include "controller/result/fields.hpp"

namespace drainlab::report::keys {

void fields(some<tool_info> auto& t, auto& visit) {
    visit("name", t.name);
    visit("version", t.version);
    visit("git", t.git);
}

void fields(some<environment_info> auto& e, auto& visit) {
    visit("kernel", e.kernel);
    visit("cpus", e.cpus);
    visit("memory_mib", e.memory_mib);
    visit("libfuse", e.libfuse);
    visit("root", e.root);
    visit("identity", e.identity);
    visit("cgroup_root", e.cgroup_root);
    visit("memcg_death", e.memcg_death);
    visit("umount_wait", e.umount_wait);
    visit("detach_event", e.detach_event);
    visit("governor", e.governor);
}

/// What every `run` says behind its seed.
void times_and_command(auto& r, auto& visit) {
    visit("started", r.started);
    visit("elapsed_s", r.elapsed_s);
    visit("command", null_if_empty{r.command});
    visit("load_average", r.load_average);
}

void fields(some<run_facts> auto& r, auto& visit) {
    visit("seed", r.seed);
    times_and_command(r, visit);
}

void fields(some<shard_info> auto& s, auto& visit) {
    visit("number", needed{s.number});
    visit("of", needed{s.of});
}

void fields(some<run_info> auto& r, auto& visit) {
    visit("mode", needed{r.mode});
    visit("seed", needed{r.seed});
    visit("profile", r.profile);
    visit("workload", r.workload);
    visit("umount", r.umount);
    visit("samples", r.samples);
    visit("accel", r.accel);
    visit("order", r.order);
    times_and_command(r, visit);
    visit("warnings", r.warnings);
    visit("shard", r.shard);
    visit("grid_cells", r.grid_cells);
}

json of(const tool_info& t) { return written(t); }
json of(const environment_info& e) { return written(e); }
json of(const run_info& r) { return written(r); }

tool_info read_tool(const cursor& c) { return read<tool_info>(c); }
environment_info read_environment(const cursor& c) { return read<environment_info>(c); }

run_info read_run(const cursor& c) {
    auto r = read<run_info>(c);
    if (r.mode != "real" && r.mode != "sim" && r.mode != "lab") c["mode"].fail("real, sim or lab");
    if (r.shard && (r.shard->number < 1 || r.shard->number > r.shard->of)) c["shard"].fail("a number from 1 to `of`");
    return r;
}

void add(json& document, const std::optional<facts>& made) {
    if (!made) return;
    document["tool"] = of(made->tool);
    document["environment"] = of(made->environment);
    document["run"] = written<run_facts>(*made);
}

std::optional<facts> read_facts(const cursor& document) {
    if (document["run"].null()) return std::nullopt;
    return facts{read<run_facts>(document["run"]), read_tool(document["tool"]),
                 read_environment(document["environment"])};
}

}  // namespace drainlab::report::keys
