#include "pool.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "fork.h"

enum {
    MAX_WORKERS = 256,
    LAST_GRAINS = 3, /* of a task, that are handed out in finer pieces */
    SPIN_US = 500    /* most gaps between two chunks of a batch are shorter */
};

static struct pool {
    pthread_mutex_t lock;
    pthread_cond_t work; /* a task was listed, or the pool is closing */
    atomic_int closing;
    atomic_uint listings; /* how often a task was listed */
    atomic_uint callers;  /* owners of tasks that work on them now */
    struct fj_task *first;
    unsigned workers;
    unsigned busy;
    pthread_t threads[MAX_WORKERS]; /* of the workers */
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER};

/* --- Time ------------------------------------------------------------------------------------------------------------ */

static struct timespec deadline_in(unsigned long long budget_us) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(budget_us / 1000000);
    at.tv_nsec += (long)(budget_us % 1000000) * 1000L;
    if (at.tv_nsec >= 1000000000L) {
        at.tv_sec += 1;
        at.tv_nsec -= 1000000000L;
    }
    return at;
}

static int is_past(const struct timespec *deadline) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > deadline->tv_sec ||
           (now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec);
}

/* Wait for a counter to become another number than `seen`, or to become 0, without going to sleep, but no longer than
 * SPIN_US.  To sleep and be woken takes as long as a grain where a hypervisor is between, 50 us and more; over the many
 * chunks of a batch that was a fifth of two threads' time. */
static void spin(atomic_uint *counter, unsigned seen, int for_zero) {
    const struct timespec deadline = deadline_in(SPIN_US);
    for (unsigned i = 1; i % 32 != 0 || !is_past(&deadline); i++) {
        const unsigned now = atomic_load_explicit(counter, memory_order_relaxed);
        if (for_zero ? now == 0 : now != seen) {
            return;
        }
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#endif
    }
}

static void cond_init_monotonic(pthread_cond_t *cond) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* --- Items ----------------------------------------------------------------------------------------------------------- */

static int is_exhausted(struct fj_task *task) {
    return atomic_load(&task->cancelled) || atomic_load(&task->next) >= task->count;
}

/* Take the next items, a grain of them, towards the end fewer.  Returns how many, from *begin on; 0: none is left. */
static size_t take(struct fj_task *task, size_t *begin) {
    size_t size = 0;
    *begin = atomic_load(&task->next);
    do {
        if (*begin >= task->count) {
            return 0;
        }
        const size_t left = task->count - *begin;
        size = left > LAST_GRAINS * task->grain ? task->grain : task->fine;
        size = left < size ? left : size;
    } while (!atomic_compare_exchange_weak(&task->next, begin, *begin + size));
    return size;
}

/* Take one grain and do it.  Returns 0 if none is left. */
static int take_grain(struct fj_task *task) {
    size_t begin = 0;
    const size_t size = atomic_load(&task->cancelled) ? 0 : take(task, &begin);
    if (size > 0) {
        task->work(task, begin, begin + size);
    }
    return size > 0;
}

/* Take grains until none is left (1) or the deadline, if there is one, has passed (0).  When the pool closes, it has
 * passed: helpers go home, and owners ask Python whether to go on. */
static int take_grains(struct fj_task *task, const struct timespec *deadline) {
    while (take_grain(task)) {
        if (atomic_load(&pool.closing) || (deadline != NULL && is_past(deadline))) {
            return is_exhausted(task);
        }
    }
    return 1;
}

/* --- The list of tasks; under the lock ------------------------------------------------------------------------------- */

static void list_task(struct fj_task *task) {
    struct fj_task **link = &pool.first;
    while (*link != NULL) {
        link = &(*link)->following;
    }
    *link = task;
    task->following = NULL;
    task->listed = 1;
    atomic_fetch_add(&pool.listings, 1);
}

static void unlist_task(struct fj_task *task) {
    if (!task->listed) {
        return;
    }
    struct fj_task **link = &pool.first;
    while (*link != task) {
        link = &(*link)->following;
    }
    *link = task->following;
    task->listed = 0;
}

static struct fj_task *joinable_task(void) {
    for (struct fj_task *task = pool.first; task != NULL; task = task->following) {
        if (task->helpers > 0 && !is_exhausted(task)) {
            return task;
        }
    }
    return NULL;
}

/* --- Workers --------------------------------------------------------------------------------------------------------- */

static void *worker(void *unused) {
    (void)unused;
    pthread_mutex_lock(&pool.lock);
    while (!atomic_load(&pool.closing)) {
        struct fj_task *const task = joinable_task();
        if (task == NULL) {
            const unsigned seen = atomic_load(&pool.listings);
            pthread_mutex_unlock(&pool.lock);
            spin(&pool.listings, seen, 0);
            pthread_mutex_lock(&pool.lock);
            if (atomic_load(&pool.listings) == seen && !atomic_load(&pool.closing)) {
                pthread_cond_wait(&pool.work, &pool.lock);
            }
            continue;
        }
        task->helpers--;
        task->inside++;
        pool.busy++;
        pthread_mutex_unlock(&pool.lock);
        (void)take_grains(task, NULL);
        pthread_mutex_lock(&pool.lock);
        pool.busy--;
        if (--task->inside == 0) {
            pthread_cond_broadcast(
                &task->left); /* under the lock: the task may be freed as soon as it is let go */
        }
    }
    pthread_mutex_unlock(&pool.lock);
    return NULL;
}

/* Have at least `wanted` idle workers, as far as the system gives threads. */
static void grow(unsigned wanted) {
    sigset_t all;
    sigset_t before;
    if (pool.workers - pool.busy >= wanted || pool.workers >= MAX_WORKERS) {
        return;
    }
    sigfillset(&all); /* signals belong to the interpreter's threads; a worker inherits this mask */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool.workers - pool.busy < wanted && pool.workers < MAX_WORKERS) {
        if (pthread_create(&pool.threads[pool.workers], NULL, worker, NULL) != 0) {
            break;
        }
        pool.workers++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* --- For the owner of a task ----------------------------------------------------------------------------------------- */

void fj_pool_start(struct fj_task *task, unsigned helpers, const struct fj_task *before) {
    atomic_init(&task->next, 0);
    atomic_init(&task->cancelled, 0);
    task->generation = fj_fork_generation();
    task->helpers = helpers;
    task->inside = 0;
    task->listed = 0;
    cond_init_monotonic(&task->left);
    if (helpers == 0 || task->count == 0) {
        return;
    }
    pthread_mutex_lock(&pool.lock);
    if (!atomic_load(&pool.closing)) {
        const unsigned coming =
            before != NULL && before->generation == task->generation ? atomic_load(&before->inside) : 0;
        grow(helpers > coming ? helpers - coming : 0);
        list_task(task);
        pthread_cond_broadcast(&pool.work);
    }
    pthread_mutex_unlock(&pool.lock);
}

/* In a forked child the helpers of the parent do not exist: what they had taken is done again, by the caller alone. */
static void adopt_after_fork(struct fj_task *task) {
    if (task->generation == fj_fork_generation()) {
        return;
    }
    task->generation = fj_fork_generation();
    task->helpers = 0;
    task->inside = 0;
    task->listed = 0;
    cond_init_monotonic(&task->left);
    atomic_store(&task->next, 0);
}

static int run(struct fj_task *task, unsigned budget_ms, struct fj_task *meanwhile) {
    const struct timespec deadline = deadline_in(1000ULL * budget_ms);
    if (!take_grains(task, budget_ms == 0 ? NULL : &deadline)) {
        return 0;
    }
    int late = 0;
    pthread_mutex_lock(&pool.lock);
    unlist_task(task);
    if (task->inside > 0) {
        pthread_mutex_unlock(&pool.lock);
        while (meanwhile != NULL && atomic_load(&task->inside) > 0 && take_grain(meanwhile)) {
        }
        spin(&task->inside, 0, 1);
        pthread_mutex_lock(&pool.lock);
    }
    while (task->inside > 0 && !late) {
        late = budget_ms == 0 ? pthread_cond_wait(&task->left, &pool.lock)
                              : pthread_cond_timedwait(&task->left, &pool.lock, &deadline);
    }
    const int done = task->inside == 0;
    pthread_mutex_unlock(&pool.lock);
    return done;
}

int fj_pool_run(struct fj_task *task, unsigned budget_ms, struct fj_task *meanwhile) {
    adopt_after_fork(task);
    if (meanwhile != NULL) {
        adopt_after_fork(meanwhile);
    }
    atomic_fetch_add(&pool.callers, 1);
    const int done = run(task, budget_ms, meanwhile);
    atomic_fetch_sub(&pool.callers, 1);
    return done;
}

void fj_pool_stop(struct fj_task *task) {
    adopt_after_fork(task);
    atomic_store(&task->cancelled, 1);
    pthread_mutex_lock(&pool.lock);
    unlist_task(task);
    while (task->inside > 0) {
        pthread_cond_wait(&task->left, &pool.lock);
    }
    pthread_mutex_unlock(&pool.lock);
    pthread_cond_destroy(&task->left);
}

void fj_pool_shutdown(void) {
    pthread_mutex_lock(&pool.lock);
    atomic_store(&pool.closing, 1);
    const unsigned workers = pool.workers;
    pool.workers = 0;
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.lock);
    /* Nobody writes there any more: a closing pool takes no workers on. */
    for (unsigned i = 0; i < workers; i++) {
        pthread_join(pool.threads[i], NULL);
    }
}

/* The interpreter is gone, and with it every thread that asked it for leave to go on; those that are still at a grain
 * have some milliseconds left before libcrypto cleans up. */
static void await_callers(void) {
    const struct timespec moment = {0, 1000000};
    for (int i = 0; i < 1000 && atomic_load(&pool.callers) > 0; i++) {
        nanosleep(&moment, NULL);
    }
}

static int awaiting;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void await_at_exit(void) {
    awaiting = atexit(await_callers) == 0;
}

int fj_pool_watch_exit(void) {
    (void)pthread_once(&once, await_at_exit);
    return awaiting;
}

/* --- Fork ------------------------------------------------------------------------------------------------------------ */

void fj_pool_before_fork(void) {
    pthread_mutex_lock(&pool.lock);
}

void fj_pool_after_fork_in_parent(void) {
    pthread_mutex_unlock(&pool.lock);
}

void fj_pool_after_fork_in_child(void) {
    /* The threads that waited on the condition are gone, and so is any state they left in it: begin anew. */
    const pthread_mutex_t unlocked = PTHREAD_MUTEX_INITIALIZER;
    const pthread_cond_t unused = PTHREAD_COND_INITIALIZER;
    pool.lock = unlocked;
    pool.work = unused;
    atomic_store(&pool.closing, 0);
    atomic_store(&pool.callers, 0);
    pool.first = NULL;
    pool.workers = 0;
    pool.busy = 0;
}
