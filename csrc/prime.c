/* Primes.  Two questions, asked of numbers that others chose and may have chosen to deceive.
 *
 * Is a factor of a private key prime?  Baillie-PSW, and one round of Miller-Rabin with a random base.  Baillie-PSW is a
 * strong test to base 2 and a Lucas test (R. Baillie and S. S. Wagstaff, "Lucas pseudoprimes", Math. Comp. 35, 1980); the
 * latter is the "extra strong" one of J. Grantham, "Frobenius pseudoprimes", Math. Comp. 70, 2001.  The two fail on other
 * kinds of numbers: (2k+1)(4k+1) gets past a quarter of all bases, and not past the Lucas test.  No composite is known
 * that passes both, and there is none below 2^64.  Should somebody find one, he cannot know the random base.
 * Certainty of 2^-64 by random bases alone takes 32 of them, six times as long; BN_check_prime takes 64.
 * It is done in constant time, except that the number of zeros and of ones at the low end of the prime shows, and which of
 * the first few P serves for the Lucas test: some bits out of a thousand.
 *
 * Is a public modulus prime, by mistake?  A prime passes Fermat's test to base 2, always, and a product of two primes
 * does not, unless somebody chose it for that: then his key is refused, which harms nobody.  So one exponentiation is
 * enough, in variable time. */
#include <openssl/bn.h>

#include "fastjwt.h"
#include "fork.h"
#include "openssl.h"
#include "secret.h"

struct candidate {
    BIGNUM *n;
    BIGNUM *n_minus_1;
    BIGNUM *odd; /* the number before or after n is odd * 2^twos */
    int twos;
    BN_MONT_CTX *mont;
    BN_CTX *ctx;
    BIGNUM *x, *y, *t; /* for each test to work in */
};

static int candidate_init(struct candidate *c, struct fj_octets n) {
    BIGNUM **const numbers[] = {&c->n_minus_1, &c->odd, &c->x, &c->y, &c->t};
    c->n = BN_bin2bn(n.data, (int)n.len, NULL);
    c->mont = BN_MONT_CTX_new();
    c->ctx = BN_CTX_new();
    int complete = c->n != NULL && c->mont != NULL && c->ctx != NULL;
    for (size_t i = 0; complete && i < sizeof numbers / sizeof *numbers; i++) {
        /* As wide as n from the start, which BN_consttime_swap takes for granted. */
        *numbers[i] = BN_dup(c->n);
        complete = *numbers[i] != NULL;
    }
    return complete && BN_sub(c->n_minus_1, c->n, BN_value_one()) == 1 &&
           BN_MONT_CTX_set(c->mont, c->n, c->ctx) == 1;
}

static void candidate_clear(struct candidate *c) {
    BN_clear_free(c->n);
    BN_clear_free(c->n_minus_1);
    BN_clear_free(c->odd);
    BN_clear_free(c->x);
    BN_clear_free(c->y);
    BN_clear_free(c->t);
    BN_MONT_CTX_free(c->mont);
    BN_CTX_free(c->ctx);
}

/* Split an even number, which may be c->odd itself.  1, or 0 on failure. */
static int split_twos(struct candidate *c, const BIGNUM *even) {
    c->twos = 0;
    while (!BN_is_bit_set(even, c->twos)) {
        c->twos++;
    }
    return BN_rshift(c->odd, even, c->twos);
}

/* --- Miller-Rabin (FIPS 186-5, B.3.1) -------------------------------------------------------------------------------- */

/* All tests return 1 if they find nothing against n, 0 if they prove it composite, -1 on failure. */

/* The base is in c->x. */
static int one_round(struct candidate *c) {
    if (split_twos(c, c->n_minus_1) != 1 ||
        BN_mod_exp_mont_consttime(c->x, c->x, c->odd, c->n, c->ctx, c->mont) != 1) {
        return -1;
    }
    int passed = BN_is_one(c->x);
    for (int i = 0; i < c->twos; i++) { /* all of them: how soon -1 appears depends on the candidate */
        passed |= BN_cmp(c->x, c->n_minus_1) == 0;
        if (BN_mod_sqr(c->x, c->x, c->n, c->ctx) != 1) {
            return -1;
        }
    }
    return passed;
}

static int round_to_base_2(struct candidate *c) {
    return BN_set_word(c->x, 2) == 1 ? one_round(c) : -1;
}

static int round_to_random_base(struct candidate *c) {
    do {
        fj_fork_hold_off();
        const int drawn = BN_priv_rand_range(c->x, c->n_minus_1); /* 0 <= x < n - 1 */
        fj_fork_let();
        if (drawn != 1) {
            return -1;
        }
    } while (BN_is_zero(c->x) || BN_is_one(c->x));
    return one_round(c);
}

/* --- Lucas ----------------------------------------------------------------------------------------------------------- */

enum {
    LUCAS_P_END = 500
}; /* a prime leaves none of them with a probability far below 2^-64, and a square always */

/* The first P from 3 on for which P^2 - 4 is no square modulo n if n is prime; 0 if n is composite, -1 on failure. */
static int lucas_parameter(struct candidate *c) {
    for (int p = 3; p < LUCAS_P_END; p++) {
        const int symbol =
            BN_set_word(c->t, (BN_ULONG)(p * p - 4)) == 1 ? BN_kronecker(c->t, c->n, c->ctx) : -2;
        if (symbol == -1) {
            return p;
        }
        if (symbol < -1) {
            return -1;
        }
        if (symbol == 0) {
            return 0; /* a common factor */
        }
    }
    return 0;
}

/* x - word, where x < n and is as good as never below word. */
static int subtract_word(const struct candidate *c, BIGNUM *x, int word) {
    return BN_sub_word(x, (BN_ULONG)word) == 1 && (!BN_is_negative(x) || BN_add(x, x, c->n) == 1);
}

/* x = V[2k] = V[k]^2 - 2 for x = V[k]; y = V[2k+1] = V[k] V[k+1] - P for y = V[k+1]; or for k + 1 in the place of k. */
static int lucas_step(struct candidate *c, int p) {
    /* Of x alone there is a Montgomery form: so the products need none, and what is subtracted stays a word. */
    return BN_to_montgomery(c->t, c->x, c->mont, c->ctx) == 1 &&
           BN_mod_mul_montgomery(c->y, c->y, c->t, c->mont, c->ctx) == 1 &&
           BN_mod_mul_montgomery(c->x, c->x, c->t, c->mont, c->ctx) == 1 && subtract_word(c, c->x, 2) &&
           subtract_word(c, c->y, p);
}

/* 1 if number is n - word. */
static int is_minus(const struct candidate *c, const BIGNUM *number, int word) {
    return BN_copy(c->t, number) != NULL && BN_add_word(c->t, (BN_ULONG)word) == 1 && BN_cmp(c->t, c->n) == 0;
}

/* With Q = 1 and n + 1 = odd 2^twos: U[odd] = 0 and V[odd] = 2 or -2, or V[odd 2^r] = 0 for an r below twos - 1. */
static int lucas_test(struct candidate *c) {
    const int p = lucas_parameter(c);
    if (p <= 0) {
        return p;
    }
    const int words = (BN_num_bytes(c->n) + BN_BYTES - 1) / BN_BYTES;
    if (BN_add(c->odd, c->n, BN_value_one()) != 1 || split_twos(c, c->odd) != 1 ||
        BN_set_word(c->x, 2) != 1 || BN_set_word(c->y, (BN_ULONG)p) != 1) {
        return -1;
    }
    for (int i = BN_num_bits(c->odd) - 1; i >= 0; i--) { /* x, y = V[k], V[k+1], k being the bits above */
        const BN_ULONG bit = (BN_ULONG)BN_is_bit_set(c->odd, i);
        BN_consttime_swap(bit, c->x, c->y, words);
        if (!lucas_step(c, p)) {
            return -1;
        }
        BN_consttime_swap(bit, c->x, c->y, words);
    }
    /* (P^2 - 4) U[k] = 2 V[k+1] - P V[k] */
    int passed = (BN_is_word(c->x, 2) && BN_is_word(c->y, (BN_ULONG)p)) ||
                 (is_minus(c, c->x, 2) && is_minus(c, c->y, p));
    for (int r = 0; r < c->twos - 1; r++) {
        passed |= BN_is_zero(c->x);
        if (!lucas_step(c, p)) {
            return -1;
        }
    }
    return passed;
}

/* --- The two questions ----------------------------------------------------------------------------------------------- */

static int passes_all(struct candidate *c) {
    int (*const tests[])(struct candidate *) = {round_to_base_2, round_to_random_base, lucas_test};
    int verdict = 1;
    for (size_t i = 0; verdict == 1 && i < sizeof tests / sizeof *tests; i++) {
        verdict = tests[i](c);
    }
    return verdict;
}

static int passes_fermat_to_base_2_var(struct candidate *c) {
    if (BN_mod_exp_mont_word(c->x, 2, c->n_minus_1, c->n, c->ctx, c->mont) != 1) {
        return -1;
    }
    return BN_is_one(c->x);
}

static int verdict_of(int (*test)(struct candidate *), struct fj_octets n) {
    struct candidate c = {0};
    const int verdict = candidate_init(&c, n) ? test(&c) : -1;
    candidate_clear(&c);
    fj_secret_forget_registers();
    if (verdict < 0) {
        (void)fj_openssl_failed(FJ_INTERNAL);
    }
    return verdict;
}

int fj_is_prime(struct fj_octets n) {
    return verdict_of(passes_all, n);
}

int fj_may_be_prime_var(struct fj_octets n) {
    return verdict_of(passes_fermat_to_base_2_var, n);
}
