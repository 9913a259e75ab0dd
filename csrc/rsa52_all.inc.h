/* The kernel over the lanes that were included before: all sizes, and the functions of rsa52.h. */
#include <string.h>

#include "pkcs1.h"
#include "rsa52.h"

/* Where the programs of tests/native/ look at intermediates and flip their bits.  Nothing in any other build. */
#ifdef FASTJWT_TEST_HOOKS
void fj_test_point(const char *name, void *memory, size_t len);
#define FJ_TEST_POINT(name, array) fj_test_point(name, array, sizeof(array))
#else
#define FJ_TEST_POINT(name, array) ((void)0)
#endif

#define LIMBS 20
#include "mont52.inc.h"
#undef LIMBS
#define LIMBS 30
#include "mont52.inc.h"
#undef LIMBS
#define LIMBS 40
#include "mont52.inc.h"
#undef LIMBS
#define LIMBS 60
#include "mont52.inc.h"
#undef LIMBS
#define LIMBS 80
#include "mont52.inc.h"
#undef LIMBS

#include "rsa52_lanes.inc.h"

#define HALF 20
#define FULL 40
#include "rsa52.inc.h"
#include "rsa52_one.inc.h"
#undef HALF
#undef FULL
#define HALF 30
#define FULL 60
#include "rsa52.inc.h"
#include "rsa52_one.inc.h"
#undef HALF
#undef FULL
#define HALF 40
#define FULL 80
#include "rsa52.inc.h"
#include "rsa52_one.inc.h"
#undef HALF
#undef FULL

LANES_TARGET uint8_t fj_ifma_verify_var(const struct fj_public52 *const keys[FJ_LANES],
                                        const uint8_t *const signatures[FJ_LANES],
                                        const uint8_t *const digests[FJ_LANES]) {
    switch (keys[0]->limbs) {
        case 40:
            return verify_var_40(keys, signatures, digests);
        case 60:
            return verify_var_60(keys, signatures, digests);
        default:
            return verify_var_80(keys, signatures, digests);
    }
}

LANES_TARGET int fj_ifma_verify_one_var(const struct fj_public52 *key, const uint8_t *signature,
                                        const uint8_t *digest) {
    switch (key->limbs) {
        case 40:
            return verify_one_var_40(key, signature, digest);
        case 60:
            return verify_one_var_60(key, signature, digest);
        default:
            return verify_one_var_80(key, signature, digest);
    }
}

union workspace {
    struct sign52_40 of_2048;
    struct sign52_60 of_3072;
    struct sign52_80 of_4096;
};

size_t fj_ifma_workspace_len(void) {
    return sizeof(union workspace);
}

/* A wipe that no optimiser drops, without a call that MemorySanitizer cannot follow. */
static void wipe(void *memory, size_t len) {
    memset(memory, 0, len);
    __asm__ volatile("" : : "r"(memory) : "memory");
}

/* Wipe the stack below the caller, where the functions that it called kept what did not fit into registers: less than
 * 10 KB of it, by -fstack-usage of gcc 12 and clang 14.  They must not be inlined into the caller. */
static __attribute__((noinline)) void wipe_stack(void) {
    uint8_t left[16 * 1024];
    wipe(left, sizeof left);
}

LANES_TARGET void fj_ifma_sign(uint8_t *const signatures[FJ_LANES], const struct fj_private52 *key,
                               const struct fj_public52 *public, struct fj_blinding52 *blinding,
                               const uint8_t *const digests[FJ_LANES], size_t count, void *workspace) {
    union workspace *const w = workspace;
    switch (public->limbs) {
        case 40:
            sign_40(signatures, key, public, blinding, digests, count, &w->of_2048);
            wipe(w, sizeof w->of_2048);
            break;
        case 60:
            sign_60(signatures, key, public, blinding, digests, count, &w->of_3072);
            wipe(w, sizeof w->of_3072);
            break;
        default:
            sign_80(signatures, key, public, blinding, digests, count, &w->of_4096);
            wipe(w, sizeof w->of_4096);
            break;
    }
    wipe_stack();
}

LANES_TARGET void fj_ifma_blind(struct fj_blinding52 *blinding, const struct fj_public52 *public,
                                void *workspace) {
    union workspace *const w = workspace;
    switch (public->limbs) {
        case 40:
            blind_40(blinding, public, &w->of_2048);
            break;
        case 60:
            blind_60(blinding, public, &w->of_3072);
            break;
        default:
            blind_80(blinding, public, &w->of_4096);
            break;
    }
    wipe(w, sizeof *w);
    wipe_stack();
}
