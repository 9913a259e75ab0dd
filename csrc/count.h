/* Which engine did how many operations, so that a test can prove it and the doctor can show it. */
#ifndef FASTJWT_COUNT_H
#define FASTJWT_COUNT_H

#include "fastjwt.h"

/* Count one operation in the calling thread's favour; relaxed, a few nanoseconds. */
void fj_count_one(enum fj_counter counter);

/* Count several at once. */
void fj_count_many(enum fj_counter counter, size_t operations);

#endif
