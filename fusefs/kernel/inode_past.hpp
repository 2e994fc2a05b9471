// Inodes as an earlier life has left them, for worlds that begin in the middle of something.
#pragma once
#include "fusefs/kernel/inode.hpp"

namespace drainlab::kernel {

/// What is to have happened to an inode before the world begins.
struct inode_past {
    memcg_ptr owner;       ///< whose wb has it
    memcg_ptr writer;      ///< who brought in its one folio, which is dirty; null: none, the inode is clean
    bool expired{};        ///< has been dirty for dirty_expire_interval
    bool votes_pending{};  ///< so many foreign rounds are behind it that one more asks for a switch
};

/// Gives a new inode its past. Only while a world is being built: nobody runs yet, so no lock is taken.
void inode_live_through(inode& i, const inode_past& past);

}  // namespace drainlab::kernel
