/* Sign on a stack of our own, and search it and the workspace afterwards for anything secret.
 *
 * Secrets are the key's constants and whatever the kernel shows at its test points: table, y, m1, m2, h and so on.  Any
 * aligned word on the stack whose low 52 bits are a secret limb's is a find.  Constants come on standard input.
 * Argument: the number of signatures.  Prints stack=finds workspace=finds seen=secrets. */
#include <pthread.h>

#include "given.h"

enum { STACK_LEN = 1 << 20, SLOTS = 1 << 22 };

static uint64_t slots[SLOTS];
static unsigned long seen;
static struct given_constants key;
static uint8_t made[FJ_LANES][FJ_RSA52_MAX_BYTES];
static uint8_t digests[FJ_LANES][FJ_RSA52_DIGEST_LEN];
static void *workspace;
static size_t count;

static uint64_t *slot_of(uint64_t limb) {
    size_t at = (size_t)(limb * UINT64_C(0x9e3779b97f4a7c15) >> 42);
    while (slots[at] != 0 && slots[at] != limb) {
        at = (at + 1) % SLOTS;
    }
    return &slots[at];
}

/* Small numbers are everywhere, and tell nothing. */
static int telling(uint64_t limb) {
    return limb >> 32 != 0;
}

static void remember(const void *memory, size_t len) {
    const uint64_t *const words = memory;
    for (size_t i = 0; i < len / sizeof *words; i++) {
        const uint64_t limb = words[i] & ((UINT64_C(1) << 52) - 1);
        if (telling(limb) && *slot_of(limb) == 0 && seen < SLOTS / 2) {
            *slot_of(limb) = limb;
            seen++;
        }
    }
}

static int is_secret(uint64_t word) {
    const uint64_t limb = word & ((UINT64_C(1) << 52) - 1);
    return telling(limb) && *slot_of(limb) == limb;
}

void fj_test_point(const char *name, void *memory, size_t len) {
    if (strcmp(name, "signature") != 0) { /* that one leaves */
        remember(memory, len);
    }
}

static void *sign(void *unused) {
    uint8_t *signatures[FJ_LANES];
    const uint8_t *digest[FJ_LANES];
    for (int l = 0; l < FJ_LANES; l++) {
        signatures[l] = made[l];
        digest[l] = digests[l];
    }
    fj_ifma_sign(signatures, &key.private, &key.public, &key.blinding, digest, count, workspace);
    return unused;
}

static unsigned long finds(const void *memory, size_t len) {
    const uint64_t *const words = memory;
    unsigned long found = 0;
    for (size_t i = 0; i < len / sizeof *words; i++) {
        if (is_secret(words[i])) {
            found++;
        }
    }
    return found;
}

int main(int argc, char **argv) {
    pthread_attr_t attributes;
    pthread_t thread;
    if (argc != 2) {
        fail("an argument is needed");
    }
    count = strtoul(argv[1], NULL, 10);
    given_constants(&key);
    remember(&key.private, sizeof key.private);
    remember(&key.blinding, sizeof key.blinding);
    const size_t workspace_len = (fj_ifma_workspace_len() + 63) / 64 * 64;
    workspace = aligned_alloc(64, workspace_len);
    void *const stack = aligned_alloc(4096, STACK_LEN);
    if (workspace == NULL || stack == NULL) {
        fail("no memory");
    }
    memset(stack, 0, STACK_LEN);
    memset(workspace, 0xa5, workspace_len);
    if (pthread_attr_init(&attributes) != 0 || pthread_attr_setstack(&attributes, stack, STACK_LEN) != 0 ||
        pthread_create(&thread, &attributes, sign, NULL) != 0 || pthread_join(thread, NULL) != 0) {
        fail("no thread");
    }
    printf("stack=%lu workspace=%lu seen=%lu\n", finds(stack, STACK_LEN), finds(workspace, workspace_len),
           seen);
    return 0;
}
