/* EMSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 9.2). */
#ifndef FASTJWT_PKCS1_H
#define FASTJWT_PKCS1_H

#include <string.h>

#include "fastjwt.h"

/* em = 00 01 ff .. ff 00 DigestInfo hash; em_len is the modulus's in bytes, at least 62. */
static inline void fj_pkcs1_encode(uint8_t *em, size_t em_len, const uint8_t digest[32]) {
    static const uint8_t DIGESTINFO[19] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                           0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}; /* note 1 */
    memset(em, 0xff, em_len);
    em[0] = 0;
    em[1] = 1;
    em[em_len - 52] = 0;
    memcpy(em + em_len - 51, DIGESTINFO, sizeof DIGESTINFO);
    memcpy(em + em_len - 32, digest, 32);
}

#endif
