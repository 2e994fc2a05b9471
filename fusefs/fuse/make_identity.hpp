// Choosing how callers are told apart.
#pragma once
#include "fusefs/fuse/identity.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace drainlab::fuse {

enum class identity_choice { automatic, cgroup, session };

/// @param cgroup_root  empty: where cgroup v2 is mounted.
/// @param error  on failure (null) one sentence: `cgroup` was asked for, and there is no cgroup v2 here.
/// automatic takes cgroups where we can see cgroup v2 and make a cgroup below our own or the root, else sessions.
std::unique_ptr<identity> make_identity(identity_choice choice, const std::filesystem::path& cgroup_root,
                                        boost::asio::io_context& io, kernel::host& host, std::string& error);

}  // namespace drainlab::fuse
