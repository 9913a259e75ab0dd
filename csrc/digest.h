/* SHA-256 and HMAC-SHA-256 in contexts that are made once. */
#ifndef FASTJWT_DIGEST_H
#define FASTJWT_DIGEST_H

#include "key.h"
#include "rsa.h"

/* FJ_OK or a failure of libcrypto. */
enum fj_status fj_sha256(struct fj_context *context, uint8_t digest[FJ_SHA256_LEN], const uint8_t *message,
                         size_t message_len);

/* The same of many messages, one by one. */
enum fj_status fj_sha256_each(struct fj_context *context, uint8_t digests[][FJ_SHA256_LEN],
                              const uint8_t *const messages[], const size_t message_lens[], size_t count);

/* The same of many messages at once, with the CPU's own instructions where it has them: then the context is not used, and
 * may be NULL.  `fj_sha256_needs_context` tells. */
enum fj_status fj_sha256_many(struct fj_context *context, uint8_t digests[][FJ_SHA256_LEN],
                              const uint8_t *const messages[], const size_t message_lens[], size_t count);
int fj_sha256_needs_context(void);

/* The tag of a message under the context's secret. */
enum fj_status fj_hmac_sha256(struct fj_context *context, uint8_t tag[FJ_SHA256_LEN], const uint8_t *message,
                              size_t message_len);

#endif
