#include "batch.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "count.h"
#include "digest.h"
#include "pool.h"
#include "rsa.h"

enum {
    /* Items between two looks at the clock: some milliseconds of work, as a signature of 4096 bits takes 3 ms. */
    VERIFY_GRAIN = 16,
    SIGN_GRAIN = 4,
    HMAC_GRAIN = 256
};

struct fj_job {
    struct fj_task task; /* first, so that a pointer to it is a pointer to the job */
    uint8_t *status;
    size_t key_count;
    fj_key **keys; /* held until the job is released */

    /* Verifying */
    const struct fj_token *tokens;
    const uint8_t *data;
    const uint8_t *decoded;
    uint8_t *verdicts;

    /* Signing: payload i lies at payload_at[i] .. payload_at[i+1], token i at token_at[i] .. token_at[i+1]. */
    uint8_t *out;
    const uint8_t *payloads;
    uint8_t *prefix;
    size_t prefix_len;
    size_t *payload_at;
    size_t *token_at;
};

/* --- One message ----------------------------------------------------------------------------------------------------- */

enum fj_status fj_verify_with(struct fj_context *context, const fj_key *key, const uint8_t *signature,
                              size_t signature_len, const uint8_t *message, size_t message_len) {
    uint8_t digest[FJ_SHA256_LEN];
    if (signature_len != fj_key_signature_len(key)) {
        return FJ_BAD_SIGNATURE;
    }
    if (fj_key_kind(key) == FJ_KEY_SECRET) {
        enum fj_status status = fj_hmac_sha256(context, digest, message, message_len);
        if (status == FJ_OK && CRYPTO_memcmp(digest, signature, FJ_SHA256_LEN) != 0) {
            status = FJ_BAD_SIGNATURE;
        }
        OPENSSL_cleanse(digest, sizeof digest); /* the tag of a message that the sender could not tag */
        fj_count_one(FJ_COUNT_HMAC_VERIFY);
        return status;
    }
    const enum fj_status status = fj_sha256(context, digest, message, message_len);
    return status == FJ_OK ? fj_rsa_verify(context, signature, signature_len, digest) : status;
}

enum fj_status fj_sign_with(struct fj_context *context, const fj_key *key, uint8_t *signature, size_t signature_len,
                            const uint8_t *message, size_t message_len) {
    if (fj_key_kind(key) == FJ_KEY_SECRET) {
        fj_count_one(FJ_COUNT_HMAC_SIGN);
        const enum fj_status status = fj_hmac_sha256(context, signature, message, message_len);
        if (status != FJ_OK) {
            memset(signature, 0, signature_len);
        }
        return status;
    }
    uint8_t digest[FJ_SHA256_LEN];
    const enum fj_status status = fj_sha256(context, digest, message, message_len);
    if (status != FJ_OK) {
        memset(signature, 0, signature_len);
        return status;
    }
    return fj_rsa_sign(context, signature, signature_len, digest);
}

/* --- Borrowed contexts ----------------------------------------------------------------------------------------------- */

/* The context that a thread works with at the moment; most neighbours in a batch have one key. */
struct hand {
    fj_key *key;
    struct fj_context *context;
};

static void hand_empty(struct hand *hand) {
    if (hand->context != NULL) {
        fj_key_return(hand->key, hand->context);
    }
    hand->key = NULL;
    hand->context = NULL;
}

/* Have the key's context in hand.  Returns FJ_OK or why there is none. */
static enum fj_status hand_take(struct hand *hand, fj_key *key) {
    enum fj_status status = FJ_OK;
    if (hand->key != key || hand->context->broken) {
        hand_empty(hand);
        hand->context = fj_key_borrow(key, &status);
        hand->key = hand->context != NULL ? key : NULL;
    }
    return status;
}

/* --- Verifying ------------------------------------------------------------------------------------------------------- */

static enum fj_status verify_token(const struct fj_job *job, struct hand *hand, const struct fj_token *token) {
    fj_key *const key = job->keys[token->header];
    if (key == NULL) {
        return (enum fj_status)job->verdicts[token->header];
    }
    const enum fj_status status = hand_take(hand, key);
    if (status != FJ_OK) {
        return status;
    }
    return fj_verify_with(hand->context, key, job->decoded + token->signature_start, token->signature_len,
                          job->data + token->start, token->signed_len);
}

static void verify_items(struct fj_task *task, size_t begin, size_t end) {
    const struct fj_job *const job = (const struct fj_job *)task;
    struct hand hand = {NULL, NULL};
    for (size_t i = begin; i < end; i++) {
        if (job->status[i] == FJ_PENDING) {
            job->status[i] = (uint8_t)verify_token(job, &hand, &job->tokens[i]);
        }
    }
    hand_empty(&hand);
}

/* --- Signing --------------------------------------------------------------------------------------------------------- */

/* Write one token: the prefix, the payload's base64url, a dot, the signature's base64url. */
static enum fj_status sign_token(const struct fj_job *job, struct hand *hand, uint8_t *signature, size_t index) {
    fj_key *const key = job->keys[0];
    const size_t signature_len = fj_key_signature_len(key);
    const size_t payload_at = job->payload_at[index];
    const size_t payload_len = job->payload_at[index + 1] - payload_at;
    uint8_t *const token = job->out + job->token_at[index];
    const size_t token_len = job->token_at[index + 1] - job->token_at[index];
    const size_t signed_len = job->prefix_len + fj_base64url_encoded_len(payload_len);
    enum fj_status status = hand_take(hand, key);
    if (status == FJ_OK) {
        memcpy(token, job->prefix, job->prefix_len);
        fj_base64url_encode(token + job->prefix_len, job->payloads + payload_at, payload_len);
        status = fj_sign_with(hand->context, key, signature, signature_len, token, signed_len);
    }
    if (status != FJ_OK) {
        memset(token, 0, token_len);
        return status;
    }
    token[signed_len] = '.';
    fj_base64url_encode(token + signed_len + 1, signature, signature_len);
    return FJ_OK;
}

static void sign_items(struct fj_task *task, size_t begin, size_t end) {
    const struct fj_job *const job = (const struct fj_job *)task;
    const size_t signature_len = fj_key_signature_len(job->keys[0]);
    struct hand hand = {NULL, NULL};
    uint8_t *const signature = malloc(signature_len);
    for (size_t i = begin; i < end; i++) {
        job->status[i] = (uint8_t)(signature != NULL ? sign_token(job, &hand, signature, i) : FJ_NO_MEMORY);
    }
    free(signature);
    hand_empty(&hand);
}

/* --- Jobs ------------------------------------------------------------------------------------------------------------ */

static void job_free(fj_job *job) {
    for (size_t i = 0; i < job->key_count; i++) {
        fj_key_release(job->keys[i]);
    }
    free(job->keys);
    free(job->verdicts);
    free(job->prefix);
    free(job->payload_at);
    free(job->token_at);
    free(job);
}

/* A job that holds the keys.  NULL: no memory. */
static fj_job *job_new(fj_key *const *keys, size_t key_count) {
    fj_job *const job = calloc(1, sizeof *job);
    if (job == NULL) {
        return NULL;
    }
    job->keys = calloc(key_count > 0 ? key_count : 1, sizeof(fj_key *));
    if (job->keys == NULL) {
        job_free(job);
        return NULL;
    }
    for (size_t i = 0; i < key_count; i++) {
        job->keys[i] = keys[i] != NULL ? fj_key_retain(keys[i]) : NULL;
    }
    job->key_count = key_count;
    return job;
}

static uint8_t *copy_of(const uint8_t *octets, size_t len) {
    uint8_t *const copy = malloc(len > 0 ? len : 1);
    if (copy != NULL && len > 0) {
        memcpy(copy, octets, len);
    }
    return copy;
}

fj_job *fj_batch_verify(uint8_t *status, const struct fj_token *tokens, size_t count, const uint8_t *data,
                        const uint8_t *decoded, fj_key *const *keys, const uint8_t *verdicts, size_t header_count,
                        unsigned threads) {
    fj_job *const job = job_new(keys, header_count);
    if (job == NULL) {
        return NULL;
    }
    job->verdicts = copy_of(verdicts, header_count);
    if (job->verdicts == NULL) {
        job_free(job);
        return NULL;
    }
    job->status = status;
    job->tokens = tokens;
    job->data = data;
    job->decoded = decoded;
    job->task.work = verify_items;
    job->task.count = count;
    job->task.grain = HMAC_GRAIN;
    for (size_t i = 0; i < header_count; i++) {
        if (keys[i] != NULL && fj_key_kind(keys[i]) != FJ_KEY_SECRET) {
            job->task.grain = VERIFY_GRAIN;
        }
    }
    fj_pool_start(&job->task, threads - 1);
    return job;
}

static size_t sign_grain(const fj_key *key) {
    if (fj_key_kind(key) == FJ_KEY_SECRET) {
        return HMAC_GRAIN;
    }
    return fj_key_signature_len(key) <= 4096 / 8 ? SIGN_GRAIN : 1;
}

fj_job *fj_batch_sign(uint8_t *out, uint8_t *status, fj_key *key, const uint8_t *prefix, size_t prefix_len,
                      const uint8_t *payloads, const uint64_t *payload_lengths, size_t count, unsigned threads) {
    fj_job *const job = job_new(&key, 1);
    if (job == NULL) {
        return NULL;
    }
    job->prefix = copy_of(prefix, prefix_len);
    job->payload_at = calloc(count + 1, sizeof(size_t));
    job->token_at = calloc(count + 1, sizeof(size_t));
    if (job->prefix == NULL || job->payload_at == NULL || job->token_at == NULL) {
        job_free(job);
        return NULL;
    }
    const size_t tail_len = 1 + fj_base64url_encoded_len(fj_key_signature_len(key));
    for (size_t i = 0; i < count; i++) {
        const size_t payload_len = (size_t)payload_lengths[i];
        job->payload_at[i + 1] = job->payload_at[i] + payload_len;
        job->token_at[i + 1] = job->token_at[i] + prefix_len + fj_base64url_encoded_len(payload_len) + tail_len;
    }
    job->status = status;
    job->out = out;
    job->payloads = payloads;
    job->prefix_len = prefix_len;
    job->task.work = sign_items;
    job->task.count = count;
    job->task.grain = sign_grain(key);
    fj_pool_start(&job->task, threads - 1);
    return job;
}

int fj_job_run(fj_job *job, unsigned budget_ms) {
    return fj_pool_run(&job->task, budget_ms);
}

void fj_job_release(fj_job *job) {
    if (job == NULL) {
        return;
    }
    fj_pool_stop(&job->task);
    job_free(job);
}
