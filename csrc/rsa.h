/* RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2) over a digest, by the best engine for the key; and SHA-256 and
 * HMAC-SHA-256 beside it, since they work in the same contexts. */
#ifndef FASTJWT_RSA_H
#define FASTJWT_RSA_H

#include "fastjwt.h"
#include "key.h"

enum { FJ_SHA256_LEN = 32 };

/* Sign.  signature_len is the key's.  On failure the signature is zeroed.  libcrypto checks a CRT result against the
 * public exponent before it hands it out (rsa_ossl_mod_exp), so no faulty one leaves. */
enum fj_status fj_rsa_sign(struct fj_context *context, uint8_t *signature, size_t signature_len,
                           const uint8_t digest[FJ_SHA256_LEN]);

/* Verify: FJ_OK, FJ_BAD_SIGNATURE, or a failure that says nothing of the signature. */
enum fj_status fj_rsa_verify(struct fj_context *context, const uint8_t *signature, size_t signature_len,
                             const uint8_t digest[FJ_SHA256_LEN]);

#endif
