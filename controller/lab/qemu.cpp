#include "controller/lab/qemu.hpp"

#include "controller/lab/files.hpp"
#include "controller/machine/program.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace drainlab::lab {

using client::exit_code;
using client::failure;
using client::result;
namespace fs = std::filesystem;

namespace {

constexpr const char* how_to_get_one =
    "scripts/setup lab unpacks QEMU 10.0.2 of bookworm-backports; nothing is installed";

qemu of_cache(const fs::path& tree) {
    const auto libraries = (tree / "usr/lib/x86_64-linux-gnu").string();
    return {(tree / "usr/bin/qemu-system-x86_64").string(),
            libraries + ":" + (tree / "lib/x86_64-linux-gnu").string(),
            {(tree / "usr/share/qemu").string(), (tree / "usr/share/seabios").string()},
            {}};
}

std::string on_path(const std::string& program) {
    const char* path = std::getenv("PATH");
    for (std::string rest = path ? path : ""; !rest.empty();) {
        const auto end = std::min(rest.find(':'), rest.size());
        const auto file = rest.substr(0, end) + "/" + program;
        if (access(file.c_str(), X_OK) == 0) return file;
        rest.erase(0, std::min(end + 1, rest.size()));
    }
    return {};
}

std::vector<std::string> with_libraries(const qemu& q) {
    if (q.library_path.empty()) return {q.program};
    return {"env", "LD_LIBRARY_PATH=" + q.library_path, q.program};
}

}  // namespace

const char* name_of(accelerator a) {
    return a == accelerator::icount ? "icount" : a == accelerator::tcg ? "tcg" : "kvm";
}

std::string version_in(const std::string& text) {
    constexpr std::string_view before = "QEMU emulator version ";
    const auto at = text.find(before);
    if (at == std::string::npos) return {};
    const auto begin = at + before.size();
    return text.substr(begin, text.find_first_not_of("0123456789.", begin) - begin);
}

result<qemu> find_qemu() {
    qemu q;
    const char* given = std::getenv("DRAINLAB_QEMU");
    BOOST_OUTCOME_TRY(auto cache, cache_dir());
    if (given && *given)
        q.program = given;
    else if (access(of_cache(fs::path(cache) / "qemu").program.c_str(), X_OK) == 0)
        q = of_cache(fs::path(cache) / "qemu");
    else
        q.program = on_path("qemu-system-x86_64");
    if (q.program.empty())
        return failure{"no_qemu", "lab: there is no qemu-system-x86_64 here", how_to_get_one, exit_code::cannot_run, 0};
    auto words = with_libraries(q);
    words.emplace_back("--version");
    auto started = machine::run_program(words);
    if (!started)
        return failure{"no_qemu", "lab: " + started.error().message, how_to_get_one, exit_code::cannot_run, 0};
    const auto& end = started.value();
    q.version = version_in(end.output);
    if (end.status != 0 || q.version.empty())
        return failure{
            "no_qemu",
            fmt::format("lab: {} does not start: {}", q.program, end.output.substr(0, end.output.find('\n'))),
            how_to_get_one, exit_code::cannot_run, 0};
    return q;
}

result<void> check_accelerator(const qemu& q, accelerator a, int cpus) {
    // 7.2 with several CPUs in counted time spins for ever in calibrating the APIC timer; 10.0.2 is known to work.
    if (a == accelerator::icount && cpus > 1 && std::atoi(q.version.c_str()) < 10)
        return failure{"old_qemu",
                       fmt::format("lab: {} is QEMU {}, which does not boot {} CPUs with --accel icount", q.program,
                                   q.version, cpus),
                       how_to_get_one, exit_code::cannot_run, 0};
    if (a == accelerator::kvm && !kvm_is_there())
        return failure{"no_kvm", "lab: /dev/kvm cannot be opened", "--accel icount needs nothing of the host",
                       exit_code::cannot_run, 0};
    return client::success();
}

bool kvm_is_there() { return access("/dev/kvm", R_OK | W_OK) == 0; }

std::vector<std::string> command_of(const qemu& q, const machine_order& m) {
    auto words = with_libraries(q);
    const auto add = [&](std::initializer_list<std::string> more) { words.insert(words.end(), more); };
    for (const auto& dir : q.data_dirs) add({"-L", dir});
    if (m.accel == accelerator::icount)
        add({"-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-cpu", "qemu64"});
    else if (m.accel == accelerator::tcg)
        add({"-accel", "tcg,thread=multi", "-cpu", "qemu64"});
    else
        add({"-accel", "kvm", "-cpu", "host"});
    add({"-M", "pc", "-smp", std::to_string(m.cpus), "-m", std::to_string(m.memory_mib)});
    add({"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"});
    add({"-kernel", m.vmlinuz, "-initrd", m.initramfs, "-append", m.command_line});
    add({"-chardev", "file,id=console,path=" + m.console, "-serial", "chardev:console"});
    add({"-chardev", "file,id=protocol,path=" + m.protocol, "-serial", "chardev:protocol"});
    return words;
}

}  // namespace drainlab::lab
