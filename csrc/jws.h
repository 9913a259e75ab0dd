/* Crossing 1: the compact serialisation (RFC 7515 section 7.1) of many tokens becomes spans and octets. */
#ifndef FASTJWT_JWS_H
#define FASTJWT_JWS_H

#include "fastjwt.h"

/* As fj_split, whose arguments were checked: the lengths add up to the joined tokens' length. */
long fj_jws_split(uint8_t *status, struct fj_token *tokens, uint64_t *payload_start, uint64_t *payload_end,
                  uint32_t *names, uint32_t *first, uint8_t *decoded, const uint8_t *data,
                  const uint64_t *lengths, size_t count, const struct fj_limits *limits);

#endif
