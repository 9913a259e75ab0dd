#include "digest.h"

#include <openssl/evp.h>

#include "cpu.h"
#include "openssl.h"
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

enum fj_status fj_sha256_many(struct fj_context *context, uint8_t digests[][FJ_SHA256_LEN],
                              const uint8_t *const messages[], const size_t message_lens[], size_t count) {
#ifdef FJ_HAS_SHA256_NI
    if (!fj_sha256_needs_context()) {
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
