// Files, for the lab.
#pragma once

#include "controller/client/failure.hpp"

#include <string>

namespace drainlab::lab {

/// The whole file. Exit 2 where it cannot be read: somebody named it.
client::result<std::string> read_file(const std::string& path);
/// Complete or not at all (a temporary file beside it, renamed). Exit 4 where that is not possible.
client::result<void> write_file(const std::string& path, const std::string& content);

/// Whether next to nothing fits on the disk that `dir` lies on.
bool disk_full(const std::string& dir);

/// The lab's cache: $DRAINLAB_LAB_CACHE, else $XDG_CACHE_HOME/drainlab/lab, else ~/.cache/drainlab/lab. Made if
/// missing; exit 4 when that is not possible.
client::result<std::string> cache_dir();

/// A private folder below $TMPDIR, removed with all that is in it by the destructor.
class temporary_dir {
  public:
    static client::result<temporary_dir> make();
    ~temporary_dir();
    temporary_dir(temporary_dir&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
    temporary_dir& operator=(temporary_dir&&) = delete;

    const std::string& path() const noexcept { return path_; }

  private:
    explicit temporary_dir(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

}  // namespace drainlab::lab
