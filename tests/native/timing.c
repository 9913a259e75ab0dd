/* Whether the time of signing tells classes of secrets apart: Welch's t-test, after Reparaz, Balasch and Verbauwhede
 * ("Dude, is my code constant time?", 2017).
 *
 * Arguments: what differs, and the batches of eight signatures for each of the two classes.
 *   message    class 0 signs eight fixed digests each time, class 1 random ones
 *   exponent   class 0 has exponents of one bit, class 1 exponents of ones
 *   weight     class 0 has fixed random exponents, class 1 random exponents of three quarters ones
 *   planted    no difference but 1024 additions, one after the other, for class 1 (0.1 %): what must be seen
 * Blinding is off (u = 1, as the constants on standard input say), so that the message is the exponentiation's.
 * Inputs are made beforehand, the classes take turns in random order, and both are copied to the same place before the
 * clock is read.  Prints t for all times, and for those below some percentiles, since a busy machine has a long tail; and
 * the same for the differences within each turn, which a processor that changes its pace spoils less. */
#include <math.h>
#include <x86intrin.h>

#include "given.h"

enum { POOL = 1024, EXPONENT_LEN = FJ_RSA52_MAX_BYTES / 2 };

struct input {
    uint8_t digests[FJ_LANES][FJ_RSA52_DIGEST_LEN];
    uint8_t exponents[2][EXPONENT_LEN];
};

static struct input pool[2][POOL];
static struct input input;
static struct given_constants key;

static void fill_random(void *memory, size_t len, uint64_t *random) {
    for (uint8_t *at = memory; len > 0; len--) {
        *at++ = (uint8_t)(next_random(random) >> 32);
    }
}

static void make_inputs(const char *what, uint64_t *random) {
    const size_t exponent_len = key.public.bytes / 2;
    struct input fixed;
    memset(&fixed, 0, sizeof fixed);
    memset(fixed.digests, 0x5a, sizeof fixed.digests);
    memcpy(fixed.exponents[0], key.private.p.exponent, EXPONENT_LEN);
    memcpy(fixed.exponents[1], key.private.q.exponent, EXPONENT_LEN);
    for (int class = 0; class < 2; class ++) {
        for (int i = 0; i < POOL; i++) {
            struct input *const in = &pool[class][i];
            *in = fixed;
            if (strcmp(what, "message") == 0 && class == 1) {
                fill_random(in->digests, sizeof in->digests, random);
            }
            if (strcmp(what, "exponent") == 0) {
                memset(in->exponents, class == 1 ? 0xff : 0, sizeof in->exponents);
                in->exponents[0][exponent_len - 1] |= 1;
                in->exponents[1][exponent_len - 1] |= 1;
            }
            if (strcmp(what, "weight") == 0 && class == 1) {
                struct input more;
                fill_random(in->exponents, sizeof in->exponents, random);
                fill_random(more.exponents, sizeof more.exponents, random);
                for (size_t at = 0; at < EXPONENT_LEN; at++) {
                    in->exponents[0][at] |= more.exponents[0][at];
                    in->exponents[1][at] |= more.exponents[1][at];
                }
            }
        }
    }
}

static uint64_t time_once(const struct input *in, void *workspace, int extra) {
    static uint8_t made[FJ_LANES][FJ_RSA52_MAX_BYTES];
    uint8_t *signatures[FJ_LANES];
    const uint8_t *digests[FJ_LANES];
    unsigned processor = 0;
    input = *in;
    memcpy(key.private.p.exponent, input.exponents[0], EXPONENT_LEN);
    memcpy(key.private.q.exponent, input.exponents[1], EXPONENT_LEN);
    for (int l = 0; l < FJ_LANES; l++) {
        signatures[l] = made[l];
        digests[l] = input.digests[l];
    }
    _mm_lfence();
    const uint64_t begin = __rdtsc();
    _mm_lfence();
    fj_ifma_sign(signatures, &key.private, &key.public, &key.blinding, digests, FJ_LANES, workspace);
    for (int i = 0; i < extra; i++) {
        __asm__ volatile("add $1, %0" : "+r"(processor));
    }
    const uint64_t end = __rdtscp(&processor);
    _mm_lfence();
    return end - begin;
}

static int by_value(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* t of the times up to `most`. */
static double welch(const uint64_t *const times[2], const size_t counts[2], uint64_t most, size_t *used) {
    double mean[2] = {0, 0};
    double squares[2] = {0, 0};
    size_t n[2] = {0, 0};
    for (int class = 0; class < 2; class ++) {
        for (size_t i = 0; i < counts[class]; i++) {
            if (times[class][i] <= most) {
                const double delta = (double)times[class][i] - mean[class];
                n[class]++;
                mean[class] += delta / (double)n[class];
                squares[class] += delta * ((double)times[class][i] - mean[class]);
            }
        }
    }
    *used = n[0] + n[1];
    if (n[0] < 2 || n[1] < 2) {
        return 0;
    }
    const double variance =
        squares[0] / (double)(n[0] - 1) / (double)n[0] + squares[1] / (double)(n[1] - 1) / (double)n[1];
    return variance > 0 ? (mean[0] - mean[1]) / sqrt(variance) : 0;
}

/* t of the differences of which none is more than `most`: whether their mean is 0. */
static double paired(const uint64_t *const times[2], size_t count, uint64_t most, size_t *used) {
    double mean = 0;
    double squares = 0;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const double difference = (double)times[0][i] - (double)times[1][i];
        if (fabs(difference) <= (double)most) {
            const double delta = difference - mean;
            n++;
            mean += delta / (double)n;
            squares += delta * (difference - mean);
        }
    }
    *used = n;
    return n < 2 || squares <= 0 ? 0 : mean / sqrt(squares / (double)(n - 1) / (double)n);
}

int main(int argc, char **argv) {
    static const int PERCENTILES[] = {100, 99, 95, 90, 75, 50, 25};
    uint64_t random = 7;
    if (argc != 3) {
        fail("two arguments are needed");
    }
    given_constants(&key);
    make_inputs(argv[1], &random);
    const size_t wanted = strtoul(argv[2], NULL, 10);
    const int planted = strcmp(argv[1], "planted") == 0;
    uint64_t *const times[2] = {calloc(wanted, sizeof(uint64_t)), calloc(wanted, sizeof(uint64_t))};
    uint64_t *const sorted = calloc(2 * wanted, sizeof(uint64_t));
    void *const workspace = aligned_alloc(64, (fj_ifma_workspace_len() + 63) / 64 * 64);
    if (times[0] == NULL || times[1] == NULL || sorted == NULL || workspace == NULL) {
        fail("no memory");
    }
    for (int i = 0; i < 100; i++) { /* until the processor has its pace */
        (void)time_once(&pool[i % 2][0], workspace, 0);
    }
    const size_t counts[2] = {wanted, wanted};
    for (size_t i = 0; i < wanted; i++) {
        const uint64_t draw = next_random(&random) >> 20;
        for (int turn = 0; turn < 2; turn++) {
            const int class = (int)(draw & 1) ^ turn;
            times[class][i] =
                time_once(&pool[class][draw / 2 % POOL], workspace, planted && class == 1 ? 1024 : 0);
        }
    }
    memcpy(sorted, times[0], wanted * sizeof *sorted);
    memcpy(sorted + wanted, times[1], wanted * sizeof *sorted);
    qsort(sorted, 2 * wanted, sizeof *sorted, by_value);
    printf("cycles: least %lu, 25%% %lu, median %lu, 75%% %lu, 99%% %lu, most %lu\n",
           (unsigned long)sorted[0], (unsigned long)sorted[wanted / 2], (unsigned long)sorted[wanted],
           (unsigned long)sorted[wanted / 2 * 3], (unsigned long)sorted[2 * wanted / 100 * 99],
           (unsigned long)sorted[2 * wanted - 1]);
    double most = 0;
    for (size_t i = 0; i < sizeof PERCENTILES / sizeof *PERCENTILES; i++) {
        const size_t at = 2 * wanted * (size_t)PERCENTILES[i] / 100 - 1;
        size_t used = 0;
        const double t = welch((const uint64_t *const *)times, counts, sorted[at], &used);
        printf("up to %d%%: t %.2f of %lu\n", PERCENTILES[i], t, (unsigned long)used);
        most = fabs(t) > most ? fabs(t) : most;
    }
    for (size_t i = 0; i < wanted; i++) {
        sorted[i] = times[0][i] > times[1][i] ? times[0][i] - times[1][i] : times[1][i] - times[0][i];
    }
    qsort(sorted, wanted, sizeof *sorted, by_value);
    for (size_t i = 0; i < sizeof PERCENTILES / sizeof *PERCENTILES; i++) {
        size_t used = 0;
        const uint64_t limit = sorted[wanted * (size_t)PERCENTILES[i] / 100 - 1];
        const double t = paired((const uint64_t *const *)times, wanted, limit, &used);
        printf("differences up to %d%%: t %.2f of %lu\n", PERCENTILES[i], t, (unsigned long)used);
        most = fabs(t) > most ? fabs(t) : most;
    }
    printf("%s signatures a class=%lu t=%.2f\n", argv[1], (unsigned long)(wanted * FJ_LANES), most);
    return 0;
}
