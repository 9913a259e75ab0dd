/* Threads that share the items of a task.  The pool knows nothing of tokens, and nothing here calls Python.
 *
 * A task's items are handed out a grain at a time, to pool threads from the moment it starts and to the caller while it
 * is in fj_pool_run, so one thread means the caller alone and no thread is ever idle while items are left.  Of several
 * tasks the one that was started first comes first.  The pool grows on demand, sleeps when it is idle for long, blocks
 * all signals, and belongs to one process: a forked child starts its own. */
#ifndef FASTJWT_POOL_H
#define FASTJWT_POOL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

struct fj_task {
    /* Set by the owner before the start. */
    void (*work)(struct fj_task *task, size_t begin,
                 size_t end); /* may run on several threads, never twice an item */
    size_t count;
    size_t
        grain; /* items between two looks at the clock and at `cancelled`: some milliseconds of work at most */
    size_t fine; /* the same towards the end, so that threads end together: 1 to grain */

    /* The pool's own. */
    atomic_size_t next;
    atomic_int cancelled;
    unsigned generation; /* of the process whose threads work on it */
    unsigned helpers;    /* pool threads that may still join; under the pool's lock, like all below */
    atomic_uint inside;  /* pool threads at work now; looked at without the lock, too */
    pthread_cond_t left; /* signalled when the last of them leaves */
    struct fj_task *following;
    int listed;
};

/* Let up to `helpers` pool threads work on the task from now on.  Fewer may come: threads can be refused by the system.
 * `before` is another task of the caller that still runs, or NULL: its helpers come over when they find no more to do
 * there, so as many fewer are wanted. */
void fj_pool_start(struct fj_task *task, unsigned helpers, const struct fj_task *before);

/* Work on it too, for about budget_ms (0: until all is done).  Returns 1 when every item is done, 0 when time ran out.
 * While pool threads are at their last items, the caller takes some of `meanwhile`'s, unless that is NULL. */
int fj_pool_run(struct fj_task *task, unsigned budget_ms, struct fj_task *meanwhile);

/* Hand out no more items and wait until no thread works on it.  The task may be freed afterwards. */
void fj_pool_stop(struct fj_task *task);

/* Send the pool's threads home, each after the grain it is at, and wait until they are gone; the owners of tasks do the
 * rest alone, a grain a call.  For the end of the process: no thread may be inside libcrypto when it cleans up. */
void fj_pool_shutdown(void);

/* Let the process's exit wait for daemon threads that are at a grain then.  To be called when libcrypto has asked for its
 * own clean-up at exit, which comes later so.  Once is enough, more does no harm.  Returns 0 if there is no memory. */
int fj_pool_watch_exit(void);

/* To be called by pthread_atfork's handlers. */
void fj_pool_before_fork(void);
void fj_pool_after_fork_in_parent(void);
void fj_pool_after_fork_in_child(void);

#endif
