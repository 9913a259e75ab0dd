/* SHA-256 (FIPS 180-4) with the CPU's SHA instructions, four messages at a time. */
#ifndef FASTJWT_SHA256_NI_H
#define FASTJWT_SHA256_NI_H

#include "fastjwt.h"

#if defined(__x86_64__)
#define FJ_HAS_SHA256_NI 1

/* digests[i] = SHA-256 of messages[i].  Only with FJ_CPU_SHA. */
void fj_sha256_ni(uint8_t digests[][32], const uint8_t *const messages[], const size_t lens[], size_t count);

#endif
#endif
