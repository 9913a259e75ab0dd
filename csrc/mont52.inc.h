/* Montgomery arithmetic in radix 2^52, eight numbers at once.  Included once for each size, with LIMBS defined.
 *
 *     multiply(A, B) = (A B + Q N) / R,   R = 2^(52 LIMBS),   N odd,   0 <= Q < R,   k0 = -1/N mod 2^52
 *
 * A number is an array of LIMBS lanes, least significant limb first; value(lane) = sum limb[i][lane] 2^(52 i).
 * "Almost" Montgomery (C. Walter, "Montgomery exponentiation needs no final subtractions", 1999; S. Gueron, 2012): the
 * result is congruent to A B / R and less than A B / R + N, which may exceed N.
 *
 *     A, B < 4 N  and  R > 16 N   give a result < 2 N;      A < R  and  B <= N   give a result < 2 N.
 *
 * Limbs that come out hold rubbish from bit 52 up, all but the last, which is exact: madd ignores those bits, so they
 * are never masked here.  Whatever is not a madd masks them first (fj_canonical).  doc/montgomery52.md derives it all.
 *
 * Products go by blocks of ten limbs in registers; the columns they reach are a window of eleven accumulators that
 * moves one column a step, so that each limb loaded feeds twenty multiply-adds.  A column sums at most 2 LIMBS low and
 * 2 LIMBS high halves of products and a carry, each < 2^52: (4 LIMBS + 1) 2^52 < 2^61 for LIMBS <= 80.
 *
 * Measured (gcc 12, two madds a cycle): a square of 20 limbs takes 0.17 us on a Zen 5 core, 0.20 to 0.23 us on a Granite
 * Rapids one.  What mattered: the blocks' number known at compile time (60 % otherwise: the columns of the first block were
 * zeroed in memory and read back), k0's chain filled by other madds, loads that stay where they are written (5 % of a
 * signature of 2048 bits; a simulated core then takes 682 cycles for that square, where two ports need 679), and the clock.
 *
 * The clock goes down for what is loaded, not only for what is computed.  A Granite Rapids core that is busy with madds runs
 * at 3.5 GHz while it loads a vector for each six or more of them, and at 3.1 to 3.2 GHz with one for each four or less.
 * Broadcasts do not count.  So moduli that lanes share are kept as pairs of numbers, and loaded in pairs: 5 to 7 % of a
 * square or product of 20 limbs.  In verifying, whose lanes may have different keys, it gained nothing at 40 limbs and more:
 * there a limb is loaded for more madds.  benchmarks/kernel.py shows it (load/madds).  The clock follows within a few
 * milliseconds, so variants that take turns faster share one, and only longer turns (40 ms) show such a difference.
 *
 * A Zen 4 core does one madd of 512 bits a cycle: a square of 20 limbs takes 0.34 us, 95 % of which its multipliers need.
 *
 * Tried without gain: a multiple of n that is -1 modulo 2^520, whose quotients are the columns themselves, so that all blocks
 * but the last are plain products.  It takes as many madds; what it saves in waiting the clock takes back (1 % less at 20
 * limbs, nothing at 40).  Nor did unrolled loops at 40 limbs.  Squares of sums of blocks in the place of products of two
 * blocks (Karatsuba) take 330 madds instead of 420 at 20 limbs and 3960 instead of 6480 at 80, of 1220 and 19280 with the
 * reduction; but Intel's cores add where they multiply, and on Zen 4, whose additions have pipes of their own, a loop over
 * blocks takes 6 % more at 20 limbs (4 % less laid out by hand), 2 % more at 40 and 2 % less at 80: too little for a second
 * way.  Zen's integer multiplier is idle meanwhile, and 16 mulx beside 16 madds cost it nothing: a ninth number in 64-bit
 * words, computed along, is untried. */

#define FJ_JOIN_(a, b) a##_##b
#define FJ_JOIN(a, b) FJ_JOIN_(a, b)
#define SIZED(name) FJ_JOIN(name, LIMBS)

#ifndef FASTJWT_MONT52_COMMON
#define FASTJWT_MONT52_COMMON

/* Loops under UNROLL have constant bounds and index arrays that must live in registers. */
#if defined(LANES_IN_MEMORY)
#define UNROLL
#elif defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

enum { BLOCK = 10 }; /* limbs of one factor in registers, and quotients found together */

#define LIMB_MASK ((UINT64_C(1) << 52) - 1)

/* The lanes' moduli, limb by limb: one for each lane; or in pairs, one for the even lanes and one for the odd. */
struct modulus {
    const fj_lanes *each;
    const uint64_t (*pairs)[2]; /* or NULL */
};

LANES_INLINE struct modulus in_lanes(const fj_lanes *n) {
    return (struct modulus){n, NULL};
}

LANES_INLINE struct modulus in_pairs(const uint64_t (*n)[2]) {
    return (struct modulus){NULL, n};
}

LANES_INLINE fj_lanes limb_of(const struct modulus n, const int i) {
    return n.pairs != NULL ? lanes_pair(n.pairs[i]) : n.each[i];
}

/* t[i] += low halves, t[i+1] += high halves of x[i] y, for the first `width` limbs x. */
LANES_INLINE void window_step(fj_lanes t[BLOCK + 1], const fj_lanes x[BLOCK], fj_lanes y, const int width) {
    UNROLL for (int i = 0; i < BLOCK; i++) {
        if (i < width) {
            t[i] = lanes_madd_lo(t[i], x[i], y);
        }
    }
    UNROLL for (int i = 0; i < BLOCK; i++) {
        if (i < width) {
            t[i + 1] = lanes_madd_hi(t[i + 1], x[i], y);
        }
    }
}

/* The window moves one column on: t[0] has been dealt with.  Renaming makes it free. */
LANES_INLINE void window_move(fj_lanes t[BLOCK + 1], const int width) {
    UNROLL for (int i = 0; i < BLOCK; i++) {
        if (i < width) {
            t[i] = t[i + 1];
        }
    }
}
#endif

/* STREAM: loops over all limbs are straight-line code for the sizes at which that is faster and stays in the instruction
 * cache.  IN_ORDER keeps the compiler from moving loads of limbs far up in such code, where they push accumulators out of
 * the registers.  AHEAD: columns beyond a block's own that fill the latency of finding quotients.  With many, another
 * multiply-add in the chain costs nothing and saves an addition; they take registers that the longer sizes, whose tables
 * crowd the first-level cache, had better not spill (4096-bit signatures take 5 % more with 8). */
#undef STREAM
#undef IN_ORDER
#undef AHEAD
#if LIMBS <= 30
#define STREAM UNROLL
#define IN_ORDER() lanes_in_order()
#define AHEAD 8
#else
#define STREAM
#define IN_ORDER() ((void)0)
#define AHEAD 4
#endif

/* --- Products: 2 LIMBS columns -------------------------------------------------------------------------------------- */

/* Columns of the product so far, beginning with those of block `b` of a: add block b's.  Earlier blocks wrote the columns
 * below b + LIMBS; those above hold nothing yet. */
LANES_INLINE void SIZED(product_block)(fj_lanes columns[2 * LIMBS], const fj_lanes a[LIMBS],
                                       const fj_lanes b_limbs[], const int b) {
    fj_lanes x[BLOCK];
    fj_lanes t[BLOCK + 1];
    UNROLL for (int i = 0; i < BLOCK; i++) {
        x[i] = a[b + i];
        t[i] = b > 0 ? columns[b + i] : lanes_zero();
    }
    STREAM for (int j = 0; j < LIMBS; j++) {
        t[BLOCK] = b > 0 && j + BLOCK < LIMBS ? columns[b + j + BLOCK] : lanes_zero();
        window_step(t, x, b_limbs[j], BLOCK);
        IN_ORDER();
        columns[b + j] = t[0];
        window_move(t, BLOCK);
    }
    UNROLL for (int i = 0; i < BLOCK; i++) {
        columns[b + LIMBS + i] = t[i];
    }
}

/* Call block(..., b) for each block of LIMBS limbs, b a constant. */
#define FOR_BLOCKS(call)  \
    do {                  \
        call(0);          \
        if (LIMBS > 10) { \
            call(10);     \
        }                 \
        if (LIMBS > 20) { \
            call(20);     \
        }                 \
        if (LIMBS > 30) { \
            call(30);     \
        }                 \
        if (LIMBS > 40) { \
            call(40);     \
        }                 \
        if (LIMBS > 50) { \
            call(50);     \
        }                 \
        if (LIMBS > 60) { \
            call(60);     \
        }                 \
        if (LIMBS > 70) { \
            call(70);     \
        }                 \
    } while (0)

/* columns = a b, all of them written; none carried. */
LANES_INLINE void SIZED(product)(fj_lanes columns[2 * LIMBS], const fj_lanes a[LIMBS],
                                 const fj_lanes b[LIMBS]) {
#define PRODUCT_BLOCK(at) SIZED(product_block)(columns, a, b, at)
    FOR_BLOCKS(PRODUCT_BLOCK);
#undef PRODUCT_BLOCK
}

/* Column c of a square, complete but for doubling and the square of limb c / 2. */
LANES_INLINE fj_lanes SIZED(doubled)(fj_lanes crossed, fj_lanes limb, const int c) {
    const fj_lanes twice = lanes_add(crossed, crossed);
    return c % 2 == 0 ? lanes_madd_lo(twice, limb, limb) : lanes_madd_hi(twice, limb, limb);
}

/* Add the cross products of block b of a with itself and with all later limbs.  This completes columns 2b .. 2b+19, which
 * are doubled and get their limb's square while that is in a register. */
LANES_INLINE void SIZED(square_block)(fj_lanes columns[2 * LIMBS], const fj_lanes a[LIMBS], const int b) {
    fj_lanes x[BLOCK];
    fj_lanes c[2 * BLOCK];
    fj_lanes t[BLOCK + 1];
    UNROLL for (int i = 0; i < BLOCK; i++) {
        x[i] = a[b + i];
    }
    UNROLL for (int i = 0; i < 2 * BLOCK; i++) {
        c[i] = b > 0 && b + i < LIMBS ? columns[2 * b + i] : lanes_zero();
    }
    UNROLL for (int j = 1; j < BLOCK; j++) {
        UNROLL for (int i = 0; i < BLOCK; i++) {
            if (i < j) {
                c[i + j] = lanes_madd_lo(c[i + j], x[i], x[j]);
            }
        }
        UNROLL for (int i = 0; i < BLOCK; i++) {
            if (i < j) {
                c[i + j + 1] = lanes_madd_hi(c[i + j + 1], x[i], x[j]);
            }
        }
    }
    UNROLL for (int i = 0; i < BLOCK; i++) {
        columns[2 * b + i] = SIZED(doubled)(c[i], x[i / 2], i);
    }
    if (b + BLOCK >= LIMBS) {
        UNROLL for (int i = BLOCK; i < 2 * BLOCK; i++) {
            columns[2 * b + i] = SIZED(doubled)(c[i], x[i / 2], i);
        }
        return;
    }
    UNROLL for (int i = 0; i < BLOCK; i++) {
        t[i] = c[BLOCK + i];
    }
    UNROLL for (int i = BLOCK; i < 2 * BLOCK;
                i++) { /* limb b + i; its column b + (b + i) is complete with this block */
        t[BLOCK] = b > 0 && b + i + BLOCK < LIMBS ? columns[2 * b + i + BLOCK] : lanes_zero();
        window_step(t, x, a[b + i], BLOCK);
        IN_ORDER();
        columns[2 * b + i] = SIZED(doubled)(t[0], x[i / 2], i);
        window_move(t, BLOCK);
    }
    STREAM for (int j = b + 2 * BLOCK; j < LIMBS; j++) {
        t[BLOCK] = b > 0 && j + BLOCK < LIMBS ? columns[b + j + BLOCK] : lanes_zero();
        window_step(t, x, a[j], BLOCK);
        IN_ORDER();
        columns[b + j] = t[0];
        window_move(t, BLOCK);
    }
    UNROLL for (int i = 0; i < BLOCK; i++) {
        columns[b + LIMBS + i] = t[i];
    }
}

/* columns = a^2, all of them written; none carried. */
LANES_INLINE void SIZED(square)(fj_lanes columns[2 * LIMBS], const fj_lanes a[LIMBS]) {
#define SQUARE_BLOCK(at) SIZED(square_block)(columns, a, at)
    FOR_BLOCKS(SQUARE_BLOCK);
#undef SQUARE_BLOCK
}

/* --- Reduction ------------------------------------------------------------------------------------------------------- */

/* Make the first `width` columns divisible by 2^(52 width): find as many quotients, add their products with n.
 * The rest, from column `width` on, stays in `columns`; or, for the last block, goes to r, carried.
 * The first column comes in less one, and what stays does so too.
 *
 * For t + lo(q n[0]) = 0 mod 2^52 carries floor((t - 1) / 2^52) + 1, and the low half itself is never computed.  With
 * t - 1 in the place of t, the next column gets that carry less one: it is less one itself. */
LANES_INLINE void SIZED(reduce_block)(fj_lanes *r, fj_lanes *columns, const struct modulus n, fj_lanes k0,
                                      const int width) {
    fj_lanes q[BLOCK];
    fj_lanes t[BLOCK + AHEAD + 1];
    fj_lanes w[BLOCK + 1];
    UNROLL for (int i = 0; i < BLOCK + AHEAD; i++) {
        t[i] = i < width + AHEAD ? columns[i] : lanes_zero();
    }
    UNROLL for (int i = 0; i < BLOCK; i++) {
        if (i < width) {
            q[i] = lanes_madd_lo(k0, t[i], k0); /* (t - 1 + 1) k0 */
            const fj_lanes high =
                lanes_madd_hi(lanes_add(t[i + 1], lanes_signed_carry(t[i])), q[i], limb_of(n, 0));
            /* From quotient to quotient it is 12 cycles in one sum, and 9 in two. */
            t[i + 1] = AHEAD >= 8 ? lanes_madd_lo(high, q[i], limb_of(n, 1))
                                  : lanes_add(high, lanes_madd_lo(lanes_zero(), q[i], limb_of(n, 1)));
            IN_ORDER();
            UNROLL for (int j = 1; j < BLOCK + AHEAD; j++) {
                if (i + j + 1 < width + AHEAD) {
                    t[i + j + 1] = lanes_madd_hi(t[i + j + 1], q[i], limb_of(n, j));
                    t[i + j + 1] = lanes_madd_lo(t[i + j + 1], q[i], limb_of(n, j + 1));
                }
            }
        }
    }
    /* The columns from width + AHEAD on: first the corner that the quotients' own columns left out ... */
    UNROLL for (int i = 0; i < BLOCK + 1; i++) {
        w[i] = i <= width ? columns[width + AHEAD + i] : lanes_zero();
    }
    UNROLL for (int j = AHEAD; j < BLOCK + AHEAD; j++) {
        if (j < width + AHEAD) {
            UNROLL for (int i = 0; i < BLOCK; i++) {
                if (i < width && i + j >= width + AHEAD) {
                    w[i + j - width - AHEAD] = lanes_madd_lo(w[i + j - width - AHEAD], q[i], limb_of(n, j));
                }
            }
            UNROLL for (int i = 0; i < BLOCK; i++) {
                if (i < width && i + j + 1 >= width + AHEAD) {
                    w[i + j + 1 - width - AHEAD] =
                        lanes_madd_hi(w[i + j + 1 - width - AHEAD], q[i], limb_of(n, j));
                }
            }
        }
    }
    /* ... then the rest of n streams past them. */
    if (r == NULL) {
        UNROLL for (int i = 0; i < AHEAD; i++) {
            columns[width + i] = t[width + i];
        }
        STREAM for (int j = width + AHEAD; j < LIMBS; j++) {
            w[width] = j == width + AHEAD ? w[width] : columns[j + width];
            window_step(w, q, limb_of(n, j), width);
            columns[j] = w[0];
            window_move(w, width);
        }
        UNROLL for (int i = 0; i < BLOCK; i++) {
            if (i < width) {
                columns[LIMBS + i] = w[i];
            }
        }
        return;
    }
    fj_lanes sum = lanes_all(LIMB_MASK + 1); /* carries the one that the first column is less */
    UNROLL for (int i = 0; i < AHEAD; i++) {
        sum = lanes_add(t[width + i], lanes_carry(sum));
        r[i] = sum;
    }
    STREAM for (int j = width + AHEAD; j < LIMBS; j++) {
        w[width] = j == width + AHEAD ? w[width] : columns[j + width];
        window_step(w, q, limb_of(n, j), width);
        sum = lanes_add(w[0], lanes_carry(sum));
        r[j - width] = sum;
        window_move(w, width);
    }
    UNROLL for (int i = 0; i < BLOCK; i++) {
        if (i < width) {
            sum = lanes_add(w[i], lanes_carry(sum));
            r[LIMBS - width + i] = sum;
        }
    }
}

/* r = columns / R mod n, less than columns / R + n.  columns[2 LIMBS] (one more) is scratch. */
LANES_INLINE void SIZED(reduce)(fj_lanes r[LIMBS], fj_lanes columns[2 * LIMBS + 1], const struct modulus n,
                                fj_lanes k0) {
    columns[0] = lanes_sub(columns[0], lanes_all(1));
    for (int b = 0; b < LIMBS - BLOCK; b += BLOCK) {
        SIZED(reduce_block)(NULL, columns + b, n, k0, BLOCK);
    }
    SIZED(reduce_block)(r, columns + LIMBS - BLOCK, n, k0, BLOCK);
}

/* --- What the rest of the kernel calls: with a modulus in each lane, or with one for the even and one for the odd ------- */

#define ROUTINE static __attribute__((noinline, unused)) LANES_TARGET void

/* r = a b / R mod n.  r may be a or b.  `columns` is scratch of 2 LIMBS + 1. */
ROUTINE SIZED(fj_multiply)(fj_lanes r[LIMBS], fj_lanes *columns, const fj_lanes a[LIMBS],
                           const fj_lanes b[LIMBS], const fj_lanes n[LIMBS], fj_lanes k0) {
    SIZED(product)(columns, a, b);
    SIZED(reduce)(r, columns, in_lanes(n), k0);
}

ROUTINE SIZED(fj_multiply_paired)(fj_lanes r[LIMBS], fj_lanes *columns, const fj_lanes a[LIMBS],
                                  const fj_lanes b[LIMBS], const uint64_t n[LIMBS][2], fj_lanes k0) {
    SIZED(product)(columns, a, b);
    SIZED(reduce)(r, columns, in_pairs(n), k0);
}

/* r = a^2 / R mod n.  r may be a. */
ROUTINE SIZED(fj_square)(fj_lanes r[LIMBS], fj_lanes *columns, const fj_lanes a[LIMBS],
                         const fj_lanes n[LIMBS], fj_lanes k0) {
    SIZED(square)(columns, a);
    SIZED(reduce)(r, columns, in_lanes(n), k0);
}

ROUTINE SIZED(fj_square_paired)(fj_lanes r[LIMBS], fj_lanes *columns, const fj_lanes a[LIMBS],
                                const uint64_t n[LIMBS][2], fj_lanes k0) {
    SIZED(square)(columns, a);
    SIZED(reduce)(r, columns, in_pairs(n), k0);
}

#undef ROUTINE

/* Carry and mask: every limb < 2^52 afterwards.  Limbs are signed before; the value is in 0 .. R-1. */
LANES_INLINE void SIZED(fj_canonical)(fj_lanes a[LIMBS]) {
    const fj_lanes mask = lanes_all(LIMB_MASK);
    fj_lanes carry = lanes_zero();
    for (int i = 0; i < LIMBS; i++) {
        const fj_lanes limb = lanes_add(a[i], carry);
        carry = lanes_signed_carry(limb);
        a[i] = lanes_and(limb, mask);
    }
}

/* Mask what a product left above bit 52; its carries have been added already.  The last limb is exact. */
LANES_INLINE void SIZED(fj_masked)(fj_lanes a[LIMBS]) {
    const fj_lanes mask = lanes_all(LIMB_MASK);
    for (int i = 0; i < LIMBS - 1; i++) {
        a[i] = lanes_and(a[i], mask);
    }
}

/* Lanes in which a < b; both canonical. */
LANES_INLINE fj_lane_mask SIZED(fj_less)(const fj_lanes a[LIMBS], const fj_lanes b[LIMBS]) {
    fj_lanes borrow = lanes_zero();
    for (int i = 0; i < LIMBS; i++) {
        borrow = lanes_signed_carry(lanes_add(lanes_sub(a[i], b[i]), borrow));
    }
    return lanes_negative(borrow);
}

/* a -= n where a >= n; both canonical, a < 2 n.  The same steps for either case. */
LANES_INLINE void SIZED(fj_subtract_once)(fj_lanes a[LIMBS], const fj_lanes n[LIMBS]) {
    const fj_lane_mask keep = SIZED(fj_less)(a, n);
    const fj_lanes mask = lanes_all(LIMB_MASK);
    fj_lanes borrow = lanes_zero();
    for (int i = 0; i < LIMBS; i++) {
        const fj_lanes limb = lanes_add(lanes_sub(a[i], n[i]), borrow);
        borrow = lanes_signed_carry(limb);
        a[i] = lanes_select(keep, lanes_and(limb, mask), a[i]);
    }
}
