// A mount of our own for each test: its own directory, its own server process.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace drainlab::test {

/// Mounts on construction; on destruction unmounts (lazily if need be), ends the server and removes the
/// directory. Exits the program with 77 if FUSE cannot be had here, saying why. With DRAINLAB_PLAIN_DIR
/// in the environment it is a new directory in there instead, of whatever file system that is: the same
/// tests then say how that one behaves (only those without options, and that ask the server nothing).
/// With DRAINLAB_STORE_IN the store is a new directory in there, unless the options name one.
class test_mount {
  public:
    explicit test_mount(std::vector<std::string> options = {});
    ~test_mount();
    test_mount(const test_mount&) = delete;
    test_mount& operator=(const test_mount&) = delete;

    const std::filesystem::path& dir() const { return dir_; }
    std::string path(const std::string& name) const { return (dir_ / name).string(); }
    pid_t server() const { return pid_; }
    /// Sends one line to the server and returns its answer.
    std::string ask(const std::string& line);
    /// The answer to "counters", taken apart.
    std::map<std::string, std::uint64_t> counters(const std::string& which = "counters");
    /// umount2(2) and the server's end. @return errno of umount2, or 0; `violations()` is then known.
    int umount();
    int violations() const { return violations_; }
    /// Those of them that say that bytes did not reach the store.
    int bytes_lost() const { return bytes_lost_; }

  private:
    bool plain(const char* parent);
    std::string read_line();
    std::filesystem::path dir_;
    pid_t pid_{-1};
    int to_{-1}, from_{-1}, violations_{-1}, bytes_lost_{};
    std::string rest_, store_;
};

/// A directory of its own under the temporary directory, removed with all in it.
class temporary_directory {
  public:
    temporary_directory();
    ~temporary_directory();
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& text);

}  // namespace drainlab::test
