/* What a program of this folder gets from the test that runs it: numbers in hexadecimal, one a line, or whole structs. */
#ifndef FASTJWT_TESTS_GIVEN_H
#define FASTJWT_TESTS_GIVEN_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fastjwt.h"
#include "rsa52.h"

static inline void fail(const char *why) {
    fprintf(stderr, "%s\n", why);
    exit(2);
}

/* Read the next `len` bytes of standard input. */
static inline void given_bytes(void *out, size_t len) {
    if (fread(out, 1, len, stdin) != len) {
        fail("standard input ended early");
    }
}

/* The eight parts of a private key, as enum fj_key_part has them, each preceded by its length (uint32_t). */
struct given_key {
    struct fj_octets parts[FJ_PART_SECRET];
    uint8_t memory[FJ_PART_SECRET][FJ_RSA52_MAX_BYTES + 8];
};

static inline void given_key(struct given_key *key) {
    for (int i = 0; i < FJ_PART_SECRET; i++) {
        uint32_t len = 0;
        given_bytes(&len, sizeof len);
        if (len > sizeof key->memory[i]) {
            fail("a number is too long");
        }
        given_bytes(key->memory[i], len);
        key->parts[i] = (struct fj_octets){key->memory[i], len};
    }
}

/* The constants of a private key and blinding, computed by the test: the kernel alone needs no more. */
struct given_constants {
    struct fj_public52 public;
    struct fj_private52 private;
    struct fj_blinding52 blinding;
};

static inline void given_constants(struct given_constants *key) {
    given_bytes(&key->public, sizeof key->public);
    given_bytes(&key->private, sizeof key->private);
    given_bytes(&key->blinding, sizeof key->blinding);
}

/* A small generator, the same on every machine (xorshift64*): what is random here needs no more than variety. */
static inline uint64_t next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

#endif
