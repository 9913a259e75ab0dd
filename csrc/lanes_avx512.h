/* Eight 64-bit lanes in one AVX-512 register.
 *
 * This and lanes_portable.h are two forms of one interface, over which mont52.inc.h and rsa52.inc.h are written once.
 * Every function that uses lanes carries LANES_TARGET, so that one compiler command line builds the whole extension and
 * no AVX-512 instruction leaks into code that other CPUs run. */
#ifndef FASTJWT_LANES_AVX512_H
#define FASTJWT_LANES_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define LANES_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512ifma")))
#define LANES_INLINE static inline __attribute__((always_inline)) LANES_TARGET

typedef __m512i fj_lanes;
typedef __mmask8 fj_lane_mask;

LANES_INLINE fj_lanes lanes_zero(void) {
    return _mm512_setzero_si512();
}

LANES_INLINE fj_lanes lanes_all(uint64_t value) {
    return _mm512_set1_epi64((long long)value);
}

LANES_INLINE fj_lanes lanes_load(const uint64_t values[8]) {
    return _mm512_loadu_si512(values);
}

/* pair[0] in the even lanes and pair[1] in the odd ones: a quarter of the octets, and cheaper than a load of all lanes
 * (mont52.inc.h). */
LANES_INLINE fj_lanes lanes_pair(const uint64_t pair[2]) {
    return _mm512_broadcast_i64x2(_mm_loadu_si128((const __m128i *)pair));
}

LANES_INLINE void lanes_store(uint64_t values[8], fj_lanes a) {
    _mm512_storeu_si512(values, a);
}

/* Keep the compiler from moving what follows in memory over what came before. */
LANES_INLINE void lanes_in_order(void) {
    __asm__ volatile("" : : : "memory");
}

/* sum + the low 52 bits of the product of the low 52 bits of a and b. */
LANES_INLINE fj_lanes lanes_madd_lo(fj_lanes sum, fj_lanes a, fj_lanes b) {
    return _mm512_madd52lo_epu64(sum, a, b);
}

/* sum + the high 52 bits of that product of 104 bits. */
LANES_INLINE fj_lanes lanes_madd_hi(fj_lanes sum, fj_lanes a, fj_lanes b) {
    return _mm512_madd52hi_epu64(sum, a, b);
}

LANES_INLINE fj_lanes lanes_add(fj_lanes a, fj_lanes b) {
    return _mm512_add_epi64(a, b);
}

LANES_INLINE fj_lanes lanes_sub(fj_lanes a, fj_lanes b) {
    return _mm512_sub_epi64(a, b);
}

LANES_INLINE fj_lanes lanes_and(fj_lanes a, fj_lanes b) {
    return _mm512_and_si512(a, b);
}

LANES_INLINE fj_lanes lanes_or(fj_lanes a, fj_lanes b) {
    return _mm512_or_si512(a, b);
}

LANES_INLINE fj_lanes lanes_xor(fj_lanes a, fj_lanes b) {
    return _mm512_xor_si512(a, b);
}

/* Shift right by 52 bits: of unsigned values, and of signed ones (a carry that may be negative). */
LANES_INLINE fj_lanes lanes_carry(fj_lanes a) {
    return _mm512_srli_epi64(a, 52);
}

LANES_INLINE fj_lanes lanes_signed_carry(fj_lanes a) {
    return _mm512_srai_epi64(a, 52);
}

LANES_INLINE fj_lane_mask lanes_equal(fj_lanes a, fj_lanes b) {
    return _mm512_cmpeq_epi64_mask(a, b);
}

/* Lanes whose sign bit is set. */
LANES_INLINE fj_lane_mask lanes_negative(fj_lanes a) {
    return _mm512_movepi64_mask(a);
}

/* Lane by lane: b where the mask is set, else a. */
LANES_INLINE fj_lanes lanes_select(fj_lane_mask mask, fj_lanes a, fj_lanes b) {
    return _mm512_mask_mov_epi64(a, mask, b);
}

/* Lane 0, and numbers that run along the lanes moved by one: the lanes of a and then b's as many down, so that a's lane 0
 * falls off; or b's up, so that a's lane 7 comes into lane 0. */
LANES_INLINE uint64_t lanes_first(fj_lanes a) {
    return (uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(a));
}

LANES_INLINE fj_lanes lanes_shift_down(fj_lanes a, fj_lanes b) {
    return _mm512_alignr_epi64(b, a, 1);
}

LANES_INLINE fj_lanes lanes_shift_up(fj_lanes a, fj_lanes b) {
    return _mm512_alignr_epi64(b, a, 7);
}

/* In each lane the eight octets from from[lane] + at on, as a big-endian number. */
LANES_INLINE fj_lanes lanes_gather(const uint8_t *const from[8], size_t at) {
    const __m512i reversed =
        _mm512_set_epi64(0x08090a0b0c0d0e0f, 0x0001020304050607, 0x08090a0b0c0d0e0f, 0x0001020304050607,
                         0x08090a0b0c0d0e0f, 0x0001020304050607, 0x08090a0b0c0d0e0f, 0x0001020304050607);
    const __m512i addresses = _mm512_add_epi64(_mm512_loadu_si512(from), _mm512_set1_epi64((long long)at));
    return _mm512_shuffle_epi8(_mm512_i64gather_epi64(addresses, NULL, 1), reversed);
}

LANES_INLINE fj_lanes lanes_shift_right(fj_lanes a, unsigned bits) {
    return _mm512_srl_epi64(a, _mm_cvtsi32_si128((int)bits));
}

LANES_INLINE fj_lanes lanes_shift_left(fj_lanes a, unsigned bits) {
    return _mm512_sll_epi64(a, _mm_cvtsi32_si128((int)bits));
}

/* In each lane the one of a that `from` names for it. */
LANES_INLINE fj_lanes lanes_permute(fj_lanes a, const uint64_t from[8]) {
    return _mm512_permutexvar_epi64(_mm512_loadu_si512(from), a);
}

#endif
