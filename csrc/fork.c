#include "fork.h"

#include <pthread.h>
#include <stdatomic.h>

#include "pool.h"

static atomic_uint generation;
static int watching;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void in_child(void) {
    atomic_fetch_add(&generation, 1);
    fj_pool_after_fork_in_child();
}

static void watch(void) {
    watching = pthread_atfork(fj_pool_before_fork, fj_pool_after_fork_in_parent, in_child) == 0;
}

int fj_fork_watch(void) {
    (void)pthread_once(&once, watch);
    return watching;
}

unsigned fj_fork_generation(void) {
    return atomic_load_explicit(&generation, memory_order_relaxed);
}
