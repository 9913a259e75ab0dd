/* Process generations: what belongs to one process and must not be used by its forked child. */
#ifndef FASTJWT_FORK_H
#define FASTJWT_FORK_H

/* Ask to be told of forks.  Called by fj_init; once is enough, more does no harm.  Returns 0 if there is no memory. */
int fj_fork_watch(void);

/* A number that differs between a process and the children it forks. */
unsigned fj_fork_generation(void);

/* Around each use of libcrypto that takes locks of the whole process (fetching, making keys and contexts, random
 * numbers): a fork waits until no thread is between the two, since a lock that another thread holds at that moment would
 * stay locked in the child for ever.  Not to be nested. */
void fj_fork_hold_off(void);
void fj_fork_let(void);

#endif
