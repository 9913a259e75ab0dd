#include "count.h"

#include <stdatomic.h>

static atomic_uint_least64_t counts[FJ_COUNTERS];

void fj_count_one(enum fj_counter counter) {
    fj_count_many(counter, 1);
}

void fj_count_many(enum fj_counter counter, size_t operations) {
    atomic_fetch_add_explicit(&counts[counter], operations, memory_order_relaxed);
}

uint64_t fj_count(int counter) {
    if (counter < 0 || counter >= FJ_COUNTERS) {
        return 0;
    }
    return atomic_load_explicit(&counts[counter], memory_order_relaxed);
}
