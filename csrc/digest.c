#include "digest.h"

#include <openssl/evp.h>

#include "openssl.h"

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
