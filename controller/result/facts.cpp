#include "controller/result/facts.hpp"

#include "controller/result/keys.hpp"

namespace drainlab::report::keys {

json of(const tool_info& t) { return {{"name", t.name}, {"version", t.version}, {"git", t.git}}; }

json of(const environment_info& e) {
    return {{"kernel", e.kernel},
            {"cpus", e.cpus},
            {"memory_mib", e.memory_mib},
            {"libfuse", text(e.libfuse)},
            {"root", e.root},
            {"identity", text(e.identity)},
            {"cgroup_root", text(e.cgroup_root)},
            {"memcg_death", text(e.memcg_death)},
            {"umount_wait", text(e.umount_wait)},
            {"detach_event", text(e.detach_event)},
            {"governor", text(e.governor)}};
}

json of(const run_info& r) {
    return {{"mode", r.mode},
            {"seed", r.seed},
            {"profile", r.profile},
            {"workload", r.workload},
            {"umount", text(r.umount)},
            {"samples", r.samples},
            {"accel", text(r.accel)},
            {"order", r.order},
            {"started", r.started},
            {"elapsed_s", number(r.elapsed_s)},
            {"command", r.command.empty() ? json(nullptr) : json(r.command)},
            {"load_average", r.load_average ? pair(*r.load_average) : json(nullptr)},
            {"warnings", r.warnings},
            {"shard", r.shard ? json{{"number", r.shard->number}, {"of", r.shard->of}} : json(nullptr)},
            {"grid_cells", r.grid_cells ? json(*r.grid_cells) : json(nullptr)}};
}

void add(json& document, const std::optional<facts>& made) {
    if (!made) return;
    document["tool"] = of(made->tool);
    document["environment"] = of(made->environment);
    document["run"] = {{"seed", made->seed},
                       {"started", made->started},
                       {"elapsed_s", number(made->elapsed_s)},
                       {"command", made->command.empty() ? json(nullptr) : json(made->command)},
                       {"load_average", made->load_average ? pair(*made->load_average) : json(nullptr)}};
}

tool_info read_tool(const cursor& c) { return {text_or(c["name"]), text_or(c["version"]), text_or(c["git"])}; }

environment_info read_environment(const cursor& c) {
    environment_info e;
    e.kernel = text_or(c["kernel"]);
    e.cpus = c["cpus"].null() ? 0 : c["cpus"].small();
    e.memory_mib = count_or(c["memory_mib"]);
    e.libfuse = maybe_text(c["libfuse"]);
    e.root = !c["root"].null() && c["root"].flag();
    e.identity = maybe_text(c["identity"]);
    e.cgroup_root = maybe_text(c["cgroup_root"]);
    e.memcg_death = maybe_text(c["memcg_death"]);
    e.umount_wait = maybe_text(c["umount_wait"]);
    e.detach_event = maybe_text(c["detach_event"]);
    e.governor = maybe_text(c["governor"]);
    return e;
}

run_info read_run(const cursor& c) {
    run_info r;
    r.mode = c["mode"].text();
    if (r.mode != "real" && r.mode != "sim" && r.mode != "lab") c["mode"].fail("real, sim or lab");
    r.seed = c["seed"].count();
    r.profile = text_or(c["profile"]);
    r.workload = text_or(c["workload"]);
    r.umount = maybe_text(c["umount"]);
    r.samples = c["samples"].null() ? 0 : c["samples"].small();
    r.accel = maybe_text(c["accel"]);
    r.order = text_or(c["order"]);
    r.started = text_or(c["started"]);
    r.elapsed_s = number_or(c["elapsed_s"]);
    r.command = texts(c["command"]);
    r.load_average = c["load_average"].maybe([](const cursor& l) { return l.pair(); });
    r.warnings = texts(c["warnings"]);
    r.shard = c["shard"].maybe([](const cursor& s) { return shard_info{s["number"].small(), s["of"].small()}; });
    if (r.shard && (r.shard->number < 1 || r.shard->number > r.shard->of)) c["shard"].fail("a number from 1 to `of`");
    r.grid_cells = maybe_count(c["grid_cells"]);
    return r;
}

std::optional<facts> read_facts(const cursor& document) {
    if (document["run"].null()) return std::nullopt;
    const auto r = document["run"];
    facts f;
    f.tool = read_tool(document["tool"]);
    f.environment = read_environment(document["environment"]);
    f.seed = count_or(r["seed"]);
    f.started = text_or(r["started"]);
    f.elapsed_s = number_or(r["elapsed_s"]);
    f.command = texts(r["command"]);
    f.load_average = r["load_average"].maybe([](const cursor& l) { return l.pair(); });
    return f;
}

}  // namespace drainlab::report::keys
