/* Linux 7.2: a counter per superblock. Expected: no assertion fails and umount always ends. Each of -DNO_SMP_MB_SWITCH,
 * -DNO_SMP_MB_UMOUNT, -DTEST_ONCE, -DUNPIN_FIRST breaks one step: expected to fail. */
#include "common.pml"

active proctype switcher() {
    if
    :: !sb_active -> goto out                    /* the unlocked test */
    :: else -> skip
    fi;
    buffered_count = true;                       /* pin: atomic_inc() */
#ifndef NO_SMP_MB_SWITCH
    flush_count();                               /* smp_mb(), pairs with umount's */
#endif
#ifdef TEST_ONCE
    if
    :: true ->
#else
    if
    :: sb_active ->                              /* the test that counts, under i_lock */
#endif
        atomic { if :: !evicted -> i_count++ :: else -> flush_count(); counter--; goto out fi }
        flush_count();                           /* the unlock is a release */
        queued = true
#ifndef TEST_ONCE
    :: else -> flush_count(); counter--          /* unpin */
#endif
    fi;
out:
    switcher_done = true
}

active proctype worker() {
end:
    do
    :: atomic { queued -> queued = false }
#ifdef UNPIN_FIRST
        counter--;
#endif
        i_count--;                               /* iput() */
        if
        :: !sb_active && !evicted ->
            assert(!sb_dead);
            evicted = true
        :: else -> skip
        fi;
#ifndef UNPIN_FIRST
        counter--                                /* unpin: fully ordered; wakes whoever waits for 0 */
#endif
    od
}

active proctype umount() {
    buffered_active = true;
#ifndef NO_SMP_MB_UMOUNT
    flush_active();                              /* smp_mb() */
#endif
    if
    :: counter == 0 -> skip                      /* wait_var_event(): the first test, before any sleep */
    :: else -> flush_active(); counter == 0
    fi;
    evict_and_check();
    umount_done = true
}
