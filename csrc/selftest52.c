/* The kernel's known-answer test: RS256 is deterministic, so its signatures must be libcrypto's. */
#include <string.h>

#include "digest.h"
#include "key.h"
#include "rfc7515_key.h"
#include "rsa.h"

#define PART(bytes) \
    { (bytes), sizeof(bytes) }

/* Messages of each length around the block's, hashed side by side and by libcrypto. */
static enum fj_status compare_digests(struct fj_context *context) {
    enum { LONGEST = 130, COUNT = 18 }; /* sixteen together and two more */
    static const size_t lens[COUNT] = {0,  1,  55, 56,  64,  119, LONGEST, 120, 127,
                                       63, 65, 3,  100, 111, 112, 128,     129, 7};
    uint8_t message[LONGEST];
    const uint8_t *messages[COUNT];
    uint8_t made[COUNT][FJ_SHA256_LEN];
    uint8_t expected[COUNT][FJ_SHA256_LEN];
    for (size_t i = 0; i < LONGEST; i++) {
        message[i] = (uint8_t)(7 * i + 1);
    }
    for (size_t i = 0; i < COUNT; i++) {
        messages[i] = message;
    }
    if (fj_sha256_many(context, made, messages, lens, COUNT) != FJ_OK ||
        fj_sha256_each(context, expected, messages, lens, COUNT) != FJ_OK ||
        memcmp(made, expected, sizeof made) != 0) {
        return FJ_INTERNAL;
    }
    return FJ_OK;
}

static enum fj_status compare(fj_key *key, struct fj_context *context) {
    enum { LEN = sizeof RFC7515_N };
    uint8_t digests[FJ_LANES][FJ_SHA256_LEN];
    uint8_t made[FJ_LANES][LEN];
    uint8_t expected[LEN];
    uint8_t *signatures[FJ_LANES];
    const uint8_t *seen[FJ_LANES];
    const fj_key *keys[FJ_LANES];
    enum fj_status status[FJ_LANES];
    for (int l = 0; l < FJ_LANES; l++) {
        memset(digests[l], 0x11 * (l + 1), FJ_SHA256_LEN);
        signatures[l] = made[l];
        seen[l] = made[l];
        keys[l] = key;
    }
    fj_rsa_sign_many(status, context, key, signatures, (const uint8_t(*)[FJ_SHA256_LEN])digests, FJ_LANES);
    for (int l = 0; l < FJ_LANES; l += FJ_LANES - 1) { /* the first and the last lane: each costs 0.2 ms */
        if (status[l] != FJ_OK || fj_openssl_sign(context, expected, LEN, digests[l]) != FJ_OK ||
            memcmp(made[l], expected, LEN) != 0) {
            return FJ_INTERNAL;
        }
    }
    /* The other lanes differ in their digests alone; one of them is spoiled, and must be the one that is refused. */
    made[3][LEN - 1] ^= 1;
    fj_rsa_verify_many(status, keys, seen, (const uint8_t(*)[FJ_SHA256_LEN])digests, FJ_LANES);
    for (int l = 0; l < FJ_LANES; l++) {
        if (status[l] != (l == 3 ? FJ_BAD_SIGNATURE : FJ_OK)) {
            return FJ_INTERNAL;
        }
    }
    for (int l = 0; l < FJ_LANES; l++) { /* alone, one after the other */
        if (fj_rsa_verify(context, key, seen[l], LEN, digests[l]) != (l == 3 ? FJ_BAD_SIGNATURE : FJ_OK)) {
            return FJ_INTERNAL;
        }
    }
    return FJ_OK;
}

enum fj_status fj_selftest52(void) {
    static const struct fj_octets parts[] = {PART(RFC7515_N),  PART(RFC7515_E), PART(RFC7515_D),
                                             PART(RFC7515_P),  PART(RFC7515_Q), PART(RFC7515_DP),
                                             PART(RFC7515_DQ), PART(RFC7515_QI)};
    const uint64_t signed_before = fj_count(FJ_COUNT_IFMA_SIGN);
    const uint64_t redone = fj_count(FJ_COUNT_IFMA_REDONE);
    int loaded = FJ_OK;
    enum fj_status status = FJ_NO_MEMORY;
    fj_key *const key = fj_key_untried_private(&loaded, parts, FJ_ENGINE_IFMA);
    if (key == NULL) {
        return FJ_NO_MEMORY;
    }
    struct fj_context *const context = fj_key_private52(key) != NULL ? fj_key_borrow(key, &status) : NULL;
    if (context != NULL) {
        status = compare_digests(context);
        if (status == FJ_OK) {
            status = compare(key, context);
        }
        if (fj_count(FJ_COUNT_IFMA_SIGN) - signed_before < FJ_LANES) {
            status = FJ_NO_MEMORY; /* the kernel did not come to try, and libcrypto signed instead */
        } else if (fj_count(FJ_COUNT_IFMA_REDONE) != redone) {
            status = FJ_INTERNAL; /* libcrypto had to mend what the kernel made */
        }
        fj_key_return(key, context);
    }
    fj_key_release(key);
    return status;
}
