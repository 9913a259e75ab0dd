/* RSA over lanes.  Included once for each size, with HALF and FULL (limbs of a prime and of the modulus) defined and
 * mont52.inc.h included for both. */

#define FJ_JOIN_(a, b) a##_##b
#define FJ_JOIN(a, b) FJ_JOIN_(a, b)
#define OF_FULL(name) FJ_JOIN(name, FULL)
#define OF_HALF(name) FJ_JOIN(name, HALF)

/* --- Verifying: public data ------------------------------------------------------------------------------------------
 * Let s be the signature and x = s^65536 R^-65535 after sixteen squarings.  X = x s / R = s^65537 R^-65536: s was never
 * converted, so the encoded message EM gets the same factor K = R^-65536.  EM = P + H, where H is the hash and P all the
 * rest; P K is the key's padding_factor, and E = H (K 2^260) / 2^260, five quotients, stands for H K.  Then
 *
 *     D = E + P K + 2 N - X,   0 < D < 5 N,   and   s^65537 = EM mod N   if and only if   D is N, 2 N, 3 N or 4 N,
 *
 * because R is invertible.  With s < N that is RSASSA-PKCS1-v1_5 exactly (RFC 8017 section 8.2.2): no padding is parsed. */

/* E < 17/16 N.  hash holds 5 limbs.  `columns` is scratch of 2 FULL + 1. */
LANES_INLINE void OF_FULL(hash_times_k)(fj_lanes e[FULL], fj_lanes *columns, const fj_lanes hash[5],
                                        const fj_lanes hash_factor[FULL], const fj_lanes n[FULL],
                                        fj_lanes k0) {
    fj_lanes x[BLOCK];
    fj_lanes t[BLOCK + 1];
    UNROLL for (int i = 0; i < BLOCK; i++) {
        x[i] = i < 5 ? hash[i] : lanes_zero();
    }
    UNROLL for (int i = 0; i < BLOCK + 1; i++) {
        t[i] = lanes_zero();
    }
    for (int j = 0; j < FULL; j++) {
        t[5] = lanes_zero();
        window_step(t, x, hash_factor[j], 5);
        columns[j] = t[0];
        window_move(t, 5);
    }
    UNROLL for (int i = 0; i < 6; i++) {
        columns[FULL + i] = i < 5 ? t[i] : lanes_zero();
    }
    columns[0] = lanes_sub(columns[0], lanes_all(1));
    OF_FULL(reduce_block)(e, columns, in_lanes(n), k0, 5);
}

/* Lanes in which d is n, 2n, 3n or 4n; d canonical.  Which of them it could be its lowest limb tells: n is odd, so d = f n
 * makes f = d / n = -d k0 modulo 2^52. */
LANES_INLINE fj_lane_mask OF_FULL(is_multiple_var)(const fj_lanes d[FULL], const fj_lanes n[FULL],
                                                   fj_lanes k0) {
    const fj_lanes mask = lanes_all(LIMB_MASK);
    /* Between 1 and 2^52, which as a factor is 0. */
    const fj_lanes factor = lanes_sub(lanes_all(LIMB_MASK + 1), lanes_madd_lo(lanes_zero(), d[0], k0));
    fj_lanes carry = lanes_zero();
    fj_lanes differs = lanes_zero();
    for (int i = 0; i < FULL; i++) {
        const fj_lanes limb = lanes_madd_lo(carry, factor, n[i]);
        differs = lanes_or(differs, lanes_and(lanes_xor(d[i], limb), mask));
        carry = lanes_madd_hi(lanes_carry(limb), factor, n[i]);
    }
    return lanes_equal(differs, lanes_zero()) & lanes_negative(lanes_sub(factor, lanes_all(5)));
}

static LANES_TARGET uint8_t OF_FULL(verify_var)(const struct fj_public52 *const keys[FJ_LANES],
                                                const uint8_t *const signatures[FJ_LANES],
                                                const uint8_t *const digests[FJ_LANES]) {
    fj_lanes n[FULL];
    fj_lanes factor[FULL];
    fj_lanes s[FULL];
    fj_lanes x[FULL];
    fj_lanes hash[5];
    fj_lanes columns[2 * FULL + 1];
    uint64_t k0s[FJ_LANES];
    for (int l = 0; l < FJ_LANES; l++) {
        k0s[l] = keys[l]->k0;
    }
    const fj_lanes k0 = lanes_load(k0s);
    lanes_from_keys_var(n, keys, offsetof(struct fj_public52, n), FULL);
    lanes_from_octets(s, FULL, signatures, keys[0]->bytes);
    lanes_from_octets(hash, 5, digests, FJ_RSA52_DIGEST_LEN);
    const fj_lane_mask below = OF_FULL(fj_less)(s, n);
    OF_FULL(fj_square)(x, columns, s, n, k0);
    for (int i = 1; i < 16; i++) {
        OF_FULL(fj_square)(x, columns, x, n, k0);
    }
    OF_FULL(fj_multiply)(x, columns, x, s, n, k0);
    OF_FULL(fj_masked)(x);
    lanes_from_keys_var(factor, keys, offsetof(struct fj_public52, hash_factor), FULL);
    OF_FULL(hash_times_k)(s, columns, hash, factor, n, k0);
    OF_FULL(fj_masked)(s);
    lanes_from_keys_var(factor, keys, offsetof(struct fj_public52, padding_factor), FULL);
    for (int i = 0; i < FULL; i++) { /* D, each limb between -2^52 and 2^54 */
        s[i] = lanes_sub(lanes_add(lanes_add(s[i], factor[i]), lanes_add(n[i], n[i])), x[i]);
    }
    OF_FULL(fj_canonical)(s);
    return (uint8_t)(OF_FULL(is_multiple_var)(s, n, k0) & below);
}

/* --- Signing: constant time ------------------------------------------------------------------------------------------
 * Control flow and addresses follow from the key's size and the count alone.  The digits of the exponents are per-lane
 * data that only choose by mask among all sixteen table entries. */

struct OF_FULL(sign52) {
    fj_lanes table[16][HALF];
    fj_lanes columns[2 * FULL + 1];
    fj_lanes n[FULL];
    fj_lanes message[FULL];
    fj_lanes factor[FULL];
    uint64_t prime[HALF][2]; /* of the even lanes and of the odd */
    fj_lanes y[HALF];
    fj_lanes m1[HALF];
    fj_lanes m2[HALF];
    fj_lanes picked[HALF];
    fj_lanes constant[HALF];
};

/* The limbs from `from` on, a PART of them, of picked = table[digit], lane by lane: all sixteen entries are read, one is
 * kept.  A part goes after each square.  All parts at once load two vectors a cycle for 160 cycles, after which the clock is
 * lower for all the rest too (mont52.inc.h): a signature of 2048 bits takes 2 % more. */
enum { OF_HALF(PART) = HALF == 30 ? 10 : HALF / 4 };

LANES_INLINE void OF_HALF(pick)(fj_lanes picked[HALF], const fj_lanes table[16][HALF], fj_lanes digit,
                                const int from) {
    fj_lanes limb[OF_HALF(PART)];
    UNROLL for (int i = 0; i < OF_HALF(PART); i++) {
        limb[i] = table[0][from + i];
    }
    UNROLL for (int entry = 1; entry < 16; entry++) {
        const fj_lane_mask here = lanes_equal(digit, lanes_all((uint64_t)entry));
        UNROLL for (int i = 0; i < OF_HALF(PART); i++) {
            limb[i] = lanes_select(here, limb[i], table[entry][from + i]);
        }
    }
    UNROLL for (int i = 0; i < OF_HALF(PART); i++) {
        picked[from + i] = limb[i];
    }
}

/* A number of the prime of each lane: p's, or q's where the mask is set. */
LANES_INLINE void OF_HALF(of_primes)(fj_lanes out[HALF], const uint64_t p[], const uint64_t q[],
                                     fj_lane_mask is_q) {
    for (int i = 0; i < HALF; i++) {
        out[i] = lanes_select(is_q, lanes_all(p[i]), lanes_all(q[i]));
    }
}

/* The primes themselves: what the first two lanes have the others have too. */
LANES_INLINE void OF_HALF(primes)(uint64_t out[HALF][2], const uint64_t p[], const uint64_t q[],
                                  fj_lane_mask is_q) {
    for (int i = 0; i < HALF; i++) {
        out[i][0] = is_q & 1 ? q[i] : p[i];
        out[i][1] = is_q & 2 ? q[i] : p[i];
    }
}

/* The four bits of each lane's exponent that belong to this window, the first being the highest. */
LANES_INLINE fj_lanes OF_FULL(digit)(const struct fj_private52 *key, size_t window, fj_lane_mask is_q) {
    const unsigned shift = window % 2 == 0 ? 4 : 0;
    const uint64_t p_digit = key->p.exponent[window / 2] >> shift & 15;
    const uint64_t q_digit = key->q.exponent[window / 2] >> shift & 15;
    return lanes_select(is_q, lanes_all(p_digit), lanes_all(q_digit));
}

/* m = message^exponent mod prime, canonical and below the prime, in each lane for p or (where the mask is set) q: the
 * mask is 0x00, 0xff or 0xaa.  The message is below 2 N, canonical. */
static LANES_TARGET void OF_FULL(exponentiate)(fj_lanes m[HALF], struct OF_FULL(sign52) * w,
                                               const struct fj_private52 *key, size_t exponent_len,
                                               fj_lane_mask is_q) {
    const fj_lanes k0 = lanes_select(is_q, lanes_all(key->p.k0), lanes_all(key->q.k0));
    const uint64_t(*const prime)[2] = (const uint64_t(*)[2])w->prime;
    OF_HALF(primes)(w->prime, key->p.p, key->q.p, is_q);
    /* message = high r + low, so its Montgomery form message r is high r^3 / r + low r^2 / r, below 4 p. */
    OF_HALF(of_primes)(w->constant, key->p.r_cubed, key->q.r_cubed, is_q);
    OF_HALF(fj_multiply_paired)(w->table[1], w->columns, w->message + HALF, w->constant, prime, k0);
    OF_HALF(of_primes)(w->constant, key->p.r_squared, key->q.r_squared, is_q);
    OF_HALF(fj_multiply_paired)(w->y, w->columns, w->message, w->constant, prime, k0);
    OF_HALF(fj_masked)(w->table[1]);
    OF_HALF(fj_masked)(w->y);
    for (int i = 0; i < HALF; i++) {
        w->table[1][i] = lanes_add(w->table[1][i], w->y[i]);
    }
    OF_HALF(fj_canonical)(w->table[1]);
    OF_HALF(of_primes)(w->table[0], key->p.one, key->q.one, is_q);
    for (int i = 2; i < 16; i += 2) { /* M(A, B) < 2 p for A, B < 4 p */
        OF_HALF(fj_square_paired)(w->table[i], w->columns, w->table[i / 2], prime, k0);
        OF_HALF(fj_multiply_paired)(w->table[i + 1], w->columns, w->table[i], w->table[1], prime, k0);
    }
    FJ_TEST_POINT("table", w->table);
    const fj_lanes first = OF_FULL(digit)(key, 0, is_q);
    for (int from = 0; from < HALF; from += OF_HALF(PART)) {
        OF_HALF(pick)(w->y, w->table, first, from);
    }
    for (size_t window = 1; window < 2 * exponent_len; window++) {
        const fj_lanes digit = OF_FULL(digit)(key, window, is_q);
        for (int i = 0; i < 4; i++) {
            OF_HALF(fj_square_paired)(w->y, w->columns, w->y, prime, k0);
            if (i * OF_HALF(PART) < HALF) {
                OF_HALF(pick)(w->picked, w->table, digit, i * OF_HALF(PART));
            }
        }
        OF_HALF(fj_multiply_paired)(w->y, w->columns, w->y, w->picked, prime, k0);
        FJ_TEST_POINT("y", w->y);
    }
    /* Out of Montgomery form: y / r mod p, at most p. */
    OF_HALF(fj_masked)(w->y);
    for (int i = 0; i < HALF; i++) {
        w->columns[i] = w->y[i];
        w->columns[HALF + i] = lanes_zero();
    }
    w->columns[FULL] = lanes_zero();
    OF_HALF(reduce)(m, w->columns, in_pairs(prime), k0);
    OF_HALF(fj_masked)(m);
    OF_HALF(of_primes)(w->constant, key->p.p, key->q.p, is_q);
    OF_HALF(fj_subtract_once)(m, w->constant);
}

/* message = m2 + q ((m1 - m2) / q mod p)  (Garner), below N by construction: m1 < p and m2 < q, q < 2 p. */
static LANES_TARGET void OF_FULL(recombine)(struct OF_FULL(sign52) * w, const struct fj_private52 *key) {
    const fj_lanes k0 = lanes_all(key->p.k0);
    OF_HALF(primes)(w->prime, key->p.p, key->p.p, 0);
    lanes_everywhere(w->constant, key->p.p, HALF);
    lanes_everywhere(w->y, key->q_inverse, HALF);
    for (int i = 0; i < HALF; i++) { /* m1 - m2 + 2 p, between 0 and 3 p */
        w->m1[i] = lanes_add(lanes_sub(w->m1[i], w->m2[i]), lanes_add(w->constant[i], w->constant[i]));
    }
    OF_HALF(fj_canonical)(w->m1);
    OF_HALF(fj_multiply_paired)(w->m1, w->columns, w->m1, w->y, (const uint64_t(*)[2])w->prime, k0);
    OF_HALF(fj_masked)(w->m1);
    OF_HALF(fj_subtract_once)(w->m1, w->constant);
    FJ_TEST_POINT("h", w->m1);
    lanes_everywhere(w->constant, key->q.p, HALF);
    OF_HALF(product)(w->message, w->m1, w->constant);
    for (int i = 0; i < HALF; i++) {
        w->message[i] = lanes_add(w->message[i], w->m2[i]);
    }
    OF_FULL(fj_canonical)(w->message);
}

/* Lay a public key's constant and a blinding factor out for the lanes. */
LANES_INLINE void OF_FULL(load_factor)(fj_lanes out[FULL], const uint64_t factor[][FJ_LANES]) {
    for (int i = 0; i < FULL; i++) {
        out[i] = lanes_load(factor[i]);
    }
}

LANES_INLINE void OF_FULL(store_factor)(uint64_t factor[][FJ_LANES], const fj_lanes a[FULL]) {
    for (int i = 0; i < FULL; i++) {
        lanes_store(factor[i], a[i]);
    }
}

static __attribute__((noinline)) LANES_TARGET void
OF_FULL(sign)(uint8_t *const signatures[FJ_LANES], const struct fj_private52 *key,
              const struct fj_public52 *public, struct fj_blinding52 *blinding,
              const uint8_t *const digests[FJ_LANES], size_t count, struct OF_FULL(sign52) * w) {
    const fj_lanes k0 = lanes_all(public->k0);
    const size_t exponent_len = public->bytes / 2;
    lanes_everywhere(w->n, public->n, FULL);
    encoded_messages(w->message, FULL, digests, public->bytes);
    /* Blind: message a / R = message u^65537.  Then a and b are squared for the next time, u with them. */
    OF_FULL(load_factor)(w->factor, (const uint64_t(*)[FJ_LANES])blinding->a);
    OF_FULL(fj_multiply)(w->message, w->columns, w->message, w->factor, w->n, k0);
    OF_FULL(fj_masked)(w->message);
    OF_FULL(fj_square)(w->factor, w->columns, w->factor, w->n, k0);
    OF_FULL(store_factor)(blinding->a, w->factor);
    FJ_TEST_POINT("message", w->message);
    if (count <=
        FJ_LANES / 2) { /* two lanes for each of four messages: the even one modulo p, the odd one modulo q */
        static const uint64_t twice[] = {0, 0, 1, 1, 2, 2, 3, 3};
        static const uint64_t even[] = {0, 2, 4, 6, 0, 2, 4, 6};
        static const uint64_t odd[] = {1, 3, 5, 7, 1, 3, 5, 7};
        for (int i = 0; i < FULL; i++) {
            w->message[i] = lanes_permute(w->message[i], twice);
        }
        OF_FULL(exponentiate)(w->m2, w, key, exponent_len, 0xaa);
        for (int i = 0; i < HALF; i++) {
            w->m1[i] = lanes_permute(w->m2[i], even);
            w->m2[i] = lanes_permute(w->m2[i], odd);
        }
    } else {
        OF_FULL(exponentiate)(w->m1, w, key, exponent_len, 0x00);
        OF_FULL(exponentiate)(w->m2, w, key, exponent_len, 0xff);
    }
    FJ_TEST_POINT("m1", w->m1);
    FJ_TEST_POINT("m2", w->m2);
    OF_FULL(recombine)(w, key);
    FJ_TEST_POINT("combined", w->message);
    /* Unblind: (message^d u) b / R = message^d. */
    OF_FULL(load_factor)(w->factor, (const uint64_t(*)[FJ_LANES])blinding->b);
    OF_FULL(fj_multiply)(w->message, w->columns, w->message, w->factor, w->n, k0);
    OF_FULL(fj_masked)(w->message);
    OF_FULL(fj_subtract_once)(w->message, w->n);
    OF_FULL(fj_square)(w->factor, w->columns, w->factor, w->n, k0);
    OF_FULL(store_factor)(blinding->b, w->factor);
    FJ_TEST_POINT("signature", w->message);
    lanes_to_octets(signatures, count, w->message, FULL, public->bytes);
}

/* a = u^65537 R and b = u^-1 R from u and u^-1. */
static __attribute__((noinline)) LANES_TARGET void
OF_FULL(blind)(struct fj_blinding52 *blinding, const struct fj_public52 *public, struct OF_FULL(sign52) * w) {
    const fj_lanes k0 = lanes_all(public->k0);
    lanes_everywhere(w->n, public->n, FULL);
    lanes_everywhere(w->factor, public->r_squared, FULL);
    OF_FULL(load_factor)(w->message, (const uint64_t(*)[FJ_LANES])blinding->b);
    OF_FULL(fj_multiply)(w->message, w->columns, w->message, w->factor, w->n, k0);
    OF_FULL(store_factor)(blinding->b, w->message);
    OF_FULL(load_factor)(w->message, (const uint64_t(*)[FJ_LANES])blinding->a);
    OF_FULL(fj_multiply)(w->message, w->columns, w->message, w->factor, w->n, k0);
    for (int i = 0; i < FULL; i++) {
        w->factor[i] = w->message[i];
    }
    for (int i = 0; i < 16; i++) {
        OF_FULL(fj_square)(w->message, w->columns, w->message, w->n, k0);
    }
    OF_FULL(fj_multiply)(w->message, w->columns, w->message, w->factor, w->n, k0);
    OF_FULL(store_factor)(blinding->a, w->message);
}
