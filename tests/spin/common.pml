/* The race between cgroup_writeback_umount() and inode_switch_wbs(), as a model for spin: a second opinion, written from the
 * kernel's code and not from drainlab's. One superblock, one inode, one switcher (the offline cleanup), one worker, one umount.
 *
 * Store buffering: each of the two sides has one store that the other side reads (SB_ACTIVE = 0; the counter + 1). It sits in a
 * buffer of depth one until its process passes a barrier, or until the buffer process flushes it at any earlier moment. */

bool sb_active = true;      /* memory */
byte counter = 0;           /* isw_nr_in_flight (base), s_isw_nr_in_flight (persb): memory */
bool buffered_active = false;   /* umount has cleared SB_ACTIVE, and only it knows */
bool buffered_count = false;    /* the switcher has counted, and only it knows */
byte i_count = 0;
bool evicted = false;
bool sb_dead = false;
bool queued = false;
bool switcher_done = false, umount_done = false;

inline flush_active() { atomic { if :: buffered_active -> sb_active = false; buffered_active = false :: else -> skip fi } }
inline flush_count() { atomic { if :: buffered_count -> counter++; buffered_count = false :: else -> skip fi } }

/* The memory system: either store may become visible at any time. */
active proctype memory() {
end:
    do
    :: atomic { buffered_active -> sb_active = false; buffered_active = false }
    :: atomic { buffered_count -> counter++; buffered_count = false }
    od
}

/* generic_shutdown_super() after the drain: evict_inodes() takes what nobody references, then the busy check. */
inline evict_and_check() {
    atomic { if :: i_count == 0 -> evicted = true :: else -> skip fi }
    assert(evicted);        /* else: "VFS: Busy inodes after unmount" */
    sb_dead = true
}
