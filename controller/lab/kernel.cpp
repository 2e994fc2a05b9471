#include "controller/lab/kernel.hpp"

#include "controller/lab/files.hpp"
#include "controller/machine/program.hpp"
#include "controller/words/data_dir.hpp"
#include "controller/words/words.hpp"

#include <fmt/format.h>

#include <sys/utsname.h>

#include <algorithm>
#include <filesystem>
#include <unistd.h>

namespace drainlab::lab {

using client::exit_code;
using client::failure;
using client::result;
namespace fs = std::filesystem;

namespace {

/// A module's file below `root`, whatever its compression.
fs::path find_module(const fs::path& root, const std::string& module) {
    std::error_code ec;
    constexpr auto quiet = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator at(root, quiet, ec), end; !ec && at != end; at.increment(ec)) {
        const auto name = at->path().filename().string();
        if (name == module + ".ko" || name == module + ".ko.xz" || name == module + ".ko.zst" ||
            name == module + ".ko.gz")
            return at->path();
    }
    return {};
}

/// Its path once it is uncompressed; compressed ones are unpacked into `scratch`.
result<std::string> uncompressed(const fs::path& file, const std::string& module, const std::string& scratch) {
    const auto ending = file.extension();
    if (ending == ".ko") return file.string();
    const auto* program = ending == ".xz" ? "xz" : ending == ".zst" ? "zstd" : "gzip";
    const auto into = fmt::format("{}/{}.ko", scratch, module);
    BOOST_OUTCOME_TRY(auto copy, read_file(file.string()));
    BOOST_OUTCOME_TRYV(write_file(into + ending.string(), copy));
    BOOST_OUTCOME_TRY(auto end, machine::run_program({program, "-d", "-f", "-q", into + ending.string()}));
    if (end.status != 0)
        return failure{"no_module",
                       fmt::format("{}: {} could not unpack it: {}", file.string(), program, end.output),
                       {},
                       exit_code::cannot_run,
                       0};
    return into;
}

/// The guest's modules below `root`.
result<std::vector<std::string>> modules_below(const fs::path& root, const std::string& scratch) {
    std::vector<std::string> found;
    std::error_code ec;
    if (!fs::is_directory(root, ec)) return found;
    for (const auto& module : guest_modules()) {
        const auto file = find_module(root, module);
        if (file.empty()) continue;
        BOOST_OUTCOME_TRY(auto path, uncompressed(file, module, scratch));
        found.push_back(std::move(path));
    }
    return found;
}

std::string if_there(const fs::path& path) {
    std::error_code ec;
    return fs::exists(path, ec) ? path.string() : std::string{};
}

result<kernel_image> of_cache(const std::string& package) {
    BOOST_OUTCOME_TRY(auto cache, cache_dir());
    const fs::path dir = fs::path(cache) / "kernels" / package;
    kernel_image k;
    k.name = package;
    k.vmlinuz = if_there(dir / "vmlinuz");
    k.config = if_there(dir / "config");
    if (k.vmlinuz.empty()) return failure{"not_cached", package + " is not in the cache", {}, exit_code::cannot_run, 0};
    BOOST_OUTCOME_TRY(k.modules, modules_below(dir / "modules", cache));
    return k;
}

/// Runs workloads/lab/fetch-kernels; the name under which the kernel then is in the cache.
result<std::string> fetch(const std::vector<std::string>& words) {
    BOOST_OUTCOME_TRY(auto data, words::data_dir());
    std::vector<std::string> command{data + "/lab/fetch-kernels"};
    command.insert(command.end(), words.begin(), words.end());
    BOOST_OUTCOME_TRY(auto end, machine::run_program(command));
    auto said = end.output;
    while (!said.empty() && said.back() == '\n') said.pop_back();
    const auto last = said.substr(said.rfind('\n') + 1);
    if (end.status != 0)
        return failure{"no_kernel", "lab: " + last, "scripts/fetch-kernels brings the recommended kernels",
                       end.status == 2 ? exit_code::usage : exit_code::cannot_run, 0};
    return fs::path(last).filename().string();
}

result<kernel_image> of_package(const std::string& package) {
    if (package.empty() || package.find('/') != std::string::npos)
        return client::usage_error("--kernel deb:" + package + ": a package's name is expected");
    if (auto cached = of_cache(package)) return cached;
    // Of newer series the kernel is in linux-binary-..., which is what the cache then has.
    if (package.starts_with("linux-image-"))
        if (auto cached = of_cache("linux-binary-" + package.substr(12))) return cached;
    BOOST_OUTCOME_TRY(auto name, fetch({package}));
    return of_cache(name);
}

result<kernel_image> of_deb_files(const std::string& files) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at <= files.size();) {
        const auto end = std::min(files.find(".deb+", at), files.size());
        words.push_back(files.substr(at, end == files.size() ? end : end + 4 - at));
        at = end == files.size() ? end + 1 : end + 5;
    }
    BOOST_OUTCOME_TRY(auto name, fetch(words));
    return of_cache(name);
}

/// The top of the build tree that a bzImage lies in: TREE/arch/x86/boot/bzImage.
fs::path tree_of(const fs::path& image) {
    const auto dir = fs::weakly_canonical(image).parent_path();
    const auto top = dir.parent_path().parent_path().parent_path();
    std::error_code ec;
    return dir.filename() == "boot" && fs::exists(top / ".config", ec) ? top : fs::path{};
}

result<kernel_image> of_file(const std::string& path, const std::string& scratch) {
    kernel_image k;
    k.name = path;
    k.vmlinuz = fs::absolute(path).string();
    fs::path modules;
    if (const auto tree = tree_of(k.vmlinuz); !tree.empty()) {
        k.config = if_there(tree / ".config");
        modules = tree;
    } else {
        const auto dir = fs::path(k.vmlinuz).parent_path();
        k.config = if_there(dir / "config");
        modules = dir / "modules";
    }
    BOOST_OUTCOME_TRY(k.modules, modules_below(modules, scratch));
    return k;
}

result<kernel_image> of_boot(const std::string& scratch) {
    utsname u{};
    uname(&u);
    kernel_image k;
    k.name = u.release;
    k.vmlinuz = fmt::format("/boot/vmlinuz-{}", u.release);
    k.config = if_there(fmt::format("/boot/config-{}", u.release));
    if (access(k.vmlinuz.c_str(), R_OK) != 0)
        return client::system_failure("--kernel boot: " + k.vmlinuz, errno, exit_code::cannot_run);
    BOOST_OUTCOME_TRY(k.modules, modules_below(fmt::format("/lib/modules/{}", u.release), scratch));
    return k;
}

/// LABEL in front of the first '=', if it looks like one and the whole is not a file's name.
std::pair<std::string, std::string> split_label(const std::string& word) {
    const auto equals = word.find('=');
    std::error_code ec;
    if (equals == std::string::npos || word.find_first_of("/:+") < equals || fs::exists(word, ec)) return {{}, word};
    return {word.substr(0, equals), word.substr(equals + 1)};
}

}  // namespace

const std::vector<std::string>& guest_modules() {
    static const std::vector<std::string> names{"brd",   "ext4",      "jbd2",           "mbcache",
                                                "crc16", "libcrc32c", "crc32c_generic", "overlay"};
    return names;
}

result<kernel_image> find_kernel(const std::string& word, const std::string& scratch) {
    const auto [label, spec] = split_label(word);
    const auto with_label = [&, label = label](result<kernel_image> found) -> result<kernel_image> {
        if (found) found.value().label = label;
        return found;
    };
    if (spec.starts_with("deb:")) return with_label(of_package(spec.substr(4)));
    if (spec == "boot") return with_label(of_boot(scratch));
    if (spec.ends_with(".deb")) return with_label(of_deb_files(spec));
    std::error_code ec;
    if (fs::is_regular_file(spec, ec)) {
        if (access(spec.c_str(), R_OK) != 0) return client::system_failure("--kernel " + spec, errno, exit_code::usage);
        return with_label(of_file(spec, scratch));
    }
    return client::usage_error("--kernel " + word + ": neither a file nor deb:PACKAGE nor boot",
                               fs::is_directory(spec, ec)
                                   ? "give the bzImage itself, as " + spec + "/arch/x86/boot/bzImage"
                                   : "example: --kernel deb:linux-image-6.12.95+deb12-cloud-amd64");
}

result<std::vector<kernel_image>> cached_kernels() {
    BOOST_OUTCOME_TRY(auto cache, cache_dir());
    std::vector<kernel_image> kernels;
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(fs::path(cache) / "kernels", ec))
        if (auto k = of_cache(entry.path().filename().string())) kernels.push_back(std::move(k.value()));
    std::sort(kernels.begin(), kernels.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return kernels;
}

std::string config_value(const std::string& text, const std::string& option) {
    const auto wanted = "\nCONFIG_" + option + "=";
    const auto at = ("\n" + text).find(wanted);
    if (at == std::string::npos) return "n";
    const auto begin = at + wanted.size() - 1;
    return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace drainlab::lab
