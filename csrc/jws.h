/* Crossing 1: the compact serialisation (RFC 7515 section 7.1) of many tokens becomes spans and octets. */
#ifndef FASTJWT_JWS_H
#define FASTJWT_JWS_H

#include "fastjwt.h"

/* As fj_split, whose arguments were checked: the lengths, if given, add up to data_len. */
long fj_jws_split(uint8_t *status, struct fj_token *tokens, uint64_t *payload_start, uint64_t *payload_end,
                  uint8_t *names, uint32_t *first, uint8_t *decoded, const uint8_t *data, size_t data_len,
                  const uint64_t *lengths, size_t count, const struct fj_limits *limits);

/* As fj_gather. */
size_t fj_jws_gather(uint8_t *out, uint8_t *gathered_names, uint8_t *shown, size_t *gathered,
                     const uint8_t *status, const uint64_t *payload_start, const uint64_t *payload_end,
                     const uint8_t *names, const uint8_t *decoded, size_t count,
                     const struct fj_expected *expected, size_t expected_count, int64_t least, int64_t most);

#endif
