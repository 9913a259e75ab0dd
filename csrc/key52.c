/* libcrypto's big numbers compute what the kernel is given once; secret ones are flagged for its constant-time ways. */
#include "key52.h"

#if defined(__x86_64__)

#include <openssl/bn.h>
#include <openssl/crypto.h>

#include "openssl.h"
#include "pkcs1.h"

static unsigned bits_of(struct fj_octets number) {
    return number.len == 0 ? 0 : (unsigned)(number.len * 8) - (unsigned)__builtin_clz(number.data[0]) + 24;
}

static size_t limbs_for(unsigned modulus_bits) {
    return modulus_bits == 2048 ? 40 : modulus_bits == 3072 ? 60 : modulus_bits == 4096 ? 80 : 0;
}

int fj_key52_takes_public(struct fj_octets n, struct fj_octets e) {
    return limbs_for(bits_of(n)) != 0 && e.len == 3 && e.data[0] == 1 && e.data[1] == 0 && e.data[2] == 1;
}

int fj_key52_takes_private(struct fj_octets n, struct fj_octets p, struct fj_octets q) {
    return bits_of(p) * 2 == bits_of(n) && bits_of(q) * 2 == bits_of(n);
}

/* -1/n mod 2^52 for odd n, by Newton's iteration: each step doubles the bits that are right. */
static uint64_t negative_inverse(uint64_t n) {
    uint64_t inverse = n; /* right to 3 bits */
    for (int i = 0; i < 5; i++) {
        inverse *= 2 - n * inverse;
    }
    return (0 - inverse) & ((UINT64_C(1) << 52) - 1);
}

/* Limbs of a number that is below 2^(52 limbs).  1 on success. */
static int limbs_of(uint64_t *out, size_t limbs, const BIGNUM *number) {
    uint8_t octets[FJ_RSA52_MAX_LIMBS * 52 / 8];
    const int len = (int)(limbs * 52 / 8);
    if (BN_bn2binpad(number, octets, len) != len) {
        return 0;
    }
    for (size_t i = 0; i < limbs; i++) {
        out[i] = fj_limb_of_octets(octets, (size_t)len, i);
    }
    OPENSSL_cleanse(octets, sizeof octets);
    return 1;
}

static void limbs_of_octets(uint64_t *out, size_t limbs, struct fj_octets number) {
    for (size_t i = 0; i < limbs; i++) {
        out[i] = fj_limb_of_octets(number.data, number.len, i);
    }
}

enum fj_status fj_key52_public(struct fj_public52 *out, struct fj_octets n) {
    static const uint8_t no_hash[FJ_RSA52_DIGEST_LEN];
    uint8_t em[FJ_RSA52_MAX_BYTES];
    int complete = 0;
    BN_CTX *const ctx = BN_CTX_new();
    BIGNUM *const modulus = BN_bin2bn(n.data, (int)n.len, NULL);
    BIGNUM *const x = BN_new();
    BIGNUM *const k = BN_new();
    BN_MONT_CTX *const mont = BN_MONT_CTX_new();
    out->limbs = limbs_for(bits_of(n));
    out->bytes = n.len;
    fj_pkcs1_encode(em, n.len, no_hash);
    limbs_of_octets(out->n, out->limbs, n);
    out->k0 = negative_inverse(out->n[0] | out->n[1] << 52);
    if (ctx != NULL && modulus != NULL && x != NULL && k != NULL && mont != NULL) {
        const int r_bits = (int)(52 * out->limbs);
        const int n_bits = (int)(8 * n.len); /* a multiple of libcrypto's words, so its own R is 2^n_bits */
        /* K = R^-65536 mod N: sixteen squarings of 1/R, and that by two reductions of 2^(2 n_bits) / R, in a tenth of the
         * time that an inversion takes. */
        complete = BN_one(x) == 1 && BN_lshift(x, x, r_bits) == 1 && BN_mod(x, x, modulus, ctx) == 1 &&
                   BN_mod_sqr(x, x, modulus, ctx) == 1 && limbs_of(out->r_squared, out->limbs, x) &&
                   BN_MONT_CTX_set(mont, modulus, ctx) == 1 && BN_one(k) == 1 &&
                   BN_lshift(k, k, 2 * n_bits - r_bits) == 1 && BN_from_montgomery(k, k, mont, ctx) == 1 &&
                   BN_from_montgomery(k, k, mont, ctx) == 1;
        for (int i = 0; complete && i < 16; i++) {
            complete = BN_mod_sqr(k, k, modulus, ctx) == 1;
        }
        complete = complete && BN_mod_lshift(x, k, 260, modulus, ctx) == 1 &&
                   limbs_of(out->hash_factor, out->limbs, x) && BN_bin2bn(em, (int)n.len, x) != NULL &&
                   BN_mod_mul(x, x, k, modulus, ctx) == 1 && limbs_of(out->padding_factor, out->limbs, x);
    }
    BN_free(modulus);
    BN_free(x);
    BN_free(k);
    BN_MONT_CTX_free(mont);
    BN_CTX_free(ctx);
    return complete ? FJ_OK : fj_openssl_failed(FJ_NO_MEMORY);
}

/* r^power mod p. */
static int power_of_r(uint64_t *out, size_t limbs, int power, const BIGNUM *p, BIGNUM *x, BN_CTX *ctx) {
    return BN_one(x) == 1 && BN_lshift(x, x, (int)(52 * limbs) * power) == 1 && BN_mod(x, x, p, ctx) == 1 &&
           limbs_of(out, limbs, x);
}

static int prime52(struct fj_prime52 *out, size_t limbs, struct fj_octets p, struct fj_octets exponent,
                   BN_CTX *ctx) {
    BIGNUM *const prime = BN_bin2bn(p.data, (int)p.len, NULL);
    BIGNUM *const x = BN_new();
    int complete = 0;
    if (prime != NULL && x != NULL) {
        BN_set_flags(prime, BN_FLG_CONSTTIME);
        BN_set_flags(x, BN_FLG_CONSTTIME);
        complete = power_of_r(out->one, limbs, 1, prime, x, ctx) &&
                   power_of_r(out->r_squared, limbs, 2, prime, x, ctx) &&
                   power_of_r(out->r_cubed, limbs, 3, prime, x, ctx);
    }
    limbs_of_octets(out->p, limbs, p);
    out->k0 = negative_inverse(out->p[0] | out->p[1] << 52);
    memset(out->exponent, 0,
           sizeof out->exponent); /* shorter than the prime where its first octets are zero */
    memcpy(out->exponent + (p.len - exponent.len), exponent.data, exponent.len);
    BN_clear_free(prime);
    BN_clear_free(x);
    return complete;
}

enum fj_status fj_key52_private(struct fj_private52 *out, const struct fj_octets *parts) {
    const size_t limbs = limbs_for(bits_of(parts[FJ_PART_N])) / 2;
    const struct fj_octets p = parts[FJ_PART_P];
    BN_CTX *const ctx = BN_CTX_secure_new();
    BIGNUM *const prime = BN_bin2bn(p.data, (int)p.len, NULL);
    BIGNUM *const x = BN_bin2bn(parts[FJ_PART_QI].data, (int)parts[FJ_PART_QI].len, NULL);
    int complete = 0;
    if (ctx != NULL && prime != NULL && x != NULL) {
        BN_set_flags(prime, BN_FLG_CONSTTIME);
        BN_set_flags(x, BN_FLG_CONSTTIME);
        complete = prime52(&out->p, limbs, p, parts[FJ_PART_DP], ctx) &&
                   prime52(&out->q, limbs, parts[FJ_PART_Q], parts[FJ_PART_DQ], ctx) &&
                   BN_lshift(x, x, (int)(52 * limbs)) == 1 && BN_mod(x, x, prime, ctx) == 1 &&
                   limbs_of(out->q_inverse, limbs, x);
    }
    BN_clear_free(prime);
    BN_clear_free(x);
    BN_CTX_free(ctx);
    return complete ? FJ_OK : fj_openssl_failed(FJ_NO_MEMORY);
}

/* --- Blinding -------------------------------------------------------------------------------------------------------- */

/* inverses[l] = 1 / units[l] mod n with one inversion (P. Montgomery's trick).  The inversion is variable-time, but of
 * the product of all units and one more random number that is used for nothing else: it tells nothing of them. */
static int invert_all(BIGNUM *inverses[FJ_LANES], BIGNUM *const units[FJ_LANES], BIGNUM *hider,
                      const BIGNUM *n, BN_CTX *ctx) {
    BIGNUM *const product = BN_dup(hider);
    int good = product != NULL;
    for (int l = 0; good && l < FJ_LANES; l++) { /* inverses[l] holds the product of all before it */
        good = BN_copy(inverses[l], product) != NULL && BN_mod_mul(product, product, units[l], n, ctx) == 1;
    }
    good = good && BN_mod_inverse(product, product, n, ctx) != NULL;
    for (int l = FJ_LANES - 1; good && l >= 0; l--) {
        good = BN_mod_mul(inverses[l], inverses[l], product, n, ctx) == 1 &&
               BN_mod_mul(product, product, units[l], n, ctx) == 1;
    }
    BN_clear_free(product);
    return good;
}

static int lay_out(uint64_t out[][FJ_LANES], size_t limbs, int lane, const BIGNUM *number) {
    uint64_t limb[FJ_RSA52_MAX_LIMBS];
    const int good = limbs_of(limb, limbs, number);
    for (size_t i = 0; good && i < limbs; i++) {
        out[i][lane] = limb[i];
    }
    OPENSSL_cleanse(limb, sizeof limb);
    return good;
}

enum fj_status fj_key52_blind(struct fj_blinding52 *out, const struct fj_public52 *key, struct fj_octets n,
                              void *workspace) {
    BIGNUM *units[FJ_LANES] = {NULL};
    BIGNUM *inverses[FJ_LANES] = {NULL};
    BN_CTX *const ctx = BN_CTX_secure_new();
    BIGNUM *const modulus = BN_bin2bn(n.data, (int)n.len, NULL);
    BIGNUM *const hider = BN_new();
    int good = ctx != NULL && modulus != NULL && hider != NULL && BN_priv_rand_range(hider, modulus) == 1;
    for (int l = 0; good && l < FJ_LANES; l++) {
        units[l] = BN_new();
        inverses[l] = BN_new();
        good = units[l] != NULL && inverses[l] != NULL && BN_priv_rand_range(units[l], modulus) == 1;
    }
    good = good && invert_all(inverses, units, hider, modulus, ctx);
    for (int l = 0; l < FJ_LANES; l++) {
        good =
            good && lay_out(out->a, key->limbs, l, units[l]) && lay_out(out->b, key->limbs, l, inverses[l]);
        BN_clear_free(units[l]);
        BN_clear_free(inverses[l]);
    }
    BN_clear_free(hider);
    BN_free(modulus);
    BN_CTX_free(ctx);
    if (!good) {
        return fj_openssl_failed(FJ_NO_MEMORY);
    }
    fj_ifma_blind(out, key, workspace);
    return FJ_OK;
}

#endif
