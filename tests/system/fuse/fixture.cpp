#include "tests/system/fuse/fixture.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

namespace drainlab::test {

namespace {

std::filesystem::path server_program() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "fuse_test_server";
}

[[noreturn]] void skip(const std::string& why) {
    std::fprintf(stderr, "skipped: %s\n", why.c_str());
    std::_Exit(77);
}

}  // namespace

temporary_directory::temporary_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "drainlab-test-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error{"mkdtemp: " + std::string{std::strerror(errno)}};
    path_ = name;
}

temporary_directory::~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

bool test_mount::plain(const char* parent) {
    if (!parent) return false;
    std::string name = std::string{parent} + "/drainlab-plain-XXXXXX";
    if (!::mkdtemp(name.data())) throw std::runtime_error{name + ": " + std::strerror(errno)};
    ::chmod(name.c_str(), 0755);
    dir_ = std::filesystem::canonical(name);
    return true;
}

test_mount::test_mount(std::vector<std::string> options) {
    if (plain(std::getenv("DRAINLAB_PLAIN_DIR"))) return;
    if (plain(std::getenv("DRAINLAB_STORE_IN"))) {
        store_ = dir_;
        if (std::find(options.begin(), options.end(), "--store") == options.end())
            options.insert(options.end(), {"--store", store_});
    }
    if (::access("/dev/fuse", R_OK | W_OK) != 0) skip("/dev/fuse cannot be opened");
    if (::geteuid() != 0) skip("needs root, also that of `unshare -Urm`");
    std::string name = (std::filesystem::temp_directory_path() / "drainlab-mount-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error{"mkdtemp: " + std::string{std::strerror(errno)}};
    dir_ = std::filesystem::canonical(name);
    int in[2], out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error{"pipe2"};
    options.insert(options.begin(), {server_program().string(), dir_.string()});
    std::vector<char*> argv;
    for (auto& o : options) argv.push_back(o.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::dup2(in[0], 0);
        ::dup2(out[1], 1);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    to_ = in[1];
    from_ = out[0];
    if (read_line() != "ready") throw std::runtime_error{"the test server did not start"};
}

test_mount::~test_mount() {
    std::error_code ignored;
    if (pid_ < 0) {
        std::filesystem::remove_all(dir_, ignored);
        return;
    }
    if (violations_ < 0) ::umount2(dir_.c_str(), MNT_DETACH);
    ::close(to_);
    ::close(from_);
    ::waitpid(pid_, nullptr, 0);
    ::rmdir(dir_.c_str());
    if (!store_.empty()) std::filesystem::remove_all(store_, ignored);
}

std::string test_mount::read_line() {
    for (std::size_t end; (end = rest_.find('\n')) == std::string::npos;) {
        char part[4096];
        const ssize_t n = ::read(from_, part, sizeof part);
        if (n <= 0) return {};
        rest_.append(part, static_cast<std::size_t>(n));
    }
    const std::size_t end = rest_.find('\n');
    const std::string line = rest_.substr(0, end);
    rest_.erase(0, end + 1);
    return line;
}

std::string test_mount::ask(const std::string& line) {
    const std::string text = line + "\n";
    if (::write(to_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) return {};
    return read_line();
}

std::map<std::string, std::uint64_t> test_mount::counters(const std::string& which) {
    std::map<std::string, std::uint64_t> out;
    std::istringstream words{ask(which)};
    for (std::string word; words >> word;) {
        const auto at = word.find('=');
        out[word.substr(0, at)] = std::stoull(word.substr(at + 1));
    }
    return out;
}

int test_mount::umount() {
    if (::umount2(dir_.c_str(), 0) != 0) return errno;
    const std::string line = read_line();
    violations_ = line.starts_with("dead violations=") ? std::stoi(line.substr(16)) : 1000;
    const auto lost = line.find("bytes_lost=");
    bytes_lost_ = lost == std::string::npos ? 0 : std::stoi(line.substr(lost + 11));
    return 0;
}

std::string read_file(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

void write_file(const std::string& path, const std::string& text) { std::ofstream{path, std::ios::binary} << text; }

}  // namespace drainlab::test
