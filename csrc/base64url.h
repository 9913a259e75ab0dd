/* Strict base64url (RFC 4648 section 5 without padding, RFC 7515 section 2): one octet string, one spelling. */
#ifndef FASTJWT_BASE64URL_H
#define FASTJWT_BASE64URL_H

#include "fastjwt.h"

/* Octets that `text_len` characters spell; text_len modulo 4 is not 1. */
static inline size_t fj_base64url_decoded_len(size_t text_len) {
    return text_len / 4 * 3 + (text_len % 4 + 1) / 2 - (text_len % 4 == 1);
}

/* Characters that spell `octets_len` octets.  octets_len <= SIZE_MAX / 2. */
static inline size_t fj_base64url_encoded_len(size_t octets_len) {
    return octets_len / 3 * 4 + (octets_len % 3 ? octets_len % 3 + 1 : 0);
}

/* Decode text into out.  Returns FJ_OK, FJ_BAD_ALPHABET, FJ_BAD_LENGTH or FJ_BAD_BITS, in this order of precedence;
 * after a fault out holds nothing of use.  out has room for fj_base64url_decoded_len(text_len) octets. */
enum fj_status fj_base64url_decode(uint8_t *out, const uint8_t *text, size_t text_len);

/* Encode octets into out, which has room for fj_base64url_encoded_len(octets_len) characters. */
void fj_base64url_encode(uint8_t *out, const uint8_t *octets, size_t octets_len);

#endif
