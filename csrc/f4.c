#include "f4.h"

#include <openssl/bn.h>
#include <stdlib.h>

struct fj_f4 {
    size_t len; /* of n, in bytes */
    BIGNUM *n;
    BN_MONT_CTX *montgomery; /* R, and what follows from n */
    BN_CTX *scratch;
    BIGNUM *s;
    BIGNUM *power;
    BIGNUM *expected;
};

void fj_f4_free(struct fj_f4 *f4) {
    if (f4 == NULL) {
        return;
    }
    BN_free(f4->n);
    BN_MONT_CTX_free(f4->montgomery);
    BN_CTX_free(f4->scratch);
    BN_clear_free(f4->s);
    BN_clear_free(f4->power);
    BN_free(f4->expected);
    free(f4);
}

struct fj_f4 *fj_f4_new(struct fj_octets n) {
    struct fj_f4 *const f4 = calloc(1, sizeof *f4);
    if (f4 == NULL) {
        return NULL;
    }
    f4->len = n.len;
    f4->n = BN_bin2bn(n.data, (int)n.len, NULL);
    f4->montgomery = BN_MONT_CTX_new();
    f4->scratch = BN_CTX_new();
    f4->s = BN_new();
    f4->power = BN_new();
    f4->expected = BN_new();
    if (f4->n != NULL && f4->montgomery != NULL && f4->scratch != NULL && f4->s != NULL &&
        f4->power != NULL && f4->expected != NULL &&
        BN_MONT_CTX_set(f4->montgomery, f4->n, f4->scratch) == 1) {
        return f4;
    }
    fj_f4_free(f4);
    return NULL;
}

size_t fj_f4_len(const struct fj_f4 *f4) {
    return f4->len;
}

int fj_f4_gives(struct fj_f4 *f4, const uint8_t *s, const uint8_t *expected) {
    if (BN_bin2bn(s, (int)f4->len, f4->s) == NULL ||
        BN_bin2bn(expected, (int)f4->len, f4->expected) == NULL) {
        return -1;
    }
    if (BN_ucmp(f4->s, f4->n) >= 0) {
        return 0;
    }
    /* (s R)^(2^16) R^-(2^16 - 1) = s^65536 R; the product by s, which has no R, takes R out. */
    int good = BN_to_montgomery(f4->power, f4->s, f4->montgomery, f4->scratch);
    for (int i = 0; i < 16 && good == 1; i++) {
        good = BN_mod_mul_montgomery(f4->power, f4->power, f4->power, f4->montgomery, f4->scratch);
    }
    if (good == 1) {
        good = BN_mod_mul_montgomery(f4->power, f4->power, f4->s, f4->montgomery, f4->scratch);
    }
    /* Numbers are compared: to write one out takes 0.3 us, in time that does not depend on it. */
    return good != 1 ? -1 : BN_ucmp(f4->power, f4->expected) == 0;
}

void fj_f4_forget(struct fj_f4 *f4) {
    BN_clear(f4->s);
    BN_clear(f4->power);
}
