/* SHA-256 (FIPS 180-4) of sixteen messages at once, one in each 32-bit lane of AVX-512. */
#ifndef FASTJWT_SHA256_AVX512_H
#define FASTJWT_SHA256_AVX512_H

#include "fastjwt.h"

#if defined(__x86_64__)
#define FJ_HAS_SHA256_AVX512 1

enum { FJ_SHA256_LANES = 16 };

/* digests[i] = SHA-256 of messages[i], for up to FJ_SHA256_LANES messages.  Takes as long as for sixteen of the longest.
 * Only with FJ_CPU_AVX512. */
void fj_sha256_avx512(uint8_t digests[][32], const uint8_t *const messages[], const size_t lens[],
                      size_t count);

#endif
#endif
