/* RSA in radix 2^52, eight operations at once: what a key needs, and the calls that do the work.
 *
 * Sizes: moduli of 2048, 3072 and 4096 bits exactly, e = 65537, two primes of exactly half the bits.  All else is
 * OpenSSL's.  LIMBS of the modulus: 40, 60, 80; of a prime: half as many.  Throughout, R = 2^(52 limbs) of the modulus and
 * r = 2^(52 limbs) of a prime. */
#ifndef FASTJWT_RSA52_H
#define FASTJWT_RSA52_H

#include <string.h>

#include "fastjwt.h"

enum { FJ_LANES = 8, FJ_RSA52_MAX_LIMBS = 80, FJ_RSA52_MAX_BYTES = 512, FJ_RSA52_DIGEST_LEN = 32 };

/* What verifying needs of a public key, computed once.  Limbs are < 2^52, least significant first. */
struct fj_public52 {
    size_t limbs; /* 40, 60 or 80 */
    size_t bytes; /* of a signature: 256, 384 or 512 */
    uint64_t k0;  /* -1/N mod 2^52 */
    uint64_t n[FJ_RSA52_MAX_LIMBS];
    uint64_t hash_factor[FJ_RSA52_MAX_LIMBS];    /* K 2^260 mod N,   K = R^-65536 mod N */
    uint64_t padding_factor[FJ_RSA52_MAX_LIMBS]; /* P K mod N,   P = the encoded message of a hash of zeros */
    uint64_t r_squared[FJ_RSA52_MAX_LIMBS];      /* R^2 mod N, for blinding */
};

/* What signing needs of one prime p, in secret memory. */
struct fj_prime52 {
    uint64_t k0;
    uint64_t p[FJ_RSA52_MAX_LIMBS / 2];
    uint64_t r_squared[FJ_RSA52_MAX_LIMBS / 2]; /* r^2 mod p */
    uint64_t r_cubed[FJ_RSA52_MAX_LIMBS / 2];   /* r^3 mod p */
    uint64_t one[FJ_RSA52_MAX_LIMBS / 2];       /* r mod p */
    uint8_t exponent[FJ_RSA52_MAX_BYTES / 2];   /* d mod p-1, big-endian, as many bytes as a prime has */
};

/* What signing needs of a private key beside its public half. */
struct fj_private52 {
    struct fj_prime52 p;
    struct fj_prime52 q;
    uint64_t q_inverse[FJ_RSA52_MAX_LIMBS / 2]; /* 1/q r mod p */
};

/* Factors that hide the message from the exponentiation: a = u^65537 R and b = u^-1 R mod N, one u for each lane.
 * Laid out limb by limb, eight lanes each, as the kernel loads them.  Each use squares both. */
struct fj_blinding52 {
    uint64_t a[FJ_RSA52_MAX_LIMBS][FJ_LANES];
    uint64_t b[FJ_RSA52_MAX_LIMBS][FJ_LANES];
};

/* Verify eight signatures, each of its key's length and below its modulus or not; keys of one size.
 * Returns a mask of the lanes whose signature is good.  Works on public data alone, in variable time. */
uint8_t fj_ifma_verify_var(const struct fj_public52 *const keys[FJ_LANES],
                           const uint8_t *const signatures[FJ_LANES], const uint8_t *const digests[FJ_LANES]);

/* Verify one signature, its limbs along the vectors: a third of the time that eight take.  Returns 1 if it is good, else
 * 0.  Works on public data alone, in variable time. */
int fj_ifma_verify_one_var(const struct fj_public52 *key, const uint8_t *signature, const uint8_t *digest);

/* Sign eight digests with one key, or with `count` <= 4 the first four at half the cost.  Constant time.
 * Out: count signatures.  Nothing is checked here: the caller verifies them before they leave.
 * `workspace` is fj_ifma_workspace_len() bytes, aligned to 64, and wiped on return. */
void fj_ifma_sign(uint8_t *const signatures[FJ_LANES], const struct fj_private52 *key,
                  const struct fj_public52 *public, struct fj_blinding52 *blinding,
                  const uint8_t *const digests[FJ_LANES], size_t count, void *workspace);

size_t fj_ifma_workspace_len(void);

/* Turn blinding->a from u and blinding->b from u^-1 (canonical limbs, below N) into the form above. */
void fj_ifma_blind(struct fj_blinding52 *blinding, const struct fj_public52 *public, void *workspace);

/* The octets from bit 52 i on, as one limb; big-endian, zero beyond the end. */
static inline uint64_t fj_limb_of_octets(const uint8_t *octets, size_t len, size_t i) {
    const size_t bit = 52 * i;
    const size_t low = bit / 8; /* octets below the first one needed */
    uint64_t word = 0;
    if (low >= len) {
        return 0;
    }
    if (len - low >= 8) {
        memcpy(&word, octets + len - low - 8, 8);
        word = __builtin_bswap64(word);
    } else {
        for (size_t at = 0; at < len - low; at++) {
            word = word << 8 | octets[at];
        }
    }
    return word >> bit % 8 & ((UINT64_C(1) << 52) - 1);
}

#endif
