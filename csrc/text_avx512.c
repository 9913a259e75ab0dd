#include "text_avx512.h"

#ifdef FJ_HAS_TEXT_AVX512

#include <immintrin.h>

/* A target for these functions alone: the same command line builds the files that must run on every CPU. */
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi,bmi2,popcnt,lzcnt")))

/* --- base64url -------------------------------------------------------------------------------------------------------
 * After W. Mula and D. Lemire, "Base64 encoding and decoding at almost the speed of a memory copy" (2019), section 3:
 * one permutation looks the characters up, two multiply-adds join four values of 6 bits to 24, one permutation packs. */

/* Values of the ASCII characters (RFC 4648 table 2), 0x80 for the foreign ones. */
static const uint8_t VALUES[128] = {
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 62,   0x80, 0x80,
    52,   53,   54,   55,   56,   57,   58,   59,   60,   61,   0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    0x80, 0,    1,    2,    3,    4,    5,    6,    7,    8,    9,    10,   11,   12,   13,   14,
    15,   16,   17,   18,   19,   20,   21,   22,   23,   24,   25,   0x80, 0x80, 0x80, 0x80, 63,
    0x80, 26,   27,   28,   29,   30,   31,   32,   33,   34,   35,   36,   37,   38,   39,   40,
    41,   42,   43,   44,   45,   46,   47,   48,   49,   50,   51,   0x80, 0x80, 0x80, 0x80, 0x80};

static const uint8_t CHARACTERS[64] = {'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M',
                                       'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z',
                                       'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
                                       'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
                                       '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '-', '_'};

/* Octet i of 48 lies in 32-bit word i / 3, most significant of its three first. */
static const uint8_t PACK[64] = {2,  1,  0,  6,  5,  4,  10, 9,  8,  14, 13, 12, 18, 17, 16, 22,
                                 21, 20, 26, 25, 24, 30, 29, 28, 34, 33, 32, 38, 37, 36, 42, 41,
                                 40, 46, 45, 44, 50, 49, 48, 54, 53, 52, 58, 57, 56, 62, 61, 60};

/* Word w of 16 gets octets 3w+1, 3w, 3w+2, 3w+1, so that each of its four sextets can be shifted out. */
static const uint8_t SPREAD[64] = {1,  0,  2,  1,  4,  3,  5,  4,  7,  6,  8,  7,  10, 9,  11, 10,
                                   13, 12, 14, 13, 16, 15, 17, 16, 19, 18, 20, 19, 22, 21, 23, 22,
                                   25, 24, 26, 25, 28, 27, 29, 28, 31, 30, 32, 31, 34, 33, 35, 34,
                                   37, 36, 38, 37, 40, 39, 41, 40, 43, 42, 44, 43, 46, 45, 47, 46};

TARGET int fj_base64url_decode_avx512(uint8_t *out, const uint8_t *text, size_t text_len) {
    const __m512i low = _mm512_loadu_si512(VALUES);
    const __m512i high = _mm512_loadu_si512(VALUES + 64);
    const __m512i pack = _mm512_loadu_si512(PACK);
    __m512i seen =
        _mm512_setzero_si512(); /* or of characters and values: the top bit of a byte tells of a foreign one */
    while (text_len > 0) {
        const size_t step = text_len < 64 ? text_len : 64;
        const __mmask64 in = step < 64 ? ((__mmask64)1 << step) - 1 : ~(__mmask64)0;
        const __mmask64 octets = ((__mmask64)1 << step / 4 * 3) - 1;
        const __m512i characters = _mm512_mask_loadu_epi8(_mm512_set1_epi8('A'), in, text);
        const __m512i values = _mm512_permutex2var_epi8(low, characters, high);
        seen = _mm512_ternarylogic_epi32(seen, characters, values, 0xfe);
        /* Sextets a, b of each 16 bits become a << 6 | b, and these of each 32 bits x << 12 | y, but for the top byte.
         * Two multiply-adds would do the same; but 512-bit multiplications slow the core down for the next
         * milliseconds, and libcrypto's by 6 % (measured on Granite Rapids). */
        const __m512i pairs = _mm512_ternarylogic_epi32(
            _mm512_slli_epi16(values, 6), _mm512_set1_epi16(0x0fc0), _mm512_srli_epi16(values, 8), 0xea);
        const __m512i words = _mm512_or_si512(_mm512_slli_epi32(pairs, 12), _mm512_srli_epi32(pairs, 16));
        _mm512_mask_storeu_epi8(out, octets, _mm512_permutexvar_epi8(pack, words));
        text += step;
        out += step / 4 * 3;
        text_len -= step;
    }
    return _mm512_movepi8_mask(seen) == 0;
}

TARGET void fj_base64url_encode_avx512(uint8_t *out, const uint8_t *octets, size_t octets_len) {
    const __m512i characters = _mm512_loadu_si512(CHARACTERS);
    const __m512i spread = _mm512_loadu_si512(SPREAD);
    /* Of each pair of words, eight sextets by their distance from bit 0: 10, 4, 22, 16 and the same 32 bits up. */
    const __m512i shifts = _mm512_set1_epi64(0x3036242a1016040a);
    while (octets_len > 0) {
        const size_t step = octets_len < 48 ? octets_len : 48;
        const __mmask64 in = ((__mmask64)1 << step) - 1;
        const size_t written = step / 3 * 4;
        const __mmask64 to = written < 64 ? ((__mmask64)1 << written) - 1 : ~(__mmask64)0;
        const __m512i words = _mm512_permutexvar_epi8(spread, _mm512_maskz_loadu_epi8(in, octets));
        const __m512i sextets = _mm512_multishift_epi64_epi8(shifts, words);
        _mm512_mask_storeu_epi8(out, to, _mm512_permutexvar_epi8(sextets, characters));
        octets += step;
        out += written;
        octets_len -= step;
    }
}

/* --- names -----------------------------------------------------------------------------------------------------------*/

TARGET uint32_t fj_json_names_avx512(const uint8_t *text, size_t len) {
    uint64_t after_quote = 0; /* 1 if the character before this block is a quote */
    uint64_t after_space = 1; /* likewise white space */
    uint64_t odd = 0;
    uint32_t names = 0;
    uint32_t braces = 0; /* of either kind */
    uint32_t brackets = 0;
    uint32_t all_quotes = 0;
    uint64_t after_backslash = 0;
    uint64_t digits_before = 0; /* at the end of the last block */
    while (len > 0) {
        const size_t step = len < 64 ? len : 64;
        const __mmask64 in = step < 64 ? ((__mmask64)1 << step) - 1 : ~(__mmask64)0;
        const __m512i block = _mm512_mask_loadu_epi8(_mm512_set1_epi8('x'), in, text);
        const uint64_t colons = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(':'));
        const uint64_t quotes = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('"'));
        const uint64_t spaces = _mm512_cmple_epu8_mask(block, _mm512_set1_epi8(' '));
        const uint64_t digits =
            _mm512_cmplt_epu8_mask(_mm512_sub_epi8(block, _mm512_set1_epi8('0')), _mm512_set1_epi8(10));
        names += (uint32_t)_mm_popcnt_u64(colons & (quotes << 1 | after_quote));
        odd |= colons & (spaces << 1 | after_space);
        const uint64_t backslashes = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('\\'));
        odd |= (backslashes << 1 | after_backslash) & (quotes | backslashes);
        braces += (uint32_t)_mm_popcnt_u64(_mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('{')) |
                                           _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('}')));
        brackets += (uint32_t)_mm_popcnt_u64(_mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('[')));
        all_quotes += (uint32_t)_mm_popcnt_u64(quotes);
        after_backslash = backslashes >> 63;
        after_quote = quotes >> 63;
        after_space = spaces >> 63;
        /* Nineteen digits in a row: within the block by doubling, or from the end of the last block into this one. */
        uint64_t run = digits & digits >> 1;
        run &= run >> 2;
        run &= run >> 4;
        run &= run >> 8;
        run &= run >> 3;
        if (run != 0 || digits_before + _tzcnt_u64(~digits) >= 19) {
            return UINT32_MAX;
        }
        digits_before = _lzcnt_u64(~digits);
        text += step;
        len -= step;
    }
    return odd || braces != 2 || all_quotes % 2 != 0 || brackets >= FJ_PLAIN_OPENERS ? 0 : names;
}

#endif
