/* Jobs: many tokens, several keys, shared among threads. */
#ifndef FASTJWT_BATCH_H
#define FASTJWT_BATCH_H

#include "fastjwt.h"
#include "key.h"

/* 1 if verifying with the key wants one of its contexts, 0 if the kernel and the CPU do it all. */
int fj_verify_needs_context(const fj_key *key);

/* Verify one message: FJ_OK, FJ_BAD_SIGNATURE or a failure.  The context may be NULL where none is needed. */
enum fj_status fj_verify_with(struct fj_context *context, const fj_key *key, const uint8_t *signature,
                              size_t signature_len, const uint8_t *message, size_t message_len);

/* Sign one message; signature_len is the key's.  Zeroes the signature on failure. */
enum fj_status fj_sign_with(struct fj_context *context, const fj_key *key, uint8_t *signature,
                            size_t signature_len, const uint8_t *message, size_t message_len);

/* As fj_single_sign, whose lengths fit. */
enum fj_status fj_sign_token(fj_key *key, uint8_t *token, size_t token_len, const uint8_t *prefix,
                             size_t prefix_len, const uint8_t *payload, size_t payload_len);

/* As fj_verify_start and fj_sign_start, whose arguments were checked. */
fj_job *fj_batch_verify(uint8_t *status, const struct fj_token *tokens, size_t count, const uint8_t *data,
                        const uint8_t *decoded, fj_key *const *keys, const uint8_t *verdicts,
                        size_t header_count, unsigned threads, const fj_job *before);
fj_job *fj_batch_sign(uint8_t *out, uint8_t *status, fj_key *key, const uint8_t *prefix, size_t prefix_len,
                      const uint8_t *payloads, const uint64_t *payload_lengths, size_t count,
                      unsigned threads, const fj_job *before);

#endif
