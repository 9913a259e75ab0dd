/* Which engine does an RSA operation.  Knows what each can do and costs, and no arithmetic. */
#include "rsa.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "count.h"
#include "secret.h"

#if defined(__x86_64__)

/* Signatures at once from which the kernel beats OpenSSL 3.0, by modulus: up to four share a batch of half the cost.
 * Measured on Zen 5, us for 1-4 / 5-8 signatures, and one of OpenSSL's: 2048 bits 255 / 510, 220; 3072 bits 800 / 1600,
 * 1420; 4096 bits 1950 / 3850, 3200.  On Zen 4: 500 / 990, 240; 1640 / 3270, 1725; 3830 / 7620, 3965. */
static size_t least_signatures(const struct fj_public52 *public) {
    return public->bytes == 256 ? 2 : 1;
}

/* Verifications up to which it is quicker to do one after the other, each along the vectors, than eight at once.
 * Measured on Granite Rapids, us for one / eight: 2048 bits 5.1 / 13.6, 3072 bits 9.2 / 30.5, 4096 bits 14.0 / 52.8.
 * On Zen 4, which could do one more of each size alone: 6.0 / 23.8, 12.0 / 52.6, 19.0 / 92.5. */
static size_t most_alone(const struct fj_public52 *public) {
    return public->bytes == 256 ? 2 : 3;
}

/* Batches by one blinding, which is squared for each; then it is made anew, for 350 us. */
enum { BLINDING_USES = 64 };

/* Sign with the kernel.  Returns FJ_OK, or why it could not be tried; `good` gets a bit for each lane that holds a
 * signature which the kernel's other half has verified, and the others' signatures are zeroed. */
static enum fj_status sign_lanes(struct fj_context *context, const fj_key *key, uint8_t *good,
                                 uint8_t *const signatures[FJ_LANES], const uint8_t *const digests[FJ_LANES],
                                 size_t count) {
    const struct fj_public52 *const public = fj_key_public52(key);
    const struct fj_public52 *publics[FJ_LANES];
    const uint8_t *made[FJ_LANES];
    if (context->blinding_uses == 0) {
        const enum fj_status status = fj_key_blind(key, context);
        if (status != FJ_OK) {
            return status;
        }
        context->blinding_uses = BLINDING_USES;
    }
    context->blinding_uses--;
    fj_ifma_sign(signatures, fj_key_private52(key), public, context->blinding, digests, count,
                 context->workspace);
    for (size_t l = 0; l < FJ_LANES; l++) {
        publics[l] = public;
        made[l] = signatures[l < count ? l : 0];
    }
    *good = fj_ifma_verify_var(publics, made, digests);
    for (size_t l = 0; l < count; l++) {
        if ((*good >> l & 1) == 0) {
            OPENSSL_cleanse(signatures[l],
                            public->bytes); /* one faulty signature would give away a factor of n */
            context->blinding_uses = 0; /* the fault may lie in the blinding, and would be squared along */
            fj_secret_forget_stack();   /* the check had copies of it */
        }
    }
    return FJ_OK;
}

/* Sign by libcrypto what the kernel got wrong.  What comes out is verified once more: whatever made the first one wrong, a
 * broken processor or memory, is still there, and libcrypto checks what it computes before it copies it out. */
static enum fj_status sign_again(struct fj_context *context, uint8_t *signature, size_t signature_len,
                                 const uint8_t digest[FJ_SHA256_LEN]) {
    fj_count_many(FJ_COUNT_IFMA_REDONE, 1);
    enum fj_status status = fj_openssl_sign(context, signature, signature_len, digest);
    if (status == FJ_OK) {
        status = fj_openssl_verify(context, signature, signature_len, digest);
        if (status != FJ_OK) {
            OPENSSL_cleanse(signature, signature_len);
            fj_secret_forget_stack();
            context->broken = 1;
        }
    }
    return status;
}

void fj_rsa_sign_many(enum fj_status *status, struct fj_context *context, const fj_key *key,
                      uint8_t *const signatures[FJ_LANES], const uint8_t digests[FJ_LANES][FJ_SHA256_LEN],
                      size_t count) {
    const struct fj_public52 *const public = fj_key_public52(key);
    uint8_t good = 0;
    int tried = 0;
    if (fj_key_private52(key) != NULL && count >= least_signatures(public)) {
        const uint8_t *at[FJ_LANES];
        for (size_t l = 0; l < FJ_LANES; l++) {
            at[l] = digests[l < count ? l : 0]; /* idle lanes repeat the first, and reach no result */
        }
        tried = sign_lanes(context, key, &good, signatures, at, count) == FJ_OK;
    }
    if (tried) {
        fj_count_many(FJ_COUNT_IFMA_SIGN, count);
    }
    for (size_t l = 0; l < count; l++) {
        if (good >> l & 1) {
            status[l] = FJ_OK;
            continue;
        }
        status[l] = (tried ? sign_again : fj_openssl_sign)(context, signatures[l], fj_key_signature_len(key),
                                                           digests[l]);
    }
}

int fj_rsa_takes_lanes(const fj_key *key) {
    return fj_key_public52(key) != NULL;
}

void fj_rsa_verify_many(enum fj_status *status, const fj_key *const keys[FJ_LANES],
                        const uint8_t *const signatures[FJ_LANES],
                        const uint8_t digests[FJ_LANES][FJ_SHA256_LEN], size_t count) {
    const struct fj_public52 *publics[FJ_LANES];
    const uint8_t *signature[FJ_LANES];
    const uint8_t *digest[FJ_LANES];
    fj_count_many(FJ_COUNT_IFMA_VERIFY, count);
    if (count <= most_alone(fj_key_public52(keys[0]))) {
        for (size_t l = 0; l < count; l++) {
            const int good = fj_ifma_verify_one_var(fj_key_public52(keys[l]), signatures[l], digests[l]);
            status[l] = good == 1 ? FJ_OK : FJ_BAD_SIGNATURE;
        }
        return;
    }
    for (size_t l = 0; l < FJ_LANES; l++) {
        const size_t from = l < count ? l : 0;
        publics[l] = fj_key_public52(keys[from]);
        signature[l] = signatures[from];
        digest[l] = digests[from];
    }
    const uint8_t good = fj_ifma_verify_var(publics, signature, digest);
    for (size_t l = 0; l < count; l++) {
        status[l] = good >> l & 1 ? FJ_OK : FJ_BAD_SIGNATURE;
    }
}

#else

int fj_rsa_takes_lanes(const fj_key *key) {
    (void)key;
    return 0;
}

void fj_rsa_sign_many(enum fj_status *status, struct fj_context *context, const fj_key *key,
                      uint8_t *const signatures[FJ_LANES], const uint8_t digests[FJ_LANES][FJ_SHA256_LEN],
                      size_t count) {
    for (size_t l = 0; l < count; l++) {
        status[l] = fj_openssl_sign(context, signatures[l], fj_key_signature_len(key), digests[l]);
    }
}

void fj_rsa_verify_many(enum fj_status *status, const fj_key *const keys[FJ_LANES],
                        const uint8_t *const signatures[FJ_LANES],
                        const uint8_t digests[FJ_LANES][FJ_SHA256_LEN], size_t count) {
    (void)keys;
    (void)signatures;
    (void)digests;
    for (size_t l = 0; l < count; l++) {
        status[l] = FJ_INTERNAL; /* no key takes lanes here, so nobody asks */
    }
}

#endif

enum fj_status fj_rsa_verify(struct fj_context *context, const fj_key *key, const uint8_t *signature,
                             size_t signature_len, const uint8_t digest[FJ_SHA256_LEN]) {
    if (signature_len != fj_key_signature_len(key)) {
        return FJ_BAD_SIGNATURE;
    }
    if (!fj_rsa_takes_lanes(key)) {
        return fj_openssl_verify(context, signature, signature_len, digest);
    }
    const fj_key *const keys[FJ_LANES] = {key};
    const uint8_t *const signatures[FJ_LANES] = {signature};
    uint8_t digests[FJ_LANES][FJ_SHA256_LEN];
    enum fj_status status[FJ_LANES];
    memcpy(digests[0], digest, FJ_SHA256_LEN);
    fj_rsa_verify_many(status, keys, signatures, (const uint8_t(*)[FJ_SHA256_LEN])digests, 1);
    return status[0];
}
