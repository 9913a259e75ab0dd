#include "digest.h"

#include <openssl/evp.h>

#include "cpu.h"
#include "openssl.h"
#include "sha256.h"
#include "sha256_avx512.h"
#include "sha256_ni.h"

enum fj_status fj_sha256(struct fj_context *context, uint8_t digest[FJ_SHA256_LEN], const uint8_t *message,
                         size_t message_len) {
    unsigned written = 0;
    if (EVP_DigestInit_ex2(context->digest, fj_openssl()->sha256, NULL) == 1 &&
        EVP_DigestUpdate(context->digest, message, message_len) == 1 &&
        EVP_DigestFinal_ex(context->digest, digest, &written) == 1 && written == FJ_SHA256_LEN) {
        return FJ_OK;
    }
    return fj_context_failed(context, FJ_INTERNAL);
}

enum fj_status fj_sha256_each(struct fj_context *context, uint8_t digests[][FJ_SHA256_LEN],
                              const uint8_t *const messages[], const size_t message_lens[], size_t count) {
    enum fj_status status = FJ_OK;
    for (size_t i = 0; i < count && status == FJ_OK; i++) {
        status = fj_sha256(context, digests[i], messages[i], message_lens[i]);
    }
    return status;
}

int fj_sha256_needs_context(void) {
#ifdef FJ_HAS_SHA256_NI
    return (fj_cpu() & FJ_CPU_SHA) == 0;
#else
    return 1;
#endif
}

#ifdef FJ_HAS_SHA256_AVX512
static size_t at_once(size_t count) {
    return count < FJ_SHA256_LANES ? count : FJ_SHA256_LANES;
}

/* Whether the next messages go quicker through sixteen lanes than by SHA instructions.  Sixteen lanes take as long for a
 * block each as the others for eight blocks, and go on until the longest message ends. */
static int worth_lanes(const size_t message_lens[], size_t count) {
    enum { BLOCKS_ALIKE = 8 };
    size_t sum = 0;
    size_t longest = 0;
    for (size_t i = 0; i < at_once(count); i++) {
        const size_t blocks = message_lens[i] / FJ_SHA256_BLOCK_LEN + 1;
        sum += blocks; /* of messages in memory: no sum of them wraps */
        longest = blocks > longest ? blocks : longest;
    }
    return (fj_cpu() & FJ_CPU_AVX512) != 0 && sum / BLOCKS_ALIKE > longest;
}
#endif

enum fj_status fj_sha256_many(struct fj_context *context, uint8_t digests[][FJ_SHA256_LEN],
                              const uint8_t *const messages[], const size_t message_lens[], size_t count) {
#ifdef FJ_HAS_SHA256_NI
    if (!fj_sha256_needs_context()) {
#ifdef FJ_HAS_SHA256_AVX512
        for (; count > 0 && worth_lanes(message_lens, count); count -= at_once(count)) {
            const size_t taken = at_once(count);
            fj_sha256_avx512(digests, messages, message_lens, taken);
            digests += taken;
            messages += taken;
            message_lens += taken;
        }
#endif
        fj_sha256_ni(digests, messages, message_lens, count);
        return FJ_OK;
    }
#endif
    return fj_sha256_each(context, digests, messages, message_lens, count);
}

enum fj_status fj_hmac_sha256(struct fj_context *context, uint8_t tag[FJ_SHA256_LEN], const uint8_t *message,
                              size_t message_len) {
    size_t written = 0;
    /* A NULL key begins anew with the one that the context holds (EVP_MAC_init(3)). */
    if (EVP_MAC_init(context->mac, NULL, 0, NULL) == 1 &&
        EVP_MAC_update(context->mac, message, message_len) == 1 &&
        EVP_MAC_final(context->mac, tag, &written, FJ_SHA256_LEN) == 1 && written == FJ_SHA256_LEN) {
        return FJ_OK;
    }
    return fj_context_failed(context, FJ_INTERNAL);
}
