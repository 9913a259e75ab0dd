/* RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2) over digests, by the best engine for the key. */
#ifndef FASTJWT_RSA_H
#define FASTJWT_RSA_H

#include "fastjwt.h"
#include "key.h"
#include "rsa52.h"

enum { FJ_SHA256_LEN = 32 };

/* Sign up to FJ_LANES digests with one key.  Each signature has the key's length; status[i] is FJ_OK, or a failure and
 * then the signature is zeroed.  Every signature was checked against the public exponent before it is handed out: by the
 * kernel itself, which gives a lane that fails to libcrypto and has that one's verified too, or inside libcrypto
 * (rsa_ossl_mod_exp). */
void fj_rsa_sign_many(enum fj_status *status, struct fj_context *context, const fj_key *key,
                      uint8_t *const signatures[FJ_LANES], const uint8_t digests[FJ_LANES][FJ_SHA256_LEN],
                      size_t count);

/* Verify one signature: FJ_OK, FJ_BAD_SIGNATURE, or a failure that says nothing of the signature. */
enum fj_status fj_rsa_verify(struct fj_context *context, const fj_key *key, const uint8_t *signature,
                             size_t signature_len, const uint8_t digest[FJ_SHA256_LEN]);

/* 1 if verifications by this key can share lanes with those by other keys of its signature length. */
int fj_rsa_takes_lanes(const fj_key *key);

/* Verify up to FJ_LANES signatures by keys that take lanes, all of one signature length, which each signature has. */
void fj_rsa_verify_many(enum fj_status *status, const fj_key *const keys[FJ_LANES],
                        const uint8_t *const signatures[FJ_LANES],
                        const uint8_t digests[FJ_LANES][FJ_SHA256_LEN], size_t count);

/* --- The engine `openssl` (rsa_openssl.c) ---------------------------------------------------------------------------- */

enum fj_status fj_openssl_sign(struct fj_context *context, uint8_t *signature, size_t signature_len,
                               const uint8_t digest[FJ_SHA256_LEN]);
enum fj_status fj_openssl_verify(struct fj_context *context, const uint8_t *signature, size_t signature_len,
                                 const uint8_t digest[FJ_SHA256_LEN]);

/* --- The engine `avx512ifma` ----------------------------------------------------------------------------------------- */

/* Sign and verify with a published key and compare with libcrypto: FJ_OK if the kernel can be trusted on this machine. */
enum fj_status fj_selftest52(void);

#endif
