/* What the ways to compute SHA-256 (FIPS 180-4) share: its constants, and a message as a stream of blocks. */
#ifndef FASTJWT_SHA256_H
#define FASTJWT_SHA256_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { FJ_SHA256_BLOCK_LEN = 64 };

/* FIPS 180-4, section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t FJ_SHA256_K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* Section 5.3.3: likewise of the square roots of the first eight. */
static const uint32_t FJ_SHA256_INITIAL[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                              0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* A message on its way: whole blocks where they lie, then the padded end (section 5.1.1). */
struct fj_stream {
    const uint8_t *next;
    size_t whole; /* blocks left in the message */
    size_t ends;  /* blocks left of the end */
    uint8_t end[2 * FJ_SHA256_BLOCK_LEN];
};

static inline void fj_stream_open(struct fj_stream *stream, const uint8_t *message, size_t len) {
    const size_t rest = len % FJ_SHA256_BLOCK_LEN;
    const uint64_t bits = (uint64_t)len * 8;
    stream->next = message;
    stream->whole = len / FJ_SHA256_BLOCK_LEN;
    stream->ends = rest + 9 > FJ_SHA256_BLOCK_LEN ? 2 : 1;
    memset(stream->end, 0, sizeof stream->end);
    if (rest > 0) {
        memcpy(stream->end, message + (len - rest), rest);
    }
    stream->end[rest] = 0x80;
    for (size_t i = 0; i < 8; i++) {
        stream->end[stream->ends * FJ_SHA256_BLOCK_LEN - 1 - i] = (uint8_t)(bits >> 8 * i);
    }
    if (stream->whole == 0) {
        stream->next = stream->end;
    }
}

/* The next block; there is one. */
static inline const uint8_t *fj_stream_next(struct fj_stream *stream) {
    const uint8_t *const block = stream->next;
    stream->next += FJ_SHA256_BLOCK_LEN;
    if (stream->whole == 0) {
        stream->ends--;
    } else if (--stream->whole == 0) {
        stream->next = stream->end;
    }
    return block;
}

static inline size_t fj_stream_left(const struct fj_stream *stream) {
    return stream->whole + stream->ends;
}

#endif
