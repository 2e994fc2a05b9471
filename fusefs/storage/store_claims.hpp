// Which stores are in use, by whom: two page caches over one directory would not see each other's bytes.
#pragma once
#include <sys/stat.h>

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace drainlab::storage {

/// A directory, however it was reached: device and inode number.
using directory_id = std::pair<dev_t, ino_t>;

/// Where a store lies: itself first, then its parents up to the root, as far as they can be seen.
std::vector<directory_id> lineage_of(int directory);

/// Takes a lock on a store's directory that other daemons respect, for as long as `directory` stays open:
/// shared for reading, else alone. A filesystem without such locks is taken as it is. @return 0 or EWOULDBLOCK.
int lock_directory(int directory, bool read_only);
/// Who holds such a lock on `id`: their process ids, as far as they can be seen.
std::vector<pid_t> lock_holders(directory_id id);

/// The stores of one daemon, from before their mount until their last descriptor is closed. Thread: loop.
class store_claims {
    struct claim {
        std::vector<directory_id> lineage;
        std::string label;
        bool read_only;
    };

  public:
    /// Given back when it goes.
    using token = std::shared_ptr<const void>;

    /// @param label  names the mount in messages: "the mount 'a' on /dir". @return null with `error`
    /// set if another mount has that directory, one above it or one below it, and not both only read.
    token take(std::vector<directory_id> lineage, std::string label, bool read_only, std::string& error);
    /// The label of the mount whose store is that very directory; "".
    std::string label_of(directory_id id) const;

  private:
    std::shared_ptr<std::list<claim>> all_{std::make_shared<std::list<claim>>()};
};

}  // namespace drainlab::storage
