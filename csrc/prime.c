/* Miller-Rabin (FIPS 186-5, B.3.1) on libcrypto's constant-time exponentiation: the candidates are factors of keys.
 *
 * BN_check_prime would do, but insists on 64 rounds at these sizes: 33 ms a key, where a key that others made and that
 * satisfies all its equations needs no such certainty. */
#include <openssl/bn.h>

#include "fastjwt.h"
#include "fork.h"
#include "openssl.h"
#include "secret.h"

struct candidate {
    BIGNUM *n;
    BIGNUM *n_minus_1;
    BIGNUM *odd; /* n - 1 = odd * 2^twos */
    int twos;
    BN_MONT_CTX *mont;
    BN_CTX *ctx;
};

static int candidate_init(struct candidate *c, struct fj_octets n) {
    c->n = BN_bin2bn(n.data, (int)n.len, NULL);
    c->n_minus_1 = BN_new();
    c->odd = BN_new();
    c->mont = BN_MONT_CTX_new();
    c->ctx = BN_CTX_new();
    if (c->n == NULL || c->n_minus_1 == NULL || c->odd == NULL || c->mont == NULL || c->ctx == NULL ||
        BN_sub(c->n_minus_1, c->n, BN_value_one()) != 1 || BN_MONT_CTX_set(c->mont, c->n, c->ctx) != 1) {
        return 0;
    }
    while (!BN_is_bit_set(c->n_minus_1, c->twos)) {
        c->twos++;
    }
    return BN_rshift(c->odd, c->n_minus_1, c->twos);
}

static void candidate_clear(struct candidate *c) {
    BN_clear_free(c->n);
    BN_clear_free(c->n_minus_1);
    BN_clear_free(c->odd);
    BN_MONT_CTX_free(c->mont);
    BN_CTX_free(c->ctx);
}

/* 1 if a random base finds nothing against n, 0 if it proves n composite, -1 on failure. */
static int one_round(struct candidate *c, BIGNUM *x) {
    do {
        if (BN_priv_rand_range(x, c->n_minus_1) != 1) { /* 0 <= x < n - 1 */
            return -1;
        }
    } while (BN_is_zero(x) || BN_is_one(x));
    if (BN_mod_exp_mont_consttime(x, x, c->odd, c->n, c->ctx, c->mont) != 1) {
        return -1;
    }
    int passed = BN_is_one(x);
    for (int i = 0; i < c->twos; i++) { /* all of them: how soon -1 appears depends on the candidate */
        passed |= BN_cmp(x, c->n_minus_1) == 0;
        if (BN_mod_sqr(x, x, c->n, c->ctx) != 1) {
            return -1;
        }
    }
    return passed;
}

static int probable_prime(struct fj_octets n, unsigned rounds) {
    struct candidate c = {0};
    BIGNUM *const x = BN_new();
    int verdict = -1;
    if (x != NULL && candidate_init(&c, n)) {
        verdict = 1;
        for (unsigned i = 0; verdict == 1 && i < rounds; i++) {
            verdict = one_round(&c, x);
        }
    }
    BN_clear_free(x);
    candidate_clear(&c);
    fj_secret_forget_registers();
    if (verdict < 0) {
        (void)fj_openssl_failed(FJ_INTERNAL);
    }
    return verdict;
}

int fj_probable_prime(struct fj_octets n, unsigned rounds) {
    fj_fork_hold_off();
    const int verdict = probable_prime(n, rounds);
    fj_fork_let();
    return verdict;
}
