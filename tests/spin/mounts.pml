/* Who frees a mount when (fs/namespace.c), as a model for spin: a second opinion, written from the kernel's code and not from drainlab's.
 * One mount, its superblock, umount -l of it, one lockless path walk, one close of a file that was open before; memory without store
 * buffers. One of -DEXPEDITED (mainline), -DDEFERRED (April 2025), -DON_DEMAND (September 2026). -DMKFS: the caller expects the
 * superblock gone; -DALONE: no walk; -DWITH_FILE: a file is open before. -DNO_GP, -DTWO_IS_FREE and -DNO_RECHECK break one step.
 *
 * Counts are split as in the kernel: gets and puts, summed puts first. Namespace and umount's own path hold a reference each. */

#ifdef WITH_FILE
byte gets = 3;              /* namespace, umount's path, the open file */
#else
byte gets = 2;
#endif
byte puts = 0;
bool listed = true;         /* mnt_ns != NULL */
bool hashed = true;
byte seq = 0;               /* mount_lock's sequence */
bool lock = false;          /* mount_lock */
byte readers[2];            /* RCU read sections, by the grace period they began in */
byte now = 0;               /* which of the two is counted now */
bool doomed = false;
bool walk_holds = false;    /* the walk has an open file */
bool sb_dead = false;
bool queued = false;        /* deferred: the work that puts the namespace's reference */
bool delayed = false;       /* the last put was a kernel thread's: delayed_mntput_work */
bool returned = false;      /* umount -l */
bool walk_done = false, close_done = false, deferred_done = false;

inline take() { atomic { !lock -> lock = true } }
/* `e` is the reader's own: the grace period it began in. */
inline read_lock(e) { atomic { e = now; readers[e]++ } }
inline read_unlock(e) { readers[e]-- }
/* Waits for the readers that are there; later ones do not hold it up. */
inline grace_period() { now = 1 - now; readers[1 - now] == 0 }

/* A superblock that dies under an open file is a use after free. */
inline deactivate() { assert(!walk_holds); assert(!sb_dead); sb_dead = true }

/* The put that is the last when the sum is 0; by_task: task work, before the return to user mode. */
inline mntput(by_task, sum, e) {
    read_lock(e);
    if
    :: listed ->                                    /* cannot be the last: the namespace's goes after a grace period */
        puts++;
        read_unlock(e)
    :: else ->
        read_unlock(e);
        take();
        seq++;
        puts++;
        sum = puts;
        sum = gets - sum;
        if
        :: sum == 0 && !doomed -> doomed = true; seq++; lock = false;
            if
            :: by_task -> deactivate()
            :: else -> delayed = true
            fi
        :: else -> seq++; lock = false
        fi
    fi
}

active proctype walk() {
    byte s, sum, e;
#ifdef ALONE
    goto out;
#endif
    read_lock(e);
    atomic { s = seq; if :: (s % 2) || !hashed -> read_unlock(e); goto out :: else -> skip fi }
    /* inside the mount, without a reference */
    assert(!sb_dead || doomed);
    if
    :: seq != s -> read_unlock(e); goto out
    :: else -> skip
    fi;
    gets++;                                          /* __legitimize_mnt() */
#ifdef NO_RECHECK
    if
    :: true -> walk_holds = true; read_unlock(e)
#else
    if
    :: seq == s -> walk_holds = true; read_unlock(e)
#endif
    :: else ->
        take();
        if
        :: doomed -> puts++; lock = false; read_unlock(e); goto out   /* dropped silently */
        :: else -> lock = false
        fi;
        read_unlock(e)
    fi;
    assert(!(walk_holds && sb_dead));
    walk_holds = false;
    mntput(true, sum, e);
out:
    walk_done = true
}

active proctype close() {
#ifdef WITH_FILE
    byte sum, e;
    mntput(true, sum, e);
#endif
    close_done = true
}

active proctype umount() {
    byte sum, e;
    take();
    seq++;
    listed = false;
    hashed = false;
    seq++;
    lock = false;
#ifdef ON_DEMAND
    puts++;                                          /* umount's own reference: not the last */
    take();
    seq++;
    sum = puts;
    sum = gets - sum;
#ifdef TWO_IS_FREE
    if
    :: sum <= 2 ->
#else
    if
    :: sum == 1 ->
#endif
        puts++; doomed = true; seq++; lock = false;
        deactivate()
    :: else ->
        seq++; lock = false;
#ifndef NO_GP
        grace_period();
#endif
        mntput(true, sum, e)
    fi;
#endif
#ifdef EXPEDITED
#ifndef NO_GP
    grace_period();
#endif
    mntput(true, sum, e);
    mntput(true, sum, e);
#endif
#ifdef DEFERRED
    queued = true;
    mntput(true, sum, e);
#endif
#ifdef MKFS
    /* Nobody else holds the mount: the device must be free when umount -l returns. */
    assert(sb_dead);
#endif
    returned = true
}

/* queue_rcu_work(): after a grace period, in a kernel thread. */
active proctype worker() {
#ifdef DEFERRED
    byte sum, e;
    queued;
#ifndef NO_GP
    grace_period();
#endif
    mntput(false, sum, e);
#endif
    deferred_done = true
}

active proctype delayed_mntput_work() {
end:
    do
    :: atomic { delayed -> delayed = false }; deactivate()
    od
}

/* In the end the mount is gone: a count that nobody brings to 0 is a leak. */
active proctype end_of_the_world() {
    walk_done && close_done && deferred_done && returned && !delayed;
    assert(gets == puts);
    assert(doomed)
}
