/* Linux 6.18 - 7.1. Expected: an assertion fails. With -DWITH_RCU: patch 1 and 2 on top (the read-side section and
 * synchronize_rcu()), expected: none does. */
#include "common.pml"

byte readers = 0;
bool worker_busy = false;

active proctype switcher() {
    buffered_count = true;                       /* atomic_inc(): orders nothing */
#ifdef WITH_RCU
    readers++;
#endif
#ifndef NO_SMP_MB_SWITCH
    flush_count();                               /* smp_mb() */
#endif
    /* inode_prepare_wbs_switch(), under i_lock */
    if
    :: sb_active ->
        atomic { if :: !evicted -> i_count++ :: else -> goto out fi }
        flush_count();                           /* the unlock is a release */
        /* the gap */
        queued = true                            /* wb_queue_isw() */
    :: else -> flush_count(); counter--          /* backs out */
    fi;
out:
#ifdef WITH_RCU
    readers--;
#endif
    flush_count();
    switcher_done = true
}

active proctype worker() {
end:
    do
    :: atomic { queued -> queued = false; worker_busy = true }
        i_count--;                               /* iput() */
        if
        :: !sb_active && !evicted ->             /* the last put evicts */
            assert(!sb_dead);                    /* else: a freed percpu_counter is touched */
            evicted = true
        :: else -> skip
        fi;
        counter--;
        worker_busy = false
    od
}

active proctype umount() {
    buffered_active = true;                      /* clears SB_ACTIVE: a plain store */
#ifndef NO_SMP_MB_UMOUNT
    flush_active();                              /* smp_mb() */
#endif
    if
    :: counter == 0 -> skip
    :: else ->
        flush_active();                          /* the waits are full barriers */
#ifdef WITH_RCU
        readers == 0;                            /* synchronize_rcu(): stronger than needed, waits for later readers too */
#endif
        skip;                                    /* rcu_barrier(): no callback of a switch is pending */
        !queued && !worker_busy                  /* flush_workqueue() */
    fi;
    evict_and_check();
    umount_done = true
}
