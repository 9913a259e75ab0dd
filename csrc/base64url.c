/* Strict base64url: whole groups by the widest vectors that the CPU has, the tail by hand.  Tokens are public, so looking up tables by their bytes may be seen; a
 * signature that leaves here was public from the moment it was made. */
#include "base64url.h"

#include "cpu.h"
#include "text_avx512.h"

#define FOREIGN \
    0xff /* the only value with its top bit set: or-ing the values of a block finds a foreign byte */

/* RFC 4648, table 2: the value of each character. */
static const uint8_t VALUE[256] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3e, 0xff, 0xff,
    0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e,
    0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0xff, 0xff, 0xff, 0xff, 0x3f,
    0xff, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28,
    0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0x33, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

static const uint8_t CHARACTER[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Decode whole groups of four characters.  Returns 0 if one of them is foreign, else 1. */
static int decode_groups(uint8_t *out, const uint8_t *text, size_t text_len) {
#ifdef FJ_HAS_TEXT_AVX512
    if (fj_cpu() & FJ_CPU_VBMI) {
        return fj_base64url_decode_avx512(out, text, text_len);
    }
#endif
    uint32_t seen = 0;
    for (const uint8_t *const end = text + text_len; text != end; text += 4, out += 3) {
        const uint32_t a = VALUE[text[0]];
        const uint32_t b = VALUE[text[1]];
        const uint32_t c = VALUE[text[2]];
        const uint32_t d = VALUE[text[3]];
        const uint32_t octets = a << 18 | b << 12 | c << 6 | d;
        seen |= a | b | c | d;
        out[0] = (uint8_t)(octets >> 16);
        out[1] = (uint8_t)(octets >> 8);
        out[2] = (uint8_t)octets;
    }
    return seen < 64;
}

enum fj_status fj_base64url_decode(uint8_t *out, const uint8_t *text, size_t text_len) {
    const size_t tail = text_len % 4;
    const size_t whole = text_len - tail;
    const int known = decode_groups(out, text, whole);
    text += whole;
    out += whole / 4 * 3;
    uint32_t seen = 0; /* the or of the tail's values: above 63 if one was foreign */
    uint32_t last = 0;
    for (size_t i = 0; i < tail; i++) {
        last = last << 6 | VALUE[text[i]];
        seen |= VALUE[text[i]];
    }
    if (!known || seen > 63) {
        return FJ_BAD_ALPHABET;
    }
    switch (tail) {
        case 1:
            return FJ_BAD_LENGTH;
        case 2: /* 12 bits, 4 of them unused */
            out[0] = (uint8_t)(last >> 4);
            return (last & 0x0f) ? FJ_BAD_BITS : FJ_OK;
        case 3: /* 18 bits, 2 of them unused */
            out[0] = (uint8_t)(last >> 10);
            out[1] = (uint8_t)(last >> 2);
            return (last & 0x03) ? FJ_BAD_BITS : FJ_OK;
        default:
            return FJ_OK;
    }
}

/* Encode whole groups of three octets. */
static void encode_groups(uint8_t *out, const uint8_t *octets, size_t octets_len) {
#ifdef FJ_HAS_TEXT_AVX512
    if (fj_cpu() & FJ_CPU_VBMI) {
        fj_base64url_encode_avx512(out, octets, octets_len);
        return;
    }
#endif
    for (const uint8_t *const end = octets + octets_len; octets != end; octets += 3, out += 4) {
        const uint32_t bits = (uint32_t)octets[0] << 16 | (uint32_t)octets[1] << 8 | octets[2];
        out[0] = CHARACTER[bits >> 18];
        out[1] = CHARACTER[bits >> 12 & 63];
        out[2] = CHARACTER[bits >> 6 & 63];
        out[3] = CHARACTER[bits & 63];
    }
}

void fj_base64url_encode(uint8_t *out, const uint8_t *octets, size_t octets_len) {
    const size_t tail = octets_len % 3;
    const size_t whole = octets_len - tail;
    encode_groups(out, octets, whole);
    octets += whole;
    out += whole / 3 * 4;
    if (tail == 1) {
        out[0] = CHARACTER[octets[0] >> 2];
        out[1] = CHARACTER[(octets[0] & 3) << 4];
    } else if (tail == 2) {
        out[0] = CHARACTER[octets[0] >> 2];
        out[1] = CHARACTER[(octets[0] & 3) << 4 | octets[1] >> 4];
        out[2] = CHARACTER[(octets[1] & 15) << 2];
    }
}
