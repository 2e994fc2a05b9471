// A directory for one test.
#pragma once
#include <string>

namespace drainlab::tests {

/// A new directory in TMPDIR, removed with all that is in it, also when somebody else (a daemon that ends) removes from
/// it at the same time. Throws when there can be none.
struct own_folder {
    own_folder();
    ~own_folder();
    own_folder(const own_folder&) = delete;
    own_folder& operator=(const own_folder&) = delete;

    std::string operator/(const std::string& name) const { return dir + "/" + name; }

    std::string dir;
};

}  // namespace drainlab::tests
