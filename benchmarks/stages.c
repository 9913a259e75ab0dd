/* The C steps of a verification, each alone over many tokens, for bench_stages.py.
 *
 * Linked with all of csrc/, so that it is the very code of the extension that is timed; whoever calls holds the watch. */
#include <stdlib.h>

#include "base64url.h"
#include "digest.h"
#include "key.h"
#include "rsa.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT fj_key *stages_key(const uint8_t *n, size_t n_len, const uint8_t *e, size_t e_len, int ifma);
EXPORT size_t stages_base64url(uint8_t *out, const uint8_t *text, const uint64_t *lengths, size_t count);
EXPORT size_t stages_sha256(uint8_t (*digests)[FJ_SHA256_LEN], fj_key *key, const uint8_t *messages,
                            const uint64_t *lengths, size_t count);
EXPORT size_t stages_rsa(fj_key *key, const uint8_t *signatures, size_t signature_len,
                         const uint8_t (*digests)[FJ_SHA256_LEN], size_t count);

/* A public key of the engine `openssl`, or of the kernel.  NULL if it cannot be made. */
fj_key *stages_key(const uint8_t *n, size_t n_len, const uint8_t *e, size_t e_len, int ifma) {
    int status = fj_init();
    if (status != FJ_OK || (ifma && fj_kernel() != FJ_KERNEL_READY)) {
        return NULL;
    }
    const struct fj_octets modulus = {n, n_len};
    const struct fj_octets exponent = {e, e_len};
    return fj_key_public(&status, modulus, exponent, ifma ? FJ_ENGINE_IFMA : FJ_ENGINE_OPENSSL);
}

/* Decode `count` segments that stand joined.  Returns how many are good. */
size_t stages_base64url(uint8_t *out, const uint8_t *text, const uint64_t *lengths, size_t count) {
    size_t good = 0;
    for (size_t i = 0; i < count; i++) {
        good += fj_base64url_decode(out, text, lengths[i]) == FJ_OK;
        out += fj_base64url_decoded_len(lengths[i]);
        text += lengths[i];
    }
    return good;
}

/* Digest `count` messages that stand joined, as many at a time as verifying takes.  Returns how many there are. */
size_t stages_sha256(uint8_t (*digests)[FJ_SHA256_LEN], fj_key *key, const uint8_t *messages,
                     const uint64_t *lengths, size_t count) {
    enum fj_status status = FJ_OK;
    struct fj_context *const context = fj_key_borrow(key, &status);
    size_t done = 0;
    while (context != NULL && status == FJ_OK && done < count) {
        enum { TOGETHER = 2 * FJ_LANES };
        const uint8_t *starts[TOGETHER];
        size_t message_lens[TOGETHER];
        size_t group = 0;
        for (; group < TOGETHER && done + group < count; group++) {
            starts[group] = messages;
            message_lens[group] = lengths[done + group];
            messages += message_lens[group];
        }
        status = fj_sha256_many(context, digests + done, starts, message_lens, group);
        done += group;
    }
    if (context != NULL) {
        fj_key_return(key, context);
    }
    return status == FJ_OK ? done : 0;
}

/* Verify `count` signatures that stand joined, by lanes if the key takes them.  Returns how many are good. */
size_t stages_rsa(fj_key *key, const uint8_t *signatures, size_t signature_len,
                  const uint8_t (*digests)[FJ_SHA256_LEN], size_t count) {
    enum fj_status borrowed = FJ_OK;
    struct fj_context *const context = fj_key_borrow(key, &borrowed);
    if (context == NULL) {
        return 0;
    }
    size_t good = 0;
    const size_t step = fj_rsa_takes_lanes(key) ? FJ_LANES : 1;
    for (size_t start = 0; start < count; start += step) {
        const size_t group = count - start < step ? count - start : step;
        enum fj_status status[FJ_LANES];
        const fj_key *keys[FJ_LANES];
        const uint8_t *lanes[FJ_LANES];
        for (size_t i = 0; i < group; i++) {
            keys[i] = key;
            lanes[i] = signatures + (start + i) * signature_len;
        }
        if (step == FJ_LANES) {
            fj_rsa_verify_many(status, keys, lanes, digests + start, group);
        } else {
            status[0] = fj_rsa_verify(context, key, lanes[0], signature_len, digests[start]);
        }
        for (size_t i = 0; i < group; i++) {
            good += status[i] == FJ_OK;
        }
    }
    fj_key_return(key, context);
    return good;
}
