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
    /* Items between two looks at the clock: milliseconds of work, and whole groups of lanes.  A signature of 4096 bits
     * takes libcrypto 3 ms. */
    VERIFY_GRAIN = 32, /* 0.1 ms in lanes, 0.4 by libcrypto; 15 with the largest keys and the largest e */
    VERIFY_FINE = 2 * FJ_LANES, /* as many as are hashed together */
    SIGN_GRAIN = FJ_LANES,
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
    /* Keys of the engine `openssl` are hashed by libcrypto too, so that it stays a judge of the other. */
    const enum fj_status status =
        fj_rsa_takes_lanes(key)
            ? fj_sha256_many(context, (uint8_t(*)[FJ_SHA256_LEN])digest, &message, &message_len, 1)
            : fj_sha256(context, digest, message, message_len);
    return status == FJ_OK ? fj_rsa_verify(context, key, signature, signature_len, digest) : status;
}

int fj_verify_needs_context(const fj_key *key) {
    return !fj_rsa_takes_lanes(key) || fj_sha256_needs_context();
}

enum fj_status fj_sign_with(struct fj_context *context, const fj_key *key, uint8_t *signature,
                            size_t signature_len, const uint8_t *message, size_t message_len) {
    uint8_t digests[FJ_LANES][FJ_SHA256_LEN];
    uint8_t *const signatures[FJ_LANES] = {signature};
    enum fj_status status[FJ_LANES];
    if (fj_key_kind(key) == FJ_KEY_SECRET) {
        fj_count_one(FJ_COUNT_HMAC_SIGN);
        status[0] = fj_hmac_sha256(context, signature, message, message_len);
    } else {
        status[0] = fj_sha256(context, digests[0], message, message_len);
        if (status[0] == FJ_OK) {
            fj_rsa_sign_many(status, context, key, signatures, (const uint8_t(*)[FJ_SHA256_LEN])digests, 1);
        }
    }
    if (status[0] != FJ_OK) {
        memset(signature, 0, signature_len);
    }
    return status[0];
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
    if (hand->context == NULL || hand->key != key || hand->context->broken) {
        hand_empty(hand);
        hand->context = fj_key_borrow(key, &status);
        hand->key = hand->context != NULL ? key : NULL;
    }
    return status;
}

/* --- Verifying ------------------------------------------------------------------------------------------------------- */

/* Tokens whose keys take lanes, of one signature length, until there are enough for whole batches: of lanes that multiply
 * and, twice as many, of lanes that hash. */
enum { TOGETHER = 2 * FJ_LANES };

struct lanes {
    size_t count;
    fj_key *keys[TOGETHER];
    const uint8_t *signatures[TOGETHER];
    const uint8_t *messages[TOGETHER];
    size_t message_lens[TOGETHER];
    size_t items[TOGETHER];
};

enum { SIGNATURE_LENGTHS = 3 /* that take lanes: of 2048, 3072 and 4096 bits */ };

static void lanes_verify(const struct fj_job *job, struct hand *hand, struct lanes *lanes) {
    uint8_t digests[TOGETHER][FJ_SHA256_LEN];
    enum fj_status status[TOGETHER];
    enum fj_status ready = FJ_OK;
    if (lanes->count == 0) {
        return;
    }
    if (fj_sha256_needs_context()) {
        ready = hand_take(hand, lanes->keys[0]);
    }
    if (ready == FJ_OK) {
        ready = fj_sha256_many(hand->context, digests, lanes->messages, lanes->message_lens, lanes->count);
    }
    for (size_t l = 0; l < lanes->count; l++) {
        status[l] = ready == FJ_OK ? FJ_INTERNAL : ready; /* until it is known better */
    }
    for (size_t l = 0; ready == FJ_OK && l < lanes->count; l += FJ_LANES) {
        const size_t left = lanes->count - l;
        fj_rsa_verify_many(status + l, (const fj_key *const *)lanes->keys + l, lanes->signatures + l,
                           (const uint8_t(*)[FJ_SHA256_LEN])digests + l, left < FJ_LANES ? left : FJ_LANES);
    }
    for (size_t l = 0; l < lanes->count; l++) {
        job->status[lanes->items[l]] = (uint8_t)status[l];
    }
    lanes->count = 0;
}

/* The lanes for signatures of this length: of 256, 384 or 512 octets, as keys that take lanes have. */
static struct lanes *lanes_for(struct lanes *lanes, size_t signature_len) {
    return signature_len == 256 ? &lanes[0] : signature_len == 384 ? &lanes[1] : &lanes[2];
}

/* Put one token into its lanes, and verify them when they are full. */
static void verify_in_lanes(const struct fj_job *job, struct hand *hand, struct lanes *all, fj_key *key,
                            size_t item) {
    const struct fj_token *const token = &job->tokens[item];
    struct lanes *const lanes = lanes_for(all, token->signature_len);
    const size_t l = lanes->count;
    lanes->keys[l] = key;
    lanes->signatures[l] = job->decoded + token->signature_start;
    lanes->messages[l] = job->data + token->start;
    lanes->message_lens[l] = token->signed_len;
    lanes->items[l] = item;
    lanes->count++;
    if (lanes->count == TOGETHER) {
        lanes_verify(job, hand, lanes);
    }
}

/* Give one token its status, or put it into lanes that will. */
static void verify_token(const struct fj_job *job, struct hand *hand, struct lanes *lanes, size_t item) {
    const struct fj_token *const token = &job->tokens[item];
    fj_key *const key = job->keys[token->header];
    enum fj_status status = FJ_OK;
    if (key == NULL) {
        status = (enum fj_status)job->verdicts[token->header];
    } else if (token->signature_len != fj_key_signature_len(key)) {
        status = FJ_BAD_SIGNATURE;
    } else if (fj_rsa_takes_lanes(key)) {
        verify_in_lanes(job, hand, lanes, key, item);
        return;
    } else {
        status = hand_take(hand, key);
        if (status == FJ_OK) {
            status = fj_verify_with(hand->context, key, job->decoded + token->signature_start,
                                    token->signature_len, job->data + token->start, token->signed_len);
        }
    }
    job->status[item] = (uint8_t)status;
}

static void verify_items(struct fj_task *task, size_t begin, size_t end) {
    const struct fj_job *const job = (const struct fj_job *)task;
    struct hand hand = {NULL, NULL};
    struct lanes lanes[SIGNATURE_LENGTHS];
    for (int i = 0; i < SIGNATURE_LENGTHS; i++) {
        lanes[i].count = 0;
    }
    for (size_t i = begin; i < end; i++) {
        if (job->status[i] == FJ_PENDING) {
            verify_token(job, &hand, lanes, i);
        }
    }
    for (int i = 0; i < SIGNATURE_LENGTHS; i++) {
        lanes_verify(job, &hand, &lanes[i]);
    }
    hand_empty(&hand);
}

/* --- Signing --------------------------------------------------------------------------------------------------------- */

/* Write the part of a token that gets signed: the prefix and the payload's base64url.  Returns its length. */
static size_t write_signing_input(uint8_t *token, const uint8_t *prefix, size_t prefix_len,
                                  const uint8_t *payload, size_t payload_len) {
    memcpy(token, prefix, prefix_len);
    fj_base64url_encode(token + prefix_len, payload, payload_len);
    return prefix_len + fj_base64url_encoded_len(payload_len);
}

/* Finish a token with its signature, or leave zeros where there is none. */
static void finish_token(uint8_t *token, size_t token_len, size_t signed_len, const uint8_t *signature,
                         size_t signature_len, enum fj_status status) {
    if (status == FJ_OK) {
        token[signed_len] = '.';
        fj_base64url_encode(token + signed_len + 1, signature, signature_len);
    } else {
        memset(token, 0, token_len);
    }
}

enum fj_status fj_sign_token(fj_key *key, uint8_t *token, size_t token_len, const uint8_t *prefix,
                             size_t prefix_len, const uint8_t *payload, size_t payload_len) {
    uint8_t signature[FJ_MAX_SIGNATURE_LEN];
    const size_t signature_len = fj_key_signature_len(key);
    enum fj_status status = FJ_INTERNAL;
    if (signature_len > sizeof signature || fj_key_kind(key) == FJ_KEY_PUBLIC) {
        memset(token, 0, token_len);
        return status;
    }
    const size_t signed_len = write_signing_input(token, prefix, prefix_len, payload, payload_len);
    struct fj_context *const context = fj_key_borrow(key, &status);
    if (context != NULL) {
        status = fj_sign_with(context, key, signature, signature_len, token, signed_len);
        fj_key_return(key, context);
    }
    finish_token(token, token_len, signed_len, signature, signature_len, status);
    return status;
}

/* Sign up to FJ_LANES tokens from `begin` on. */
static void sign_some(const struct fj_job *job, struct hand *hand, uint8_t *memory, size_t begin,
                      size_t count) {
    fj_key *const key = job->keys[0];
    const size_t signature_len = fj_key_signature_len(key);
    uint8_t digests[FJ_LANES][FJ_SHA256_LEN];
    uint8_t *signatures[FJ_LANES];
    const uint8_t *messages[FJ_LANES];
    size_t message_lens[FJ_LANES];
    enum fj_status status[FJ_LANES];
    enum fj_status ready = memory != NULL ? hand_take(hand, key) : FJ_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        signatures[i] = memory != NULL ? memory + i * signature_len : NULL;
        messages[i] = job->out + job->token_at[begin + i];
        message_lens[i] = write_signing_input(job->out + job->token_at[begin + i], job->prefix,
                                              job->prefix_len, job->payloads + job->payload_at[begin + i],
                                              job->payload_at[begin + i + 1] - job->payload_at[begin + i]);
    }
    if (ready == FJ_OK && fj_key_kind(key) == FJ_KEY_SECRET) {
        for (size_t i = 0; i < count; i++) {
            status[i] =
                fj_sign_with(hand->context, key, signatures[i], signature_len, messages[i], message_lens[i]);
        }
    } else if (ready == FJ_OK) {
        /* Keys of the engine `openssl` are hashed by libcrypto too, so that it stays a judge of the other. */
        ready = (fj_rsa_takes_lanes(key) ? fj_sha256_many : fj_sha256_each)(hand->context, digests, messages,
                                                                            message_lens, count);
        if (ready == FJ_OK) {
            fj_rsa_sign_many(status, hand->context, key, signatures, (const uint8_t(*)[FJ_SHA256_LEN])digests,
                             count);
        }
    }
    for (size_t i = 0; i < count; i++) {
        const enum fj_status outcome = ready == FJ_OK ? status[i] : ready;
        finish_token(job->out + job->token_at[begin + i],
                     job->token_at[begin + i + 1] - job->token_at[begin + i], message_lens[i], signatures[i],
                     signature_len, outcome);
        job->status[begin + i] = (uint8_t)outcome;
    }
}

static void sign_items(struct fj_task *task, size_t begin, size_t end) {
    const struct fj_job *const job = (const struct fj_job *)task;
    struct hand hand = {NULL, NULL};
    uint8_t *const memory = malloc(FJ_LANES * fj_key_signature_len(job->keys[0]));
    for (size_t i = begin; i < end; i += FJ_LANES) {
        sign_some(job, &hand, memory, i, end - i < FJ_LANES ? end - i : FJ_LANES);
    }
    free(memory);
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

static size_t verify_grain(const fj_key *key) {
    if (fj_key_kind(key) == FJ_KEY_SECRET) {
        return HMAC_GRAIN;
    }
    const size_t bits = 8 * fj_key_signature_len(key);
    if (bits <= 2048 || fj_rsa_takes_lanes(key)) {
        return VERIFY_GRAIN;
    }
    return bits <= 8192 ? VERIFY_GRAIN / 2 : VERIFY_GRAIN / 8;
}

fj_job *fj_batch_verify(uint8_t *status, const struct fj_token *tokens, size_t count, const uint8_t *data,
                        const uint8_t *decoded, fj_key *const *keys, const uint8_t *verdicts,
                        size_t header_count, unsigned threads, const fj_job *before) {
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
        if (keys[i] != NULL && verify_grain(keys[i]) < job->task.grain) {
            job->task.grain = verify_grain(keys[i]);
        }
    }
    job->task.fine = VERIFY_FINE < job->task.grain ? VERIFY_FINE : job->task.grain;
    fj_pool_start(&job->task, threads - 1, before != NULL ? &before->task : NULL);
    return job;
}

static size_t sign_grain(const fj_key *key) {
    if (fj_key_kind(key) == FJ_KEY_SECRET) {
        return HMAC_GRAIN;
    }
    return fj_key_signature_len(key) <= 4096 / 8 ? SIGN_GRAIN : 1;
}

fj_job *fj_batch_sign(uint8_t *out, uint8_t *status, fj_key *key, const uint8_t *prefix, size_t prefix_len,
                      const uint8_t *payloads, const uint64_t *payload_lengths, size_t count,
                      unsigned threads, const fj_job *before) {
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
        job->token_at[i + 1] =
            job->token_at[i] + prefix_len + fj_base64url_encoded_len(payload_len) + tail_len;
    }
    job->status = status;
    job->out = out;
    job->payloads = payloads;
    job->prefix_len = prefix_len;
    job->task.work = sign_items;
    job->task.count = count;
    job->task.grain = sign_grain(key);
    job->task.fine = job->task.grain;
    fj_pool_start(&job->task, threads - 1, before != NULL ? &before->task : NULL);
    return job;
}

int fj_job_run(fj_job *job, unsigned budget_ms, fj_job *meanwhile) {
    return fj_pool_run(&job->task, budget_ms, meanwhile != NULL ? &meanwhile->task : NULL);
}

void fj_job_release(fj_job **job) {
    if (*job == NULL) {
        return;
    }
    fj_pool_stop(&(*job)->task);
    job_free(*job);
    *job = NULL;
}
