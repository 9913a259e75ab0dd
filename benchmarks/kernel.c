/* How long the kernel's routines take, each alone and all lanes busy.
 *
 * Arguments: milliseconds for each figure.  Standard input: nothing; operands are random, since the time does not depend
 * on them.  Prints "name limbs nanoseconds multiply-adds" a line; one call works on
 * eight numbers. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lanes_avx512.h"
#include "rsa52_all.inc.h"

static uint64_t random_state = 1;

static void fill(void *memory, size_t len) {
    uint64_t *const words = memory;
    for (size_t i = 0; i < len / 8; i++) {
        random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
        words[i] = random_state >> 12; /* a limb below 2^52 */
    }
}

static double now_ns(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double budget_ns;

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

/* Nanoseconds that the core takes now for one of many multiply-adds that do not wait for each other: the clock by which
 * everything else is measured, since it goes up and down with the heat and with what the neighbours do. */
static __attribute__((noinline)) LANES_TARGET double madd_ns(void) {
    enum { TURNS = 400 };
    fj_lanes t[16];
    for (int i = 0; i < 16; i++) {
        t[i] = lanes_all((uint64_t)i);
    }
    const fj_lanes x = lanes_all(random_state >> 12);
    const double start = now_ns();
    for (int turn = 0; turn < TURNS; turn++) {
        UNROLL for (int i = 0; i < 16; i++) {
            t[i] = lanes_madd_lo(t[i], x, x);
        }
    }
    const double elapsed = now_ns() - start;
    fj_lanes sum = t[0];
    for (int i = 1; i < 16; i++) {
        sum = lanes_xor(sum, t[i]);
    }
    __asm__ volatile("" : : "v"(sum));
    return elapsed / (TURNS * 16);
}

/* Repeat `call` for the budget, in shares between which the clock is looked at.  Prints medians over the shares: the time
 * of a call, and how many multiply-adds the core could have done in it. */
#define TIME(name, limbs, call)                                                                       \
    do {                                                                                              \
        enum { SHARES = 101 };                                                                        \
        double times[SHARES];                                                                         \
        double madds[SHARES];                                                                         \
        for (int share = 0; share < SHARES; share++) {                                                \
            const double clock_before = madd_ns();                                                    \
            size_t calls = 0;                                                                         \
            const double start = now_ns();                                                            \
            double end = start;                                                                       \
            while (end - start < budget_ns / SHARES) {                                                \
                call;                                                                                 \
                call;                                                                                 \
                call;                                                                                 \
                call;                                                                                 \
                calls += 4;                                                                           \
                end = now_ns();                                                                       \
            }                                                                                         \
            const double clock_after = madd_ns();                                                     \
            times[share] = (end - start) / (double)calls;                                             \
            madds[share] = times[share] / (clock_before < clock_after ? clock_before : clock_after);  \
        }                                                                                             \
        (void)printf("%s %d %.1f %.0f\n", name, limbs, median(times, SHARES), median(madds, SHARES)); \
        (void)fflush(stdout);                                                                         \
    } while (0)

static fj_lanes a[80], b[80], n[80], r[80], columns[161];
static struct fj_public52 public;
static struct fj_private52 private;
static struct fj_blinding52 blinding;
static uint8_t made[FJ_LANES][FJ_RSA52_MAX_BYTES];
static uint8_t digests[FJ_LANES][FJ_RSA52_DIGEST_LEN];

/* 1368 multiply-adds, and beside them a load of eight lanes for each `every` of them.  Their number being the same, their time
 * tells the clock, which loads take down (csrc/mont52.inc.h). */
LANES_INLINE void madds_with_loads(const int every) {
    enum { SUMS = 24, TURNS = 57 };
    fj_lanes t[SUMS];
    fj_lanes y = n[0];
    UNROLL for (int i = 0; i < SUMS; i++) {
        t[i] = a[i];
    }
    for (int turn = 0; turn < TURNS; turn++) {
        UNROLL for (int i = 0; i < SUMS; i++) {
            if (i % every == 0) {
                __asm__ volatile("vmovdqa64 %1, %0" : "=v"(y) : "m"(n[i]));
            }
            t[i] = lanes_madd_lo(t[i], b[0], y);
        }
    }
    UNROLL for (int i = 0; i < SUMS; i++) {
        __asm__ volatile("" : : "v"(t[i]));
    }
}

static LANES_TARGET void clocks(void) {
    TIME("load/madds", 24, madds_with_loads(24));
    TIME("load/madds", 8, madds_with_loads(8));
    TIME("load/madds", 6, madds_with_loads(6));
    TIME("load/madds", 4, madds_with_loads(4));
    TIME("load/madds", 3, madds_with_loads(3));
}

static LANES_TARGET void routines(void) {
    const fj_lanes k0 = lanes_all(random_state >> 12);
    const uint64_t(*const pairs)[2] = (const uint64_t(*)[2])n; /* as signing has them */
    TIME("square", 20, fj_square_paired_20(r, columns, r, pairs, k0));
    TIME("square", 30, fj_square_paired_30(r, columns, r, pairs, k0));
    TIME("square", 40, fj_square_40(r, columns, r, n, k0));
    TIME("square", 60, fj_square_60(r, columns, r, n, k0));
    TIME("square", 80, fj_square_80(r, columns, r, n, k0));
    TIME("multiply", 20, fj_multiply_paired_20(r, columns, r, b, pairs, k0));
    TIME("multiply", 30, fj_multiply_paired_30(r, columns, r, b, pairs, k0));
    TIME("multiply", 40, fj_multiply_40(r, columns, r, b, n, k0));
    TIME("multiply", 60, fj_multiply_60(r, columns, r, b, n, k0));
    TIME("multiply", 80, fj_multiply_80(r, columns, r, b, n, k0));
}

static void operations(void) {
    const struct fj_public52 *publics[FJ_LANES];
    uint8_t *signatures[FJ_LANES];
    const uint8_t *signed_[FJ_LANES];
    const uint8_t *at[FJ_LANES];
    volatile uint8_t good = 0;
    void *const workspace = aligned_alloc(64, (fj_ifma_workspace_len() + 63) / 64 * 64);
    for (int l = 0; l < FJ_LANES; l++) {
        publics[l] = &public;
        signatures[l] = made[l];
        signed_[l] = made[l];
        at[l] = digests[l];
    }
    for (size_t limbs = 40; limbs <= 80; limbs += 20) {
        public.limbs = limbs;
        public.bytes = limbs == 40 ? 256 : limbs == 60 ? 384 : 512;
        TIME("verify", (int)limbs, good ^= fj_ifma_verify_var(publics, signed_, at));
        TIME("verify1", (int)limbs, good ^= (uint8_t)fj_ifma_verify_one_var(&public, made[0], at[0]));
        TIME("sign8", (int)limbs, fj_ifma_sign(signatures, &private, &public, &blinding, at, 8, workspace));
        TIME("sign4", (int)limbs, fj_ifma_sign(signatures, &private, &public, &blinding, at, 4, workspace));
    }
    free(workspace);
}

int main(int count, char **arguments) {
    budget_ns = (count > 1 ? strtod(arguments[1], NULL) : 100) * 1e6;
    fill(a, sizeof a);
    fill(b, sizeof b);
    fill(n, sizeof n);
    fill(r, sizeof r);
    fill(&public, sizeof public);
    fill(&private, sizeof private);
    fill(&blinding, sizeof blinding);
    fill(digests, sizeof digests);
    clocks();
    routines();
    operations();
    return 0;
}
