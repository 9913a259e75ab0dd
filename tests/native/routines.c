/* Each routine of the kernel alone, for tests/test_kernel_routines.py: numbers come and go as limbs of eight lanes, least
 * significant limb first.  Built twice, over AVX-512 and (with -DPORTABLE) over plain C. */
#ifdef PORTABLE
#include "lanes_portable.h"
#else
#include "lanes_avx512.h"
#endif
#include "rsa52_all.inc.h"

#define EXPORTED __attribute__((visibility("default"))) LANES_TARGET

enum { MOST = 2 * FJ_RSA52_MAX_LIMBS + 1 };

typedef uint64_t octet_of_limbs[FJ_LANES];

static LANES_TARGET void load(fj_lanes *out, const octet_of_limbs *in, size_t limbs) {
    for (size_t i = 0; i < limbs; i++) {
        out[i] = lanes_load(in[i]);
    }
}

static LANES_TARGET void store(octet_of_limbs *out, const fj_lanes *in, size_t limbs) {
    for (size_t i = 0; i < limbs; i++) {
        lanes_store(out[i], in[i]);
    }
}

/* A modulus for the even lanes and one for the odd ones, from the first two lanes of n. */
static void pair(uint64_t (*out)[2], const octet_of_limbs *n, size_t limbs) {
    for (size_t i = 0; i < limbs; i++) {
        out[i][0] = n[i][0];
        out[i][1] = n[i][1];
    }
}

/* Scratch begins as rubbish: no routine may count on zeros. */
static LANES_TARGET void spoil(fj_lanes *scratch, size_t limbs) {
    for (size_t i = 0; i < limbs; i++) {
        scratch[i] = lanes_all(UINT64_C(0xa5a5a5a5a5a5a5a5));
    }
}

#define OF_ANY_SIZE(N)                                                                                         \
    EXPORTED void product_of_##N(octet_of_limbs *columns, const octet_of_limbs *a,                             \
                                 const octet_of_limbs *b) {                                                    \
        fj_lanes x[N], y[N], made[2 * N];                                                                      \
        load(x, a, N);                                                                                         \
        load(y, b, N);                                                                                         \
        spoil(made, 2 * N);                                                                                    \
        product_##N(made, x, y);                                                                               \
        store(columns, made, 2 * N);                                                                           \
    }                                                                                                          \
    EXPORTED void square_of_##N(octet_of_limbs *columns, const octet_of_limbs *a) {                            \
        fj_lanes x[N], made[2 * N];                                                                            \
        load(x, a, N);                                                                                         \
        spoil(made, 2 * N);                                                                                    \
        square_##N(made, x);                                                                                   \
        store(columns, made, 2 * N);                                                                           \
    }                                                                                                          \
    EXPORTED void reduce_of_##N(octet_of_limbs *r, const octet_of_limbs *columns, const octet_of_limbs *n,     \
                                const octet_of_limbs *k0) {                                                    \
        fj_lanes work[2 * N + 1], modulus[N], made[N];                                                         \
        spoil(work, 2 * N + 1);                                                                                \
        load(work, columns, 2 * N);                                                                            \
        load(modulus, n, N);                                                                                   \
        reduce_##N(made, work, in_lanes(modulus), lanes_load(*k0));                                            \
        store(r, made, N);                                                                                     \
    }                                                                                                          \
    /* overwrite: 0 the result lies apart, 1 over a, 2 over b.  paired: two moduli, of the first two lanes. */ \
    EXPORTED void multiply_of_##N(octet_of_limbs *r, const octet_of_limbs *a, const octet_of_limbs *b,         \
                                  const octet_of_limbs *n, const octet_of_limbs *k0, int overwrite,            \
                                  int paired) {                                                                \
        fj_lanes work[2 * N + 1], x[N], y[N], modulus[N], made[N];                                             \
        uint64_t pairs[N][2];                                                                                  \
        fj_lanes *const to = overwrite == 1 ? x : overwrite == 2 ? y : made;                                   \
        spoil(work, 2 * N + 1);                                                                                \
        load(x, a, N);                                                                                         \
        load(y, b, N);                                                                                         \
        load(modulus, n, N);                                                                                   \
        pair(pairs, n, N);                                                                                     \
        if (paired) {                                                                                          \
            fj_multiply_paired_##N(to, work, x, y, (const uint64_t(*)[2])pairs, lanes_load(*k0));              \
        } else {                                                                                               \
            fj_multiply_##N(to, work, x, y, modulus, lanes_load(*k0));                                         \
        }                                                                                                      \
        store(r, to, N);                                                                                       \
    }                                                                                                          \
    EXPORTED void montgomery_square_of_##N(octet_of_limbs *r, const octet_of_limbs *a,                         \
                                           const octet_of_limbs *n, const octet_of_limbs *k0, int overwrite,   \
                                           int paired) {                                                       \
        fj_lanes work[2 * N + 1], x[N], modulus[N], made[N];                                                   \
        uint64_t pairs[N][2];                                                                                  \
        fj_lanes *const to = overwrite ? x : made;                                                             \
        spoil(work, 2 * N + 1);                                                                                \
        load(x, a, N);                                                                                         \
        load(modulus, n, N);                                                                                   \
        pair(pairs, n, N);                                                                                     \
        if (paired) {                                                                                          \
            fj_square_paired_##N(to, work, x, (const uint64_t(*)[2])pairs, lanes_load(*k0));                   \
        } else {                                                                                               \
            fj_square_##N(to, work, x, modulus, lanes_load(*k0));                                              \
        }                                                                                                      \
        store(r, to, N);                                                                                       \
    }                                                                                                          \
    EXPORTED void canonical_of_##N(octet_of_limbs *a) {                                                        \
        fj_lanes x[N];                                                                                         \
        load(x, a, N);                                                                                         \
        fj_canonical_##N(x);                                                                                   \
        store(a, x, N);                                                                                        \
    }                                                                                                          \
    EXPORTED void masked_of_##N(octet_of_limbs *a) {                                                           \
        fj_lanes x[N];                                                                                         \
        load(x, a, N);                                                                                         \
        fj_masked_##N(x);                                                                                      \
        store(a, x, N);                                                                                        \
    }                                                                                                          \
    EXPORTED int less_of_##N(const octet_of_limbs *a, const octet_of_limbs *b) {                               \
        fj_lanes x[N], y[N];                                                                                   \
        load(x, a, N);                                                                                         \
        load(y, b, N);                                                                                         \
        return fj_less_##N(x, y);                                                                              \
    }                                                                                                          \
    EXPORTED void subtract_once_of_##N(octet_of_limbs *a, const octet_of_limbs *n) {                           \
        fj_lanes x[N], modulus[N];                                                                             \
        load(x, a, N);                                                                                         \
        load(modulus, n, N);                                                                                   \
        fj_subtract_once_##N(x, modulus);                                                                      \
        store(a, x, N);                                                                                        \
    }

#define OF_A_MODULUS(N)                                                                                     \
    EXPORTED void hash_times_k_of_##N(octet_of_limbs *e, const octet_of_limbs *hash,                        \
                                      const octet_of_limbs *factor, const octet_of_limbs *n,                \
                                      const octet_of_limbs *k0) {                                           \
        fj_lanes work[2 * N + 1], x[5], y[N], modulus[N], made[N];                                          \
        spoil(work, 2 * N + 1);                                                                             \
        load(x, hash, 5);                                                                                   \
        load(y, factor, N);                                                                                 \
        load(modulus, n, N);                                                                                \
        hash_times_k_##N(made, work, x, y, modulus, lanes_load(*k0));                                       \
        store(e, made, N);                                                                                  \
    }                                                                                                       \
    EXPORTED int is_multiple_of_##N(const octet_of_limbs *d, const octet_of_limbs *n,                       \
                                    const octet_of_limbs *k0) {                                             \
        fj_lanes x[N], modulus[N];                                                                          \
        load(x, d, N);                                                                                      \
        load(modulus, n, N);                                                                                \
        return is_multiple_var_##N(x, modulus, lanes_load(*k0));                                            \
    }                                                                                                       \
    /* One number: N limbs, and zeros up to a whole vector.  overwrite as above. */                         \
    EXPORTED void multiply_one_of_##N(uint64_t *r, const uint64_t *a, const uint64_t *b, const uint64_t *n, \
                                      uint64_t k0, int overwrite) {                                         \
        uint64_t x[MOST], y[MOST], made[MOST];                                                              \
        uint64_t *const to = overwrite == 1 ? x : overwrite == 2 ? y : made;                                \
        memcpy(x, a, (N + 7) / 8 * sizeof(octet_of_limbs));                                                 \
        memcpy(y, b, (N + 7) / 8 * sizeof(octet_of_limbs));                                                 \
        multiply_one_var_##N(to, x, y, n, k0);                                                              \
        memcpy(r, to, (N + 7) / 8 * sizeof(octet_of_limbs));                                                \
    }

#define OF_A_PRIME(N)                                                                \
    EXPORTED void pick_of_##N(octet_of_limbs *picked, const octet_of_limbs *table,   \
                              const octet_of_limbs *digit) {                         \
        fj_lanes entries[16][N], made[N];                                            \
        for (int i = 0; i < 16; i++) {                                               \
            load(entries[i], table + (size_t)i * N, N);                              \
        }                                                                            \
        for (int from = 0; from < N; from += PART_##N) {                             \
            pick_##N(made, (const fj_lanes(*)[N])entries, lanes_load(*digit), from); \
        }                                                                            \
        store(picked, made, N);                                                      \
    }

OF_ANY_SIZE(20)
OF_ANY_SIZE(30)
OF_ANY_SIZE(40)
OF_ANY_SIZE(60)
OF_ANY_SIZE(80)
OF_A_MODULUS(40)
OF_A_MODULUS(60)
OF_A_MODULUS(80)
OF_A_PRIME(20)
OF_A_PRIME(30)
OF_A_PRIME(40)

/* Whole operations, by their names in rsa52.h: this library hides those, since the extension has them too. */
EXPORTED int verify(const struct fj_public52 *const keys[FJ_LANES], const uint8_t *const signatures[FJ_LANES],
                    const uint8_t *const digests[FJ_LANES]) {
    return fj_ifma_verify_var(keys, signatures, digests);
}

EXPORTED int verify_one(const struct fj_public52 *key, const uint8_t *signature, const uint8_t *digest) {
    return fj_ifma_verify_one_var(key, signature, digest);
}

EXPORTED void sign(uint8_t *const signatures[FJ_LANES], const struct fj_private52 *key,
                   const struct fj_public52 *public, struct fj_blinding52 *blinding,
                   const uint8_t *const digests[FJ_LANES], size_t count, void *workspace) {
    fj_ifma_sign(signatures, key, public, blinding, digests, count, workspace);
}

EXPORTED void blind(struct fj_blinding52 *blinding, const struct fj_public52 *public, void *workspace) {
    fj_ifma_blind(blinding, public, workspace);
}

EXPORTED size_t workspace_len(void) {
    return fj_ifma_workspace_len();
}
