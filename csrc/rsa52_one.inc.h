/* One verification at a time, its limbs along the vectors: for one token, or the few that are left over, eight lanes would
 * do as much work as for eight.  Included once for each size, with FULL defined.  Public data: variable time.
 *
 * The product goes by rows, one limb of b each (operand scanning; S. Gueron, V. Krasnov, "Software implementation of modular
 * exponentiation, using advanced vector instructions architectures", 2012).  After row i
 *
 *     t = (a (b_0 + .. + b_i 2^(52 i)) + Q n) / 2^(52 (i + 1)),   Q chosen to make it whole,
 *
 * in limbs that are not carried.  The lowest one decides the next quotient, so it is computed beside the vectors, in
 * 128 bits of a scalar (`low`), while the vectors follow.
 *
 * Measured on Granite Rapids (gcc 12): 2048 bits 5.1 us for the whole verification, where a batch of eight takes
 * 13.6. */

#define FJ_JOIN_(a, b) a##_##b
#define FJ_JOIN(a, b) FJ_JOIN_(a, b)
#define OF_FULL(name) FJ_JOIN(name, FULL)

/* Vectors for FULL limbs, and the limbs that they hold: those from FULL on are zero. */
#define VECTORS ((FULL + 7) / 8)
#define ROOM (VECTORS * 8)
#define AT(array, v) ((array) + (size_t)8 * (size_t)(v))

/* Carry t, limbs < 2^63, into r, limbs < 2^52.  The value is below 2^(52 ROOM). */
LANES_INLINE void OF_FULL(carry_along)(uint64_t r[ROOM], fj_lanes t[VECTORS]) {
    const fj_lanes mask = lanes_all(LIMB_MASK);
    const fj_lanes one = lanes_all(1);
    unsigned __int128 over = 0; /* bit i: limb i is 2^52 or more and carries one ... */
    unsigned __int128 full = 0; /* ... or is 2^52 - 1 and carries one if one comes in */
    fj_lanes below = lanes_zero();
    UNROLL for (int v = 0; v < VECTORS; v++) {
        const fj_lanes carry = lanes_carry(t[v]);
        t[v] = lanes_add(lanes_and(t[v], mask), lanes_shift_up(below, carry));
        below = carry;
    }
    UNROLL for (int v = 0; v < VECTORS; v++) {
        over |= (unsigned __int128)(uint8_t)~lanes_equal(lanes_carry(t[v]), lanes_zero()) << 8 * v;
        full |= (unsigned __int128)lanes_equal(t[v], mask) << 8 * v;
    }
    /* An addition of bits finds where single carries end up, as it does for the bits of a number. */
    const unsigned __int128 into = ((over << 1) + full) ^ full;
    UNROLL for (int v = 0; v < VECTORS; v++) {
        const fj_lanes more = lanes_select((fj_lane_mask)(into >> 8 * v), lanes_zero(), one);
        lanes_store(AT(r, v), lanes_and(lanes_add(t[v], more), mask));
    }
}

/* r = a b / R mod n, less than a b / R + n; limbs < 2^52, also of a, b and n.  r may be a or b. */
static __attribute__((noinline)) LANES_TARGET void
OF_FULL(multiply_one_var)(uint64_t r[ROOM], const uint64_t a[ROOM], const uint64_t b[ROOM],
                          const uint64_t n[ROOM], uint64_t k0) {
    fj_lanes x[VECTORS];
    fj_lanes m[VECTORS];
    fj_lanes t[VECTORS];
    const uint64_t a0 = a[0];
    const uint64_t n0 = n[0];
    uint64_t low = 0; /* < 2^62: two low and two high halves a row, and a carry */
    UNROLL for (int v = 0; v < VECTORS; v++) {
        x[v] = lanes_load(AT(a, v));
        m[v] = lanes_load(AT(n, v));
        t[v] = lanes_zero();
    }
    for (int i = 0; i < FULL; i++) {
        const fj_lanes y = lanes_all(b[i]);
        const unsigned __int128 sum = (unsigned __int128)a0 * b[i] + low;
        const uint64_t q = (uint64_t)sum * k0 & LIMB_MASK;
        const fj_lanes quotient = lanes_all(q);
        const uint64_t carry = (uint64_t)((sum + (unsigned __int128)n0 * q) >> 52);
        UNROLL for (int v = 0; v < VECTORS; v++) {
            t[v] = lanes_madd_lo(t[v], x[v], y);
        }
        UNROLL for (int v = 0; v < VECTORS; v++) {
            t[v] = lanes_madd_lo(t[v], m[v], quotient);
        }
        /* One limb down.  What leaves is divisible by 2^52 but for its carry, which `carry` has. */
        UNROLL for (int v = 0; v < VECTORS - 1; v++) {
            t[v] = lanes_shift_down(t[v], t[v + 1]);
        }
        t[VECTORS - 1] = lanes_shift_down(t[VECTORS - 1], lanes_zero());
        low = lanes_first(t[0]) + carry;
        UNROLL for (int v = 0; v < VECTORS; v++) {
            t[v] = lanes_madd_hi(t[v], x[v], y);
        }
        UNROLL for (int v = 0; v < VECTORS; v++) {
            t[v] = lanes_madd_hi(t[v], m[v], quotient);
        }
    }
    t[0] = lanes_select(1, t[0], lanes_all(low)); /* the vectors' lowest limb has high halves twice */
    OF_FULL(carry_along)(r, t);
}

/* -1, 0 or 1 as a is less than, equal to or greater than b; limbs < 2^52. */
static int OF_FULL(compare_one_var)(const uint64_t a[FULL], const uint64_t b[FULL]) {
    for (int i = FULL - 1; i >= 0; i--) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}

static LANES_TARGET int OF_FULL(verify_one_var)(const struct fj_public52 *key, const uint8_t *signature,
                                                const uint8_t *digest) {
    uint64_t n[ROOM] = {0};
    uint64_t s[ROOM] = {0};
    uint64_t x[ROOM] = {0};
    uint64_t expected[FULL];
    uint8_t em[FJ_RSA52_MAX_BYTES];
    memcpy(n, key->n, FULL * sizeof n[0]);
    memcpy(x, key->r_squared, FULL * sizeof x[0]);
    for (size_t i = 0; i < FULL; i++) {
        s[i] = fj_limb_of_octets(signature, key->bytes, i);
    }
    if (OF_FULL(compare_one_var)(s, n) >= 0) {
        return 0;
    }
    OF_FULL(multiply_one_var)(x, x, s, n, key->k0); /* s R */
    for (int i = 0; i < 16; i++) {
        OF_FULL(multiply_one_var)(x, x, x, n, key->k0);
    }
    OF_FULL(multiply_one_var)(x, x, s, n, key->k0); /* s^65537, below 2 n */
    fj_pkcs1_encode(em, key->bytes, digest);
    for (size_t i = 0; i < FULL; i++) {
        expected[i] = fj_limb_of_octets(em, key->bytes, i);
    }
    if (OF_FULL(compare_one_var)(x, expected) == 0) {
        return 1;
    }
    uint64_t carry = 0;
    for (size_t i = 0; i < FULL; i++) { /* or EM + n, which is congruent too */
        carry += expected[i] + n[i];
        expected[i] = carry & LIMB_MASK;
        carry >>= 52;
    }
    return carry == 0 && OF_FULL(compare_one_var)(x, expected) == 0;
}

#undef VECTORS
#undef ROOM
#undef AT
