#include "fork.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "pool.h"

static atomic_uint generation;
static int watching;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Readers are threads inside libcrypto, the writer is a fork.  It comes first, or busy threads would starve it. */
static pthread_rwlock_t inside_libcrypto = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

void fj_fork_hold_off(void) {
    pthread_rwlock_rdlock(&inside_libcrypto);
}

void fj_fork_let(void) {
    pthread_rwlock_unlock(&inside_libcrypto);
}

void fj_fork_pass(void) {
    fj_fork_let();
    fj_fork_hold_off();
}

/* Whether the fork that this thread is about has kept the others out; two threads may fork at once. */
static _Thread_local int alone;

static void before(void) {
    struct timespec deadline;
    (void)clock_gettime(CLOCK_REALTIME, &deadline); /* the clock of pthread_rwlock_timedwrlock */
    deadline.tv_sec += FJ_FORK_PATIENCE_S;
    alone = pthread_rwlock_timedwrlock(&inside_libcrypto, &deadline) == 0;
    fj_pool_before_fork();
}

static void in_parent(void) {
    fj_pool_after_fork_in_parent();
    if (alone) {
        pthread_rwlock_unlock(&inside_libcrypto);
    }
}

static void in_child(void) {
    const pthread_rwlock_t unlocked = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
    inside_libcrypto = unlocked; /* the thread that holds it has another identity here */
    atomic_fetch_add(&generation, 1);
    fj_pool_after_fork_in_child();
}

static void watch(void) {
    watching = pthread_atfork(before, in_parent, in_child) == 0;
}

int fj_fork_watch(void) {
    (void)pthread_once(&once, watch);
    return watching;
}

unsigned fj_fork_generation(void) {
    return atomic_load_explicit(&generation, memory_order_relaxed);
}
