/* Process generations: what belongs to one process and must not be used by its forked child. */
#ifndef FASTJWT_FORK_H
#define FASTJWT_FORK_H

/* Ask to be told of forks.  Called by fj_init; once is enough, more does no harm.  Returns 0 if there is no memory. */
int fj_fork_watch(void);

/* A number that differs between a process and the children it forks. */
unsigned fj_fork_generation(void);

#endif
