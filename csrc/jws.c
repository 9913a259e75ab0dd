#include "jws.h"

#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "members.h"
#include "names.h"

/* --- One token ----------------------------------------------------------------------------------------------------- */

/* Take the canonical padding off a segment (RFC 4648 section 3.2): as many `=` as fill its length up to 0 modulo 4.
 * Any other padding stays, and the decoder refuses it. */
static size_t len_without_padding(const uint8_t *text, size_t len) {
    if (len >= 4 && len % 4 == 0 && text[len - 1] == '=') {
        return text[len - 2] == '=' ? len - 2 : len - 1;
    }
    return len;
}

/* Decode one segment; *decoded_len is set when FJ_OK is returned. */
static enum fj_status decode_segment(uint8_t *out, size_t *decoded_len, const uint8_t *text, size_t len,
                                     int allow_padding) {
    if (allow_padding) {
        len = len_without_padding(text, len);
    }
    const enum fj_status status = fj_base64url_decode(out, text, len);
    if (status == FJ_OK) {
        *decoded_len = fj_base64url_decoded_len(len);
    }
    return status;
}

/* Find and decode the segments of one token.  The octets of its payload (where wanted) and then of its signature are
 * written from `decoded + cursor` on; they never reach beyond `decoded + start + len`, the token's own share. */
static enum fj_status split_token(struct fj_token *token, size_t *payload_len, uint8_t *decoded,
                                  size_t cursor, const uint8_t *text, size_t len,
                                  const struct fj_limits *limits) {
    if (len > limits->max_token_len || len > UINT32_MAX) {
        return FJ_TOO_LONG;
    }
    /* Search for dots, and no further than the third: a megabyte of dots costs nothing. */
    const uint8_t *const dot1 = memchr(text, '.', len);
    if (dot1 == NULL) {
        return FJ_BAD_SEGMENTS;
    }
    const size_t header_len = (size_t)(dot1 - text);
    const uint8_t *const payload = dot1 + 1;
    const uint8_t *const dot2 = memchr(payload, '.', len - header_len - 1);
    if (dot2 == NULL) {
        return FJ_BAD_SEGMENTS;
    }
    const size_t signed_len = (size_t)(dot2 - text);
    const size_t payload_text_len = (size_t)(dot2 - payload);
    const uint8_t *const signature = dot2 + 1;
    const size_t signature_text_len = len - signed_len - 1;
    if (header_len == 0 || payload_text_len == 0 || signature_text_len == 0 ||
        memchr(signature, '.', signature_text_len) != NULL) {
        return FJ_BAD_SEGMENTS;
    }
    if (header_len > limits->max_header_len) {
        return FJ_HEADER_TOO_LONG;
    }
    size_t decoded_len = 0;
    /* The header's octets are read by Python once for each distinct header; here only their spelling counts. */
    enum fj_status status =
        decode_segment(decoded + cursor, &decoded_len, text, header_len, limits->allow_padding);
    if (status != FJ_OK) {
        return status;
    }
    status = decode_segment(decoded + cursor, &decoded_len, payload, payload_text_len, limits->allow_padding);
    if (status != FJ_OK) {
        return status;
    }
    *payload_len = limits->want_payload ? decoded_len : 0;
    token->signature_start = cursor + *payload_len;
    status = decode_segment(decoded + token->signature_start, &decoded_len, signature, signature_text_len,
                            limits->allow_padding);
    if (status != FJ_OK) {
        return status;
    }
    token->header_len = (uint32_t)header_len;
    token->signed_len = (uint32_t)signed_len;
    token->signature_len = (uint32_t)decoded_len;
    return FJ_PENDING;
}

/* --- Distinct headers ------------------------------------------------------------------------------------------------ */

/* A hash table from header segment to its number; open addressing, at most half full.  Senders choose headers, and can
 * choose any number of one hash, so a search ends after a few places: a header that finds none there gets a number of
 * its own, as often as it comes.  That costs a decision more in Python, and no token its verdict. */
enum { PLACES = 32 };

struct headers {
    struct slot {
        uint32_t hash;
        uint32_t number; /* plus one; 0 is an empty slot */
    } * slots;
    size_t mask;
    uint32_t count;
};

static uint64_t mix(uint64_t h, uint64_t word) {
    h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

/* A quick hash of public bytes. */
static uint32_t hash_of(const uint8_t *text, size_t len) {
    uint64_t h = mix(UINT64_C(0x243f6a8885a308d3), len);
    uint64_t word = 0;
    for (; len >= 8; text += 8, len -= 8) {
        memcpy(&word, text, 8);
        h = mix(h, word);
    }
    word = 0;
    memcpy(&word, text, len);
    h = mix(h, word);
    return (uint32_t)(h >> 32);
}

static int same_header(const struct fj_token *a, const struct fj_token *b, const uint8_t *data) {
    return a->header_len == b->header_len && memcmp(data + a->start, data + b->start, a->header_len) == 0;
}

/* Return the number of this token's header, a new one if it was not seen in this batch (or was, and not found). */
static uint32_t number_of_header(struct headers *headers, uint32_t *first, const struct fj_token *tokens,
                                 size_t index, const uint8_t *data) {
    const uint32_t hash = hash_of(data + tokens[index].start, tokens[index].header_len);
    size_t at = hash & headers->mask;
    for (int place = 0; place < PLACES; place++) {
        struct slot *const slot = &headers->slots[at];
        if (slot->number == 0) {
            slot->hash = hash;
            slot->number = headers->count + 1;
            break;
        }
        if (slot->hash == hash && same_header(&tokens[first[slot->number - 1]], &tokens[index], data)) {
            return slot->number - 1;
        }
        at = (at + 1) & headers->mask;
    }
    first[headers->count] = (uint32_t)index;
    return headers->count++;
}

/* --- The batch ------------------------------------------------------------------------------------------------------- */

/* The length of the token at `text`: what was said, or what stands before the next line end.  The last token has none
 * behind it.  SIZE_MAX if it has one, or if another one has none: then some token holds a line end. */
static size_t token_len(const uint8_t *text, size_t left, const uint64_t *lengths, size_t i, size_t count) {
    if (lengths != NULL) {
        return (size_t)lengths[i];
    }
    const uint8_t *const end = memchr(text, '\n', left);
    if ((end == NULL) != (i + 1 == count)) {
        return SIZE_MAX;
    }
    return end != NULL ? (size_t)(end - text) : left;
}

long fj_jws_split(uint8_t *status, struct fj_token *tokens, uint64_t *payload_start, uint64_t *payload_end,
                  uint8_t *names, uint32_t *first, uint8_t *decoded, const uint8_t *data, size_t data_len,
                  const uint64_t *lengths, size_t count, const struct fj_limits *limits) {
    struct headers headers = {NULL, 1, 0};
    struct slot alone[2] = {{0, 0}, {0, 0}}; /* spares one token the allocation */
    if (count > 1) {
        while (headers.mask < 2 * count) {
            headers.mask = headers.mask * 2 + 1;
        }
        headers.slots = calloc(headers.mask + 1, sizeof *headers.slots);
        if (headers.slots == NULL) {
            return -1;
        }
    } else {
        headers.slots = alone;
    }
    int complete = 1;
    size_t start = 0;
    size_t previous = count; /* the last good token: most batches carry one header throughout */
    for (size_t i = 0; i < count; i++) {
        const size_t len = token_len(data + start, data_len - start, lengths, i, count);
        size_t payload_len = 0;
        if (len == SIZE_MAX) {
            complete = 0;
            break;
        }
        tokens[i] = (struct fj_token){.start = start};
        /* Octets are fewer than characters, so the token's own offset in the text bounds its share of `decoded`. */
        status[i] = (uint8_t)split_token(&tokens[i], &payload_len, decoded, start, data + start, len, limits);
        payload_start[i] = start;
        payload_end[i] = start + payload_len;
        names[i] = fj_json_names(decoded + start, payload_len);
        if (status[i] == FJ_PENDING) {
            if (previous != count && same_header(&tokens[previous], &tokens[i], data)) {
                tokens[i].header = tokens[previous].header;
            } else {
                tokens[i].header = number_of_header(&headers, first, tokens, i, data);
            }
            previous = i;
        }
        start += len + (lengths == NULL && i + 1 < count ? 1 : 0);
    }
    if (headers.slots != alone) {
        free(headers.slots);
    }
    return complete ? (long)headers.count : -2;
}

size_t fj_jws_gather(uint8_t *out, uint8_t *gathered_names, uint8_t *shown, size_t *gathered,
                     const uint8_t *status, const uint64_t *payload_start, const uint64_t *payload_end,
                     const uint8_t *names, const uint8_t *decoded, size_t count,
                     const struct fj_expected *expected, size_t expected_count, int64_t least, int64_t most) {
    uint8_t *at = out;
    size_t taken = 0;
    *at++ = '[';
    for (size_t i = 0; i < count; i++) {
        if (status[i] != FJ_OK || names[i] == 0) {
            continue;
        }
        const uint8_t *const payload = decoded + payload_start[i];
        const size_t len = (size_t)(payload_end[i] - payload_start[i]);
        memcpy(at, payload, len);
        at += len;
        *at++ = ',';
        gathered_names[taken] = names[i];
        shown[taken] = (uint8_t)fj_json_shows(payload, len, expected, expected_count, least, most);
        taken++;
    }
    at -= taken > 0; /* the last comma */
    *at++ = ']';
    *gathered = taken;
    return (size_t)(at - out);
}
