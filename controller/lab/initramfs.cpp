#include "controller/lab/initramfs.hpp"

#include "controller/lab/cpio.hpp"
#include "controller/lab/files.hpp"
#include "controller/machine/program.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <string_view>
#include <unistd.h>

namespace drainlab::lab {

using client::exit_code;
using client::failure;
using client::result;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t block = 4096;

/// The shared libraries of a program and its loader, as ldd lists them: absolute paths.
result<std::set<std::string>> libraries_of(const std::string& program) {
    BOOST_OUTCOME_TRY(auto end, machine::run_program({"ldd", program}));
    std::set<std::string> found;
    std::istringstream words(end.output);
    for (std::string word; words >> word;)
        if (word.front() == '/' && word.back() != ':') found.insert(word);
    if (end.status != 0 || found.empty())
        return failure{
            "no_umount", "lab: ldd could not read " + program + ": " + end.output, {}, exit_code::cannot_run, 0};
    return found;
}

result<std::string> umount_program() {
    for (const auto* path : {"/usr/bin/umount", "/bin/umount"})
        if (access(path, X_OK) == 0) return std::string(path);
    return failure{"no_umount", "lab: there is no umount(8) here", "install the package mount", exit_code::cannot_run,
                   0};
}

/// Adds a file under its own path, its folders first.
class tree {
  public:
    void folder(const fs::path& path) {
        if (path.empty() || !folders_.insert(path.string()).second) return;
        folder(path.parent_path());
        archive.folder(path.string());
    }
    void file(const fs::path& path, const std::string& content, bool executable) {
        folder(path.parent_path());
        archive.file(path.string(), content, executable);
    }
    cpio_archive archive;

  private:
    std::set<std::string> folders_;
};

}  // namespace

std::string nonzero_blocks(const std::string& image) {
    std::string out;
    for (std::size_t at = 0; at + block <= image.size(); at += block) {
        if (std::string_view{image}.substr(at, block).find_first_not_of('\0') == std::string_view::npos) continue;
        for (int byte = 0; byte < 8; ++byte) out += static_cast<char>(at >> (8 * byte) & 0xff);
        out.append(image, at, block);
    }
    return out;
}

result<std::string> ext4_blocks(const std::string& scratch) {
    const auto image = scratch + "/ext4.img";
    const std::string uuid = "11111111-2222-3333-4444-555555555555";
    const std::string features =
        "has_journal,extent,64bit,flex_bg,metadata_csum,dir_index,filetype,sparse_super,large_file,huge_file,dir_nlink,"
        "extra_isize";
    const std::string path = fmt::format("PATH={}:/usr/sbin:/sbin", std::getenv("PATH") ? std::getenv("PATH") : "");
    BOOST_OUTCOME_TRY(auto end,
                      machine::run_program({"env",
                                            path,
                                            "E2FSPROGS_FAKE_TIME=1",
                                            "MKE2FS_CONFIG=/dev/null",
                                            "mke2fs",
                                            "-q",
                                            "-F",
                                            "-t",
                                            "ext4",
                                            "-b",
                                            "4096",
                                            "-m",
                                            "0",
                                            "-I",
                                            "256",
                                            "-O",
                                            features,
                                            "-U",
                                            uuid,
                                            "-E",
                                            "lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0,hash_seed=" + uuid,
                                            image,
                                            "16M"}));
    if (end.status != 0 && disk_full(scratch))
        return failure{"disk_full", "lab: the disk of " + scratch + " is full",
                       "TMPDIR names a folder with some 50 MiB for initramfs and consoles", exit_code::cannot_run, 0};
    if (end.status != 0)
        return failure{"no_mke2fs", "lab: mke2fs: " + end.output, "install e2fsprogs (scripts/setup lab)",
                       exit_code::cannot_run, 0};
    BOOST_OUTCOME_TRY(auto bytes, read_file(image));
    return nonzero_blocks(bytes);
}

result<std::string> guest_program() {
    std::error_code ec;
    const auto self = fs::read_symlink("/proc/self/exe", ec).parent_path();
    for (const auto& path : {self / "drainlab-guest", self.parent_path() / "libexec/drainlab/drainlab-guest"})
        if (fs::is_regular_file(path, ec)) return path.string();
    return failure{"no_guest", "lab: drainlab-guest is neither beside drainctl nor in libexec/drainlab",
                   "build the target drainlab-guest", exit_code::cannot_run, 0};
}

result<std::string> make_initramfs(const kernel_image& kernel, const std::string& ext4) {
    BOOST_OUTCOME_TRY(auto init, guest_program());
    BOOST_OUTCOME_TRY(auto umount, umount_program());
    BOOST_OUTCOME_TRY(auto libraries, libraries_of(umount));
    tree t;
    for (const auto* dir : {"dev", "proc", "sys", "tmp", "run", "etc"}) t.folder(dir);
    t.archive.device("dev/console", 5, 1);
    t.archive.link("etc/mtab", "/proc/self/mounts");
    const auto add = [&](const std::string& from, const fs::path& to, bool executable) -> result<void> {
        BOOST_OUTCOME_TRY(auto content, read_file(from));
        t.file(to, content, executable);
        return client::success();
    };
    BOOST_OUTCOME_TRYV(add(init, "init", true));
    BOOST_OUTCOME_TRYV(add(umount, "bin/umount", true));
    for (const auto& path : libraries) { BOOST_OUTCOME_TRYV(add(path, fs::path(path).relative_path(), true)); }
    for (const auto& path : kernel.modules) {
        BOOST_OUTCOME_TRYV(add(path, fs::path("modules") / fs::path(path).filename(), false));
    }
    t.file("ext4.blocks", ext4, false);
    return t.archive.finish();
}

}  // namespace drainlab::lab
