/* Eight 64-bit lanes in plain C: the interface of lanes_avx512.h for valgrind, UBSan and hosts without AVX-512.
 * It is no engine, only the twin by which the kernel's source is tested where its instructions cannot run. */
#ifndef FASTJWT_LANES_PORTABLE_H
#define FASTJWT_LANES_PORTABLE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LANES_TARGET
#define LANES_INLINE static inline
#define LANES_IN_MEMORY /* no array lives in registers, so nothing is unrolled, and sanitizers see each index */

typedef struct {
    uint64_t lane[8];
} fj_lanes;
typedef uint8_t fj_lane_mask;

#define LANES_EACH(expression)    \
    fj_lanes r;                   \
    for (int l = 0; l < 8; l++) { \
        r.lane[l] = (expression); \
    }                             \
    return r

#define LANES_LOW52(x) ((x) & ((UINT64_C(1) << 52) - 1))

LANES_INLINE fj_lanes lanes_all(uint64_t value) {
    LANES_EACH(value);
}

LANES_INLINE fj_lanes lanes_zero(void) {
    return lanes_all(0);
}

LANES_INLINE void lanes_in_order(void) {}

LANES_INLINE fj_lanes lanes_load(const uint64_t values[8]) {
    LANES_EACH(values[l]);
}

LANES_INLINE fj_lanes lanes_pair(const uint64_t pair[2]) {
    LANES_EACH(pair[l % 2]);
}

LANES_INLINE void lanes_store(uint64_t values[8], fj_lanes a) {
    for (int l = 0; l < 8; l++) {
        values[l] = a.lane[l];
    }
}

LANES_INLINE fj_lanes lanes_madd_lo(fj_lanes sum, fj_lanes a, fj_lanes b) {
    LANES_EACH(sum.lane[l] +
               LANES_LOW52((uint64_t)((unsigned __int128)LANES_LOW52(a.lane[l]) * LANES_LOW52(b.lane[l]))));
}

LANES_INLINE fj_lanes lanes_madd_hi(fj_lanes sum, fj_lanes a, fj_lanes b) {
    LANES_EACH(sum.lane[l] +
               (uint64_t)((unsigned __int128)LANES_LOW52(a.lane[l]) * LANES_LOW52(b.lane[l]) >> 52));
}

LANES_INLINE fj_lanes lanes_add(fj_lanes a, fj_lanes b) {
    LANES_EACH(a.lane[l] + b.lane[l]);
}

LANES_INLINE fj_lanes lanes_sub(fj_lanes a, fj_lanes b) {
    LANES_EACH(a.lane[l] - b.lane[l]);
}

LANES_INLINE fj_lanes lanes_and(fj_lanes a, fj_lanes b) {
    LANES_EACH(a.lane[l] & b.lane[l]);
}

LANES_INLINE fj_lanes lanes_or(fj_lanes a, fj_lanes b) {
    LANES_EACH(a.lane[l] | b.lane[l]);
}

LANES_INLINE fj_lanes lanes_xor(fj_lanes a, fj_lanes b) {
    LANES_EACH(a.lane[l] ^ b.lane[l]);
}

LANES_INLINE fj_lanes lanes_carry(fj_lanes a) {
    LANES_EACH(a.lane[l] >> 52);
}

LANES_INLINE fj_lanes lanes_signed_carry(fj_lanes a) {
    /* Sign extension of the upper 12 bits without a shift of a negative number. */
    LANES_EACH(((a.lane[l] >> 52) ^ 0x800) - 0x800);
}

LANES_INLINE fj_lane_mask lanes_equal(fj_lanes a, fj_lanes b) {
    unsigned mask = 0;
    for (unsigned l = 0; l < 8; l++) {
        const uint64_t difference = a.lane[l] ^ b.lane[l];
        mask |= (unsigned)(1 ^ ((difference | (0 - difference)) >> 63)) << l;
    }
    return (fj_lane_mask)mask;
}

LANES_INLINE fj_lane_mask lanes_negative(fj_lanes a) {
    unsigned mask = 0;
    for (unsigned l = 0; l < 8; l++) {
        mask |= (unsigned)(a.lane[l] >> 63) << l;
    }
    return (fj_lane_mask)mask;
}

LANES_INLINE fj_lanes lanes_select(fj_lane_mask mask, fj_lanes a, fj_lanes b) {
    LANES_EACH(a.lane[l] ^ ((a.lane[l] ^ b.lane[l]) & (0 - (uint64_t)(mask >> l & 1))));
}

LANES_INLINE uint64_t lanes_first(fj_lanes a) {
    return a.lane[0];
}

LANES_INLINE fj_lanes lanes_shift_down(fj_lanes a, fj_lanes b) {
    LANES_EACH(l < 7 ? a.lane[l + 1] : b.lane[0]);
}

LANES_INLINE fj_lanes lanes_shift_up(fj_lanes a, fj_lanes b) {
    LANES_EACH(l > 0 ? b.lane[l - 1] : a.lane[7]);
}

static inline uint64_t octets_at(const uint8_t *octets) {
    uint64_t word = 0;
    memcpy(&word, octets, 8);
    return __builtin_bswap64(word);
}

LANES_INLINE fj_lanes lanes_gather(const uint8_t *const from[8], size_t at) {
    LANES_EACH(octets_at(from[l] + at));
}

LANES_INLINE fj_lanes lanes_shift_right(fj_lanes a, unsigned bits) {
    LANES_EACH(a.lane[l] >> bits);
}

LANES_INLINE fj_lanes lanes_shift_left(fj_lanes a, unsigned bits) {
    LANES_EACH(a.lane[l] << bits);
}

LANES_INLINE fj_lanes lanes_permute(fj_lanes a, const uint64_t from[8]) {
    LANES_EACH(a.lane[from[l]]);
}

#endif
