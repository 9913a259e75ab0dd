/* The whole C side, with the kernel's portable twin in the kernel's place, against libcrypto: keys come on standard
 * input.  For each, every number of signatures from 1 to 8 is made and verified, good and spoiled in each lane.
 * Arguments: the largest number of signatures. */
#include "count.h"
#include "given.h"
#include "key.h"
#include "rsa.h"

enum { LEN = FJ_RSA52_MAX_BYTES };

static uint8_t made[FJ_LANES][LEN];
static uint8_t expected[LEN];
static uint8_t digests[FJ_LANES][FJ_SHA256_LEN];

static void verify_each(const fj_key *key, size_t count) {
    const uint8_t *seen[FJ_LANES];
    const fj_key *keys[FJ_LANES];
    enum fj_status status[FJ_LANES];
    const size_t len = fj_key_signature_len(key);
    for (size_t i = 0; i < count; i++) {
        keys[i] = key;
        seen[i] = made[i];
    }
    for (size_t bad = 0; bad <= count; bad += count < 3 ? 1 : count / 3) { /* bad == count: none */
        if (bad < count) {
            made[bad][len - 1 - 3 * bad] ^= 0x10;
        }
        fj_rsa_verify_many(status, keys, seen, (const uint8_t(*)[FJ_SHA256_LEN])digests, count);
        for (size_t i = 0; i < count; i++) {
            if (status[i] != (i == bad ? FJ_BAD_SIGNATURE : FJ_OK)) {
                fail("a verdict is wrong");
            }
        }
        if (bad < count) {
            made[bad][len - 1 - 3 * bad] ^= 0x10;
        }
    }
}

static void sign_and_verify(const fj_key *key, struct fj_context *context, size_t count, uint64_t *random) {
    uint8_t *signatures[FJ_LANES];
    enum fj_status status[FJ_LANES];
    const size_t len = fj_key_signature_len(key);
    for (size_t i = 0; i < count; i++) {
        signatures[i] = made[i];
        for (size_t at = 0; at < FJ_SHA256_LEN; at++) {
            digests[i][at] = (uint8_t)next_random(random);
        }
    }
    fj_rsa_sign_many(status, context, key, signatures, (const uint8_t(*)[FJ_SHA256_LEN])digests, count);
    for (size_t i = 0; i < count; i++) {
        if (status[i] != FJ_OK || fj_openssl_sign(context, expected, len, digests[i]) != FJ_OK ||
            memcmp(made[i], expected, len) != 0) {
            fail("a signature is not libcrypto's");
        }
    }
    verify_each(key, count);
}

int main(int argc, char **argv) {
    static struct given_key given;
    const size_t most = argc > 1 ? strtoul(argv[1], NULL, 10) : FJ_LANES;
    uint64_t random = 1;
    if (fj_init() != FJ_OK) {
        fail("libcrypto is not ready");
    }
    int first;
    while ((first = getchar()) != EOF) {
        int loaded = FJ_OK;
        enum fj_status status = FJ_OK;
        ungetc(first, stdin);
        given_key(&given);
        fj_key *const key = fj_key_private(&loaded, given.parts, FJ_ENGINE_IFMA);
        struct fj_context *const context = key != NULL ? fj_key_borrow(key, &status) : NULL;
        if (context == NULL || fj_key_private52(key) == NULL) {
            fail("the kernel does not take a key");
        }
        for (size_t count = 1; count <= most; count++) {
            sign_and_verify(key, context, count, &random);
        }
        fj_key_return(key, context);
        fj_key_release(key);
    }
    printf("signed %lu verified %lu redone %lu\n", (unsigned long)fj_count(FJ_COUNT_IFMA_SIGN),
           (unsigned long)fj_count(FJ_COUNT_IFMA_VERIFY), (unsigned long)fj_count(FJ_COUNT_IFMA_REDONE));
    fj_shutdown();
    return 0;
}
