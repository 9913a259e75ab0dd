/* Let the k-th allocation fail, for every k, in everything that the C side does: loading keys, splitting, verifying,
 * signing, alone and in batches, on each native engine.
 *
 * After each failure: the answer is right, or it is "no memory" and nothing else (never a verdict on a token); outputs
 * are unchanged or zeroed; the error queue is empty; the key still works.  With the argument `again` everything is done
 * again, and must not leave one block more than before.
 *
 * Our own code and libcrypto get their memory here: the first because malloc and its kin are defined here, the second
 * because it is told to.  (Under valgrind the first does not hold: it puts its own malloc before this one.) */
#include <dlfcn.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fastjwt.h"

/* --- Allocations that fail ------------------------------------------------------------------------------------------- */

static atomic_long countdown; /* 0: never fail; n: the n-th allocation from now on fails */
static atomic_long failures;
static atomic_long live; /* blocks that were given out and not taken back */
static atomic_int all_later; /* fail also all that follow */

static void *(*next_malloc)(size_t);
static void *(*next_realloc)(void *, size_t);
static void (*next_free)(void *);
static void *(*next_mmap)(void *, size_t, int, int, int, off_t);
static char early[4096]; /* for dlsym, which may allocate before it has answered */
static size_t early_used;

static void find_next(void) {
    static int finding;
    if (next_free != NULL || finding) {
        return;
    }
    finding = 1;
    *(void **)&next_malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&next_realloc = dlsym(RTLD_NEXT, "realloc");
    *(void **)&next_mmap = dlsym(RTLD_NEXT, "mmap");
    *(void **)&next_free = dlsym(RTLD_NEXT, "free");
    finding = 0;
}

static int fails_now(void) {
    long left = atomic_load(&countdown);
    if (left == 0) {
        return 0;
    }
    left = atomic_fetch_sub(&countdown, 1);
    if (left != 1) {
        return 0;
    }
    if (atomic_load(&all_later)) {
        atomic_store(&countdown, 1);
    }
    atomic_fetch_add(&failures, 1);
    errno = ENOMEM;
    return 1;
}

static void *take(size_t len) {
    find_next();
    if (next_malloc == NULL) {
        void *const memory = early + early_used;
        early_used += (len + 15) / 16 * 16;
        if (early_used > sizeof early) {
            abort();
        }
        return memory;
    }
    void *const memory = fails_now() ? NULL : next_malloc(len > 0 ? len : 1);
    atomic_fetch_add(&live, memory != NULL);
    return memory;
}

static void *take_other(void *memory, size_t len) {
    if (memory == NULL) {
        return take(len);
    }
    find_next();
    return fails_now() ? NULL : next_realloc(memory, len);
}

static void give_back(void *memory) {
    if (memory == NULL || ((char *)memory >= early && (char *)memory < early + sizeof early)) {
        return;
    }
    atomic_fetch_sub(&live, 1);
    next_free(memory);
}

void *malloc(size_t len) {
    return take(len);
}

void *calloc(size_t count, size_t len) {
    void *const memory = len == 0 || count <= SIZE_MAX / len ? take(count * len) : NULL;
    return memory != NULL ? memset(memory, 0, count * len) : NULL;
}

void *realloc(void *memory, size_t len) {
    return take_other(memory, len);
}

void free(void *memory) {
    give_back(memory);
}

static void *take_for_libcrypto(size_t len, const char *file, int line) {
    (void)file;
    (void)line;
    return len > 0 ? take(len) : NULL;
}

static void *take_other_for_libcrypto(void *memory, size_t len, const char *file, int line) {
    (void)file;
    (void)line;
    if (len == 0) {
        give_back(memory);
        return NULL;
    }
    return take_other(memory, len);
}

static void give_back_from_libcrypto(void *memory, const char *file, int line) {
    (void)file;
    (void)line;
    give_back(memory);
}

void *mmap(void *address, size_t len, int protection, int flags, int descriptor, off_t offset) {
    find_next();
    return fails_now() ? MAP_FAILED : next_mmap(address, len, protection, flags, descriptor, offset);
}

static void fail_at(long k, int and_all_later) {
    atomic_store(&failures, 0);
    atomic_store(&all_later, and_all_later);
    atomic_store(&countdown, k);
}

static long stop_failing(void) {
    atomic_store(&countdown, 0);
    return atomic_exchange(&failures, 0);
}

/* --- What is tried --------------------------------------------------------------------------------------------------- */

enum outcome { RIGHT, NO_MEMORY, WRONG };

enum { PRIVATE_PARTS = FJ_PART_QI + 1, TOKENS = 10, ROOM = 16384 };

static const char *scenario_name;

static enum outcome wrong(const char *what, int status) {
    fprintf(stderr, "%s: %s (status %d)\n", scenario_name, what, status);
    return WRONG;
}

/* The numbers of a key that was generated once, and keys and tokens made of it while memory was plenty. */
static struct fj_octets parts[PRIVATE_PARTS];
static int engine = FJ_ENGINE_OPENSSL;
static fj_key *private_key;
static fj_key *public_key;
static fj_key *secret_key;
static const uint8_t SECRET[32] = {1, 2, 3};
static const uint8_t PREFIX[] = "eyJhbGciOiJSUzI1NiJ9."; /* {"alg":"RS256"} */
static const uint8_t PAYLOADS[TOKENS * 7];
static uint64_t payload_lengths[TOKENS]; /* 1 to 7 */
static size_t payloads_len;
static uint8_t good_tokens[ROOM];
static size_t good_len;
static uint64_t token_lengths[TOKENS];

/* An operation may also say that libcrypto failed: OpenSSL 3.0 seldom knows that it was for want of memory. */
static int says_nothing(int status) {
    return status == FJ_NO_MEMORY || status == FJ_INTERNAL;
}

/* Verify the first token with a key, while memory is plenty. */
static int verifies(fj_key *key) {
    uint8_t decoded[ROOM];
    struct fj_single single = {.limits = {ROOM, ROOM, 0, 1}, .decoded = decoded};
    if (good_len == 0) {
        return 1; /* nothing was signed yet */
    }
    return fj_single_split(&single, good_tokens, token_lengths[0]) == FJ_PENDING &&
           fj_single_verify(&single, key, good_tokens) == FJ_OK;
}

static enum outcome loaded(fj_key *key, int status, size_t signature_len) {
    if (key == NULL) {
        return status == FJ_NO_MEMORY ? NO_MEMORY : wrong("no key, but another reason than memory", status);
    }
    const long left = atomic_exchange(&countdown, 0);
    const int right = fj_key_signature_len(key) == signature_len && (signature_len == 32 || verifies(key));
    fj_key_release(key);
    atomic_store(&countdown, left);
    if (!right) {
        return wrong("a key that does not verify what it should", status);
    }
    return status == FJ_OK ? RIGHT : wrong("a key, but a status that is not good", status);
}

static enum outcome load_public(void) {
    int status = -1;
    fj_key *const key = fj_key_public(&status, parts[FJ_PART_N], parts[FJ_PART_E], engine);
    return loaded(key, status, parts[FJ_PART_N].len);
}

static enum outcome load_private(void) {
    int status = -1;
    fj_key *const key = fj_key_private(&status, parts, engine);
    return loaded(key, status, parts[FJ_PART_N].len);
}

static enum outcome load_secret(void) {
    int status = -1;
    const struct fj_octets secret = {SECRET, sizeof SECRET};
    fj_key *const key = fj_key_secret(&status, secret);
    return loaded(key, status, 32);
}

static enum outcome called_prime(int verdict) {
    return verdict == 1 ? RIGHT : verdict < 0 ? NO_MEMORY : wrong("a prime called composite", verdict);
}

static enum outcome test_prime(void) {
    return called_prime(fj_is_prime(parts[FJ_PART_P]));
}

static enum outcome test_prime_modulus(void) {
    return called_prime(fj_may_be_prime_var(parts[FJ_PART_P]));
}

/* A key whose contexts are all lent out has to make one, so that this is tried as well: a new key each time. */
static fj_key *fresh(enum fj_key_part kind) {
    int status = 0;
    const long left = atomic_exchange(&countdown, 0);
    const struct fj_octets secret = {SECRET, sizeof SECRET};
    fj_key *const key = kind == FJ_PART_SECRET ? fj_key_secret(&status, secret)
                        : kind == FJ_PART_N    ? fj_key_public(&status, parts[FJ_PART_N], parts[FJ_PART_E], engine)
                                               : fj_key_private(&status, parts, engine);
    atomic_store(&countdown, left);
    return key;
}

static enum outcome sign_with(fj_key *key, unsigned threads) {
    uint8_t status[TOKENS];
    enum outcome outcome = RIGHT;
    fj_job *job = NULL;
    const size_t len = fj_sign_len(key, sizeof PREFIX - 1, payload_lengths, TOKENS);
    uint8_t out[ROOM] = {0};
    const int started = fj_sign_start(&job, out, len, status, key, PREFIX, sizeof PREFIX - 1, PAYLOADS,
                                      payloads_len, payload_lengths, TOKENS, threads, NULL);
    if (started != FJ_OK) {
        return started == FJ_NO_MEMORY && job == NULL ? NO_MEMORY : wrong("signing did not start", started);
    }
    while (!fj_job_run(job, 1, NULL)) {
    }
    fj_job_release(&job);
    const uint8_t *token = out;
    for (size_t i = 0; i < TOKENS; i++) {
        const size_t token_len = fj_sign_len(key, sizeof PREFIX - 1, &payload_lengths[i], 1);
        if (says_nothing(status[i])) {
            outcome = NO_MEMORY;
            for (size_t at = 0; at < token_len; at++) {
                if (token[at] != 0) {
                    return wrong("a token that failed is not zeroed", (int)i);
                }
            }
        } else if (status[i] != FJ_OK) {
            return wrong("signing failed for another reason than memory", status[i]);
        } else if (key != secret_key && good_len != 0 && memcmp(token, good_tokens + (token - out), token_len) != 0) {
            return wrong("another token than before", (int)i);
        }
        token += token_len;
    }
    if (outcome == RIGHT && good_len == 0) {
        memcpy(good_tokens, out, len);
        good_len = len;
    }
    return outcome;
}

static enum outcome sign_alone(void) {
    return sign_with(private_key, 1);
}

static enum outcome sign_on_two_threads(void) {
    return sign_with(private_key, 2);
}

static enum outcome sign_with_new_contexts(void) {
    fj_key *const key = fresh(FJ_PART_D);
    const enum outcome outcome = sign_with(key, 2);
    fj_key_release(key);
    return outcome;
}

static enum outcome sign_hmac(void) {
    return sign_with(secret_key, 1);
}

static enum outcome split_and_verify(fj_key *key, unsigned threads) {
    uint8_t status[TOKENS];
    struct fj_token tokens[TOKENS];
    uint64_t start[TOKENS];
    uint64_t end[TOKENS];
    uint8_t names[TOKENS];
    uint32_t first[TOKENS];
    uint8_t decoded[ROOM];
    const struct fj_limits limits = {ROOM, ROOM, 0, 1};
    const long headers = fj_split(status, tokens, start, end, names, first, decoded, good_tokens, good_len,
                                  token_lengths, TOKENS, &limits);
    if (headers == -1) {
        return NO_MEMORY;
    }
    if (headers != 1) {
        return wrong("a wrong number of headers", (int)headers);
    }
    fj_job *job = NULL;
    const uint8_t verdicts[1] = {FJ_KEY_NOT_FOUND};
    const int started =
        fj_verify_start(&job, status, tokens, TOKENS, good_tokens, decoded, &key, verdicts, 1, threads, NULL);
    if (started != FJ_OK) {
        return started == FJ_NO_MEMORY && job == NULL ? NO_MEMORY : wrong("verifying did not start", started);
    }
    while (!fj_job_run(job, 1, NULL)) {
    }
    fj_job_release(&job);
    enum outcome outcome = RIGHT;
    for (size_t i = 0; i < TOKENS; i++) {
        if (says_nothing(status[i])) {
            outcome = NO_MEMORY;
        } else if (status[i] != FJ_OK) {
            return wrong("a good token got a verdict", status[i]);
        }
    }
    return outcome;
}

static enum outcome verify_alone(void) {
    return split_and_verify(public_key, 1);
}

static enum outcome verify_on_two_threads(void) {
    return split_and_verify(public_key, 2);
}

static enum outcome verify_with_new_contexts(void) {
    fj_key *const key = fresh(FJ_PART_N);
    const enum outcome outcome = split_and_verify(key, 2);
    fj_key_release(key);
    return outcome;
}

static enum outcome message_with(fj_key *key) {
    uint8_t signature[512] = {0};
    const size_t len = fj_key_signature_len(key);
    int status = fj_sign_message(key, signature, len, PREFIX, sizeof PREFIX);
    if (status != FJ_OK) {
        return says_nothing(status) ? NO_MEMORY : wrong("a message was not signed", status);
    }
    status = fj_verify_message(key, signature, len, PREFIX, sizeof PREFIX);
    if (status != FJ_OK) {
        return says_nothing(status) ? NO_MEMORY : wrong("a good signature got a verdict", status);
    }
    return RIGHT;
}

static enum outcome rsa_message(void) {
    return message_with(private_key);
}

static enum outcome hmac_message(void) {
    fj_key *const key = fresh(FJ_PART_SECRET);
    const enum outcome outcome = message_with(key);
    fj_key_release(key);
    return outcome;
}

static const struct scenario {
    const char *name;
    enum outcome (*run)(void);
} SCENARIOS[] = {
    {"load a public key", load_public},
    {"load a private key", load_private},
    {"load a secret", load_secret},
    {"test a prime", test_prime},
    {"test a prime modulus", test_prime_modulus},
    {"sign a batch", sign_alone},
    {"sign a batch on two threads", sign_on_two_threads},
    {"sign a batch with new contexts", sign_with_new_contexts},
    {"sign a batch with HMAC", sign_hmac},
    {"verify a batch", verify_alone},
    {"verify a batch on two threads", verify_on_two_threads},
    {"verify a batch with new contexts", verify_with_new_contexts},
    {"sign and verify a message", rsa_message},
    {"sign and verify a message with HMAC", hmac_message},
};

/* Let each allocation of a scenario fail in its turn; returns how often the outcome was wrong. */
static int fail_each(const struct scenario *scenario, int and_all_later) {
    int faults = 0;
    long refused = 0;
    long survived = 0;
    long k = 0;
    scenario_name = scenario->name;
    for (;;) {
        fail_at(++k, and_all_later);
        const enum outcome outcome = scenario->run();
        const long failed = stop_failing();
        const unsigned long left = ERR_peek_error();
        if (outcome == WRONG || left != 0) {
            fprintf(stderr, "%s: allocation %ld%s%s\n", scenario->name, k, and_all_later ? " and all later" : "",
                    left != 0 ? ": an error was left in the queue" : "");
            ERR_clear_error();
            faults++;
        }
        refused += outcome == NO_MEMORY;
        survived += failed != 0 && outcome == RIGHT;
        if (scenario->run() != RIGHT) {
            fprintf(stderr, "%s: does not work any more after allocation %ld failed\n", scenario->name, k);
            faults++;
        }
        if (failed == 0) {
            break;
        }
    }
    printf("%-36s %5ld allocations%s: %ld refused, %ld survived, %d faults\n", scenario->name, k - 1,
           and_all_later ? " and all later" : "", refused, survived, faults);
    return faults;
}

static int generate(void) {
    int status = fj_init();
    static uint8_t memory[PRIVATE_PARTS][256];
    fj_key *const generated = status == FJ_OK ? fj_key_generate(&status, 2048) : NULL;
    if (generated == NULL) {
        return 0;
    }
    for (int part = 0; part < PRIVATE_PARTS; part++) {
        parts[part] = (struct fj_octets){memory[part], fj_key_export(generated, memory[part], part)};
    }
    fj_key_release(generated);
    for (size_t i = 0; i < TOKENS; i++) {
        payload_lengths[i] = 1 + i % 7;
        payloads_len += payload_lengths[i];
    }
    return 1;
}

static int set_up(void) {
    private_key = fresh(FJ_PART_D);
    public_key = fresh(FJ_PART_N);
    secret_key = fresh(FJ_PART_SECRET);
    if (private_key == NULL || public_key == NULL || secret_key == NULL || sign_alone() != RIGHT) {
        return 0;
    }
    for (size_t i = 0; i < TOKENS; i++) {
        token_lengths[i] = fj_sign_len(private_key, sizeof PREFIX - 1, &payload_lengths[i], 1);
    }
    return 1;
}

static int try_all(void) {
    int faults = 0;
    for (size_t i = 0; i < sizeof SCENARIOS / sizeof *SCENARIOS; i++) {
        faults += fail_each(&SCENARIOS[i], 0);
        faults += fail_each(&SCENARIOS[i], 1);
    }
    return faults;
}

static int try_engine(int again) {
    scenario_name = "set-up";
    if (!set_up()) {
        fprintf(stderr, "cannot set up\n");
        return 1;
    }
    int faults = try_all();
    long lost = again ? 1 : 0;
    for (int i = 0; lost > 0 && i < 4; i++) { /* libcrypto may keep a block for later; a leak leaves some each time */
        const long before = atomic_load(&live);
        faults += try_all();
        lost = atomic_load(&live) - before;
    }
    if (lost > 0) {
        fprintf(stderr, "each time leaves blocks behind, the last one %ld\n", lost);
        faults++;
    }
    fj_key_release(private_key);
    fj_key_release(public_key);
    fj_key_release(secret_key);
    return faults;
}

int main(int count, char **arguments) {
    const int again = count > 1 && strcmp(arguments[1], "again") == 0;
    if (CRYPTO_set_mem_functions(take_for_libcrypto, take_other_for_libcrypto, give_back_from_libcrypto) != 1 ||
        !generate()) {
        fprintf(stderr, "cannot generate a key\n");
        return 2;
    }
    printf("--- engine openssl\n");
    int faults = try_engine(again);
    if (fj_kernel() == FJ_KERNEL_READY) {
        printf("--- engine avx512ifma\n");
        engine = FJ_ENGINE_IFMA;
        faults += try_engine(again); /* whose tokens must be those of libcrypto */
    }
    fj_shutdown();
    return faults != 0;
}
