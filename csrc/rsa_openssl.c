/* The `openssl` engine: libcrypto does the arithmetic, and the padding but for e = 65537. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "count.h"
#include "f4.h"
#include "fork.h"
#include "openssl.h"
#include "pkcs1.h"
#include "rsa.h"

enum fj_status fj_openssl_sign(struct fj_context *context, uint8_t *signature, size_t signature_len,
                               const uint8_t digest[FJ_SHA256_LEN]) {
    size_t written = signature_len;
    if (context->broken) { /* by another one of the same batch */
        OPENSSL_cleanse(signature, signature_len);
        return FJ_NO_MEMORY;
    }
    fj_fork_hold_off(); /* blinding takes random numbers */
    const int made = EVP_PKEY_sign(context->sign, signature, &written, digest, FJ_SHA256_LEN);
    fj_fork_let();
    if (made != 1 || written != signature_len) {
        OPENSSL_cleanse(signature, signature_len);
        return fj_context_failed(context, FJ_INTERNAL);
    }
    if (ERR_peek_error() != 0) {
        /* It failed at something and went on.  OpenSSL 3.0 does so when the renewal of the blinding runs out of memory
         * half way (BN_BLINDING_create_param), and then unblinds with numbers that do not belong together. */
        ERR_clear_error();
        context->broken = 1;
        if (EVP_PKEY_verify(context->verify, signature, signature_len, digest, FJ_SHA256_LEN) != 1) {
            OPENSSL_cleanse(signature, signature_len);
            (void)fj_context_failed(context, FJ_INTERNAL);
            return FJ_NO_MEMORY;
        }
    }
    fj_count_one(FJ_COUNT_OPENSSL_SIGN);
    return FJ_OK;
}

/* With e = 65537: the encoded message that the signature must give is built and compared in whole (RFC 8017, section
 * 8.2.2). */
static enum fj_status verify_f4(struct fj_context *context, const uint8_t *signature, size_t signature_len,
                                const uint8_t digest[FJ_SHA256_LEN]) {
    uint8_t expected[FJ_MAX_SIGNATURE_LEN];
    if (signature_len > sizeof expected || signature_len != fj_f4_len(context->f4)) {
        return FJ_BAD_SIGNATURE;
    }
    fj_pkcs1_encode(expected, signature_len, digest);
    const int good = fj_f4_gives(context->f4, signature, expected);
    if (good < 0) {
        return fj_context_failed(context, FJ_INTERNAL);
    }
    if (good == 0) {
        fj_f4_forget(context->f4);
    }
    return good == 1 ? FJ_OK : FJ_BAD_SIGNATURE;
}

enum fj_status fj_openssl_verify(struct fj_context *context, const uint8_t *signature, size_t signature_len,
                                 const uint8_t digest[FJ_SHA256_LEN]) {
    fj_count_one(FJ_COUNT_OPENSSL_VERIFY);
    if (context->f4 != NULL) {
        return verify_f4(context, signature, signature_len, digest);
    }
    /* libcrypto refuses a length other than the modulus's, a value not below it, and every encoded message but the one
     * that it builds itself: RSA_padding_check_PKCS1_type_1 and then a comparison of the whole DigestInfo. */
    if (EVP_PKEY_verify(context->verify, signature, signature_len, digest, FJ_SHA256_LEN) == 1) {
        return FJ_OK;
    }
    return fj_context_failed(context, FJ_BAD_SIGNATURE);
}
