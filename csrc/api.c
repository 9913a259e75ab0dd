/* The door: what Python hands over is checked here, and nothing below checks it again. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <string.h>

#include "base64url.h"
#include "batch.h"
#include "cpu.h"
#include "fastjwt.h"
#include "fork.h"
#include "jws.h"
#include "key.h"
#include "openssl.h"
#include "pool.h"
#include "rsa.h"

/* --- The library ----------------------------------------------------------------------------------------------------- */

int fj_init(void) {
    if (!fj_fork_watch()) {
        return FJ_NO_MEMORY;
    }
    const enum fj_status status = fj_openssl_init();
    return status == FJ_OK && !fj_pool_watch_exit() ? FJ_NO_MEMORY : (int)status;
}

int fj_kernel(void) {
    static atomic_int known; /* the answer plus one; two threads may both look for it, and find the same */
    int answer = atomic_load(&known) - 1;
    if (answer < 0) {
        const unsigned needed = FJ_CPU_AVX512 | FJ_CPU_IFMA;
        if ((fj_cpu() & needed) != needed) {
            answer = FJ_KERNEL_NO_CPU;
        } else {
            answer = fj_selftest52() == FJ_OK ? FJ_KERNEL_READY : FJ_KERNEL_WRONG;
        }
        atomic_store(&known, answer + 1);
    }
    return answer;
}

void fj_shutdown(void) {
    fj_pool_shutdown();
}

const char *fj_openssl_version(void) {
    return OpenSSL_version(OPENSSL_VERSION);
}

unsigned fj_generation(void) {
    return fj_fork_generation();
}

/* --- Crossing 1 ------------------------------------------------------------------------------------------------------ */

/* 1 if the lengths add up to data_len without wrapping. */
static int lengths_fit(const uint64_t *lengths, size_t count, size_t data_len) {
    size_t left = data_len;
    for (size_t i = 0; i < count; i++) {
        if (lengths[i] > left) {
            return 0;
        }
        left -= (size_t)lengths[i];
    }
    return left == 0;
}

long fj_split(uint8_t *status, struct fj_token *tokens, uint64_t *payload_start, uint64_t *payload_end,
              uint8_t *names, uint32_t *first, uint8_t *decoded, const uint8_t *data, size_t data_len,
              const uint64_t *lengths, size_t count, const struct fj_limits *limits) {
    if (count > UINT32_MAX / 4 || (lengths != NULL && !lengths_fit(lengths, count, data_len)) ||
        (count == 0 && data_len > 0)) {
        return -2;
    }
    return fj_jws_split(status, tokens, payload_start, payload_end, names, first, decoded, data, data_len,
                        lengths, count, limits);
}

size_t fj_gather(uint8_t *out, uint8_t *gathered_names, uint8_t *shown, size_t *gathered,
                 const uint8_t *status, const uint64_t *payload_start, const uint64_t *payload_end,
                 const uint8_t *names, const uint8_t *decoded, size_t count,
                 const struct fj_expected *expected, size_t expected_count, int64_t least, int64_t most) {
    return fj_jws_gather(out, gathered_names, shown, gathered, status, payload_start, payload_end, names,
                         decoded, count, expected, expected_count, least, most);
}

/* --- Crossing 2 ------------------------------------------------------------------------------------------------------ */

int fj_verify_start(fj_job **job, uint8_t *status, const struct fj_token *tokens, size_t count,
                    const uint8_t *data, const uint8_t *decoded, fj_key *const *keys, const uint8_t *verdicts,
                    size_t header_count, unsigned threads, const fj_job *before) {
    *job = fj_batch_verify(status, tokens, count, data, decoded, keys, verdicts, header_count,
                           threads > 0 ? threads : 1, before);
    return *job != NULL ? FJ_OK : FJ_NO_MEMORY;
}

int fj_single_split(struct fj_single *single, const uint8_t *text, size_t text_len) {
    const uint64_t length = text_len;
    uint8_t status = FJ_NO_MEMORY;
    uint32_t first = 0;
    (void)fj_jws_split(&status, &single->token, &single->payload_start, &single->payload_end, &single->names,
                       &first, single->decoded, text, text_len, &length, 1,
                       &single->limits); /* allocates nothing for one token */
    return status;
}

int fj_single_verify(const struct fj_single *single, fj_key *key, const uint8_t *text) {
    return fj_verify_message(key, single->decoded + single->token.signature_start,
                             single->token.signature_len, text, single->token.signed_len);
}

int64_t fj_single(struct fj_single *single, fj_key *key, const uint8_t *text, size_t text_len) {
    int status = fj_single_split(single, text, text_len);
    if (status == FJ_PENDING) {
        status = fj_single_verify(single, key, text);
    }
    return status == FJ_OK ? (int64_t)(single->payload_end << 8 | single->names) : -(int64_t)status;
}

size_t fj_sign_len(const fj_key *key, size_t prefix_len, const uint64_t *payload_lengths, size_t count) {
    const size_t limit =
        SIZE_MAX / 4; /* far above what memory holds, far below what could wrap a sum of two */
    const size_t tail_len = 1 + fj_base64url_encoded_len(fj_key_signature_len(key));
    size_t total = 0;
    if (prefix_len > limit) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (payload_lengths[i] > limit) {
            return 0;
        }
        const size_t token_len = prefix_len + fj_base64url_encoded_len((size_t)payload_lengths[i]) + tail_len;
        if (token_len > limit || total > limit - token_len) {
            return 0;
        }
        total += token_len;
    }
    return total;
}

int fj_sign_start(fj_job **job, uint8_t *out, size_t out_len, uint8_t *status, fj_key *key,
                  const uint8_t *prefix, size_t prefix_len, const uint8_t *payloads, size_t payloads_len,
                  const uint64_t *payload_lengths, size_t count, unsigned threads, const fj_job *before) {
    *job = NULL;
    if (!lengths_fit(payload_lengths, count, payloads_len) ||
        fj_sign_len(key, prefix_len, payload_lengths, count) != out_len || (out_len == 0 && count > 0)) {
        return FJ_INTERNAL;
    }
    memset(status, FJ_PENDING, count); /* 0 is FJ_OK: nothing may look signed before it is */
    *job = fj_batch_sign(out, status, key, prefix, prefix_len, payloads, payload_lengths, count,
                         threads > 0 ? threads : 1, before);
    return *job != NULL ? FJ_OK : FJ_NO_MEMORY;
}

int64_t fj_single_sign(fj_key *key, uint8_t *out, size_t room, const uint8_t *prefix, size_t prefix_len,
                       const uint8_t *payload, size_t payload_len) {
    const uint64_t length = payload_len;
    const size_t token_len = fj_sign_len(key, prefix_len, &length, 1);
    if (token_len == 0 || token_len > room) {
        return -FJ_INTERNAL;
    }
    const enum fj_status status =
        fj_sign_token(key, out, token_len, prefix, prefix_len, payload, payload_len);
    return status == FJ_OK ? (int64_t)token_len : -(int64_t)status;
}

/* --- The raw layer --------------------------------------------------------------------------------------------------- */

int fj_sign_message(fj_key *key, uint8_t *signature, size_t signature_len, const uint8_t *message,
                    size_t message_len) {
    enum fj_status status = FJ_OK;
    if (signature_len != fj_key_signature_len(key) || fj_key_kind(key) == FJ_KEY_PUBLIC) {
        return FJ_INTERNAL;
    }
    struct fj_context *const context = fj_key_borrow(key, &status);
    if (context == NULL) {
        return (int)status;
    }
    status = fj_sign_with(context, key, signature, signature_len, message, message_len);
    fj_key_return(key, context);
    return (int)status;
}

int fj_verify_message(fj_key *key, const uint8_t *signature, size_t signature_len, const uint8_t *message,
                      size_t message_len) {
    enum fj_status status = FJ_OK;
    if (!fj_verify_needs_context(key)) {
        return (int)fj_verify_with(NULL, key, signature, signature_len, message, message_len);
    }
    struct fj_context *const context = fj_key_borrow(key, &status);
    if (context == NULL) {
        return (int)status;
    }
    status = fj_verify_with(context, key, signature, signature_len, message, message_len);
    fj_key_return(key, context);
    return (int)status;
}

int fj_floor(fj_key *key, int sign, size_t count) {
    enum fj_status status = FJ_OK;
    uint8_t signature[FJ_MAX_SIGNATURE_LEN];
    const uint8_t digest[FJ_SHA256_LEN] = {1};
    size_t len = fj_key_signature_len(key);
    if (fj_key_kind(key) != FJ_KEY_PRIVATE || len > sizeof signature) {
        return FJ_INTERNAL;
    }
    struct fj_context *const context = fj_key_borrow(key, &status);
    if (context == NULL) {
        return (int)status;
    }
    int good = EVP_PKEY_sign(context->sign, signature, &len, digest, sizeof digest) == 1;
    for (size_t i = 0; good && i < count; i++) {
        good = sign ? EVP_PKEY_sign(context->sign, signature, &len, digest, sizeof digest) == 1
                    : EVP_PKEY_verify(context->verify, signature, len, digest, sizeof digest) == 1;
    }
    status = good ? FJ_OK : fj_context_failed(context, FJ_INTERNAL);
    if (ERR_peek_error() != 0) { /* it failed at something and went on, as in fj_openssl_sign */
        context->broken = 1;
    }
    fj_key_return(key, context);
    return (int)status;
}
