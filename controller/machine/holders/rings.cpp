// Files registered with an io_uring: the ring refers to them when no descriptor does.
#include "controller/machine/holders/parse.hpp"
#include "controller/machine/holders/survey.hpp"
#include "controller/machine/process.hpp"

namespace drainlab::machine {

void look_at_ring(survey& s, const process& p, const std::string& dir, const std::string& number) {
    const auto seen = s.namespaces.find(p.mntns);
    for (const auto& path : parse_ring_files(read_text(dir + "/fdinfo/" + number)))
        if (s.names_target(path, seen == s.namespaces.end() ? s.ours() : seen->second.mounts) ||
            s.names_target(path, s.ours()))
            s.add(p, "io-uring", path, s.self && s.blocks_by_path(path, s.our_ns), "ring: fd " + number);
}

}  // namespace drainlab::machine
