#include "tests/own_folder.hpp"

#include <cerrno>
#include <filesystem>
#include <stdlib.h>
#include <system_error>

namespace drainlab::tests {

own_folder::own_folder() : dir{(std::filesystem::temp_directory_path() / "drainlab-own-XXXXXX").string()} {
    if (!mkdtemp(dir.data())) throw std::system_error{errno, std::generic_category(), dir};
}

// remove_all() fails when an entry it has read is gone by the time it comes to it (libstdc++ 12). Each attempt in which
// that happens is one in which somebody else removed something.
own_folder::~own_folder() {
    std::error_code error;
    do std::filesystem::remove_all(dir, error);
    while (error == std::errc::no_such_file_or_directory);
}

}  // namespace drainlab::tests
