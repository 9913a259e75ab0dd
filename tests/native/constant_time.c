/* The kernel, with every secret marked uninitialised: MemorySanitizer (or, over plain C, valgrind) reports each branch
 * and each address that depends on one.  Built without libcrypto, which is not instrumented; the key's constants come on
 * standard input.
 *
 * Arguments: what is secret (`key`, `blinding`, `all`), the number of signatures, and a leak to plant (`none`, `branch`,
 * `index`), without which nobody would know that a leak is found. */
#include "given.h"

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define SECRET(memory, len) __msan_allocated_memory(memory, len)
#define PUBLIC(memory, len) __msan_unpoison(memory, len)
#define FIRST_SECRET(memory, len) __msan_test_shadow(memory, len)
#endif
#endif
#ifndef SECRET
#include <valgrind/memcheck.h>
#define SECRET(memory, len) (void)VALGRIND_MAKE_MEM_UNDEFINED(memory, len)
#define PUBLIC(memory, len) (void)VALGRIND_MAKE_MEM_DEFINED(memory, len)
#define FIRST_SECRET(memory, len) first_undefined(memory, len)

static long first_undefined(const uint8_t *memory, size_t len) {
    for (size_t i = 0; i < len; i++) {
        uint8_t bits = 0;
        (void)VALGRIND_GET_VBITS(memory + i, &bits, 1);
        VALGRIND_MAKE_MEM_DEFINED(&bits, 1);
        if (bits != 0) {
            return (long)i;
        }
    }
    return -1;
}
#endif

static const char *planted = "none";
static const uint64_t table[16] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};
static volatile uint64_t sink;

/* The kernel calls this on its way (rsa52_all.inc.h): the place to plant a leak of m1. */
void fj_test_point(const char *name, void *memory, size_t len) {
    const uint64_t *const limbs = memory;
    if (strcmp(name, "m1") != 0) {
        return;
    }
    if (FIRST_SECRET(memory, len) != 0) {
        fail("m1 is not secret: the marks were lost on the way");
    }
    if (strcmp(planted, "branch") == 0 && (limbs[9] & 4) != 0) {
        sink += 1;
    }
    if (strcmp(planted, "index") == 0) {
        sink += table[limbs[9] & 15];
    }
}

int main(int argc, char **argv) {
    static struct given_constants key;
    static uint8_t made[FJ_LANES][FJ_RSA52_MAX_BYTES];
    static uint8_t digests[FJ_LANES][FJ_RSA52_DIGEST_LEN];
    uint8_t *signatures[FJ_LANES];
    const uint8_t *digest[FJ_LANES];
    if (argc != 4) {
        fail("three arguments are needed");
    }
    const size_t count = strtoul(argv[2], NULL, 10);
    planted = argv[3];
    given_constants(&key);
    for (int l = 0; l < FJ_LANES; l++) {
        memset(digests[l], 17 * l + 1, sizeof digests[l]);
        digest[l] = digests[l];
        signatures[l] = made[l];
    }
    void *const workspace =
        aligned_alloc(64, (fj_ifma_workspace_len() + 63) / 64 * 64); /* uninitialised, too */
    if (workspace == NULL) {
        fail("no memory");
    }
    if (strcmp(argv[1], "blinding") != 0) {
        SECRET(&key.private, sizeof key.private);
    }
    if (strcmp(argv[1], "key") != 0) {
        SECRET(&key.blinding, sizeof key.blinding);
    }
    fj_ifma_sign(signatures, &key.private, &key.public, &key.blinding, digest, count, workspace);
    for (size_t l = 0; l < count; l++) {
        if (FIRST_SECRET(made[l], key.public.bytes) != 0) {
            fail("a signature is not secret: the marks were lost on the way");
        }
        PUBLIC(made[l], key.public.bytes);
        for (size_t i = 0; i < key.public.bytes; i++) {
            printf("%02x", made[l][i]);
        }
        printf("\n");
    }
    free(workspace);
    return 0;
}
