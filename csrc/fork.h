/* Process generations: what belongs to one process and must not be used by its forked child. */
#ifndef FASTJWT_FORK_H
#define FASTJWT_FORK_H

/* Ask to be told of forks.  Called by fj_init; once is enough, more does no harm.  Returns 0 if there is no memory. */
int fj_fork_watch(void);

/* A number that differs between a process and the children it forks. */
unsigned fj_fork_generation(void);

/* Around each use of libcrypto that takes locks of the whole process (fetching, making and freeing keys and contexts,
 * random numbers): a fork waits until no thread is between the two, since a lock that another thread holds at that moment
 * would stay locked in the child for ever.  Not to be nested.
 *
 * The forking thread holds the GIL, so it waits no longer than FJ_FORK_PATIENCE_S; nothing of ours stays inside for that
 * long but at a debugger's hand or on a machine that has come to a halt (the longest is one signature of 16384 bits).
 * A child that was forked without waiting to the end may hang in libcrypto, with a probability that is as small as these
 * locks are short; exec, _exit and whatever does without libcrypto are safe for it in any case.  Our own state is always
 * good: the child begins a new generation, makes contexts of its own, and never touches what a thread had borrowed. */
enum { FJ_FORK_PATIENCE_S = 1 };
void fj_fork_hold_off(void);
void fj_fork_let(void);

/* Let a fork that waits go first.  For the middle of something long, at a point where no lock of libcrypto is held. */
void fj_fork_pass(void);

#endif
