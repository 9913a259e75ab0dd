#include "members.h"

#include <string.h>

enum {
    MOST_DIGITS = 18, /* so many never leave int64_t */
    MOST_EXPECTED = 32
};

/* The number that ends with the text's next comma or brace, in *number.  Returns 0 where there is none of at most
 * MOST_DIGITS digits: a sign, fraction, exponent or white space is not looked at. */
static int integer(int64_t *number, const uint8_t *text, const uint8_t *end) {
    const uint8_t *at = text;
    int64_t value = 0;
    while (at < end && (uint8_t)(*at - '0') < 10 && at - text < MOST_DIGITS) {
        value = value * 10 + (*at - '0');
        at++;
    }
    *number = value;
    return at > text && at < end && (*at == ',' || *at == '}');
}

/* Whether a string stands at `text`, and is one of the values, if there are any. */
static int string_among(const uint8_t *text, const uint8_t *end, const struct fj_octets *values,
                        size_t value_count) {
    if (text >= end || *text != '"') {
        return 0;
    }
    const size_t left = (size_t)(end - text) - 1;
    for (size_t i = 0; i < value_count; i++) {
        if (values[i].len < left && text[1 + values[i].len] == '"' &&
            memcmp(text + 1, values[i].data, values[i].len) == 0) {
            return 1;
        }
    }
    return value_count == 0;
}

static int is_as_expected(const struct fj_expected *expected, const uint8_t *value, const uint8_t *end,
                          int64_t least, int64_t most) {
    int64_t number = 0;
    switch (expected->shape) {
        case FJ_INTEGER_FROM:
            return integer(&number, value, end) && number >= least;
        case FJ_INTEGER_UNTIL:
            return integer(&number, value, end) && number <= most;
        case FJ_STRING:
            return string_among(value, end, expected->values, expected->value_count);
        default: /* FJ_NOTHING: the member must not be there */
            return 0;
    }
}

/* Whether the name that ends before `quote`, its closing one, is this. */
static int is_named(const uint8_t *text, const uint8_t *quote, const struct fj_octets *name) {
    const size_t before = (size_t)(quote - text);
    if (before <= name->len) {
        return 0;
    }
    const uint8_t *const first = quote - name->len;
    return first[-1] == '"' && memcmp(first, name->data, name->len) == 0;
}

int fj_json_shows(const uint8_t *text, size_t len, const struct fj_expected *expected, size_t expected_count,
                  int64_t least, int64_t most) {
    const uint8_t *const end = text + len;
    uint32_t seen = 0;
    if (expected_count > MOST_EXPECTED || memchr(text, '\\', len) != NULL) {
        return 0;
    }
    const uint8_t *at = text + 1;
    for (const uint8_t *colon; (colon = memchr(at, ':', (size_t)(end - at))) != NULL; at = colon + 1) {
        if (colon[-1] != '"') {
            continue;
        }
        const uint8_t *const value = colon + 1 + (colon[1] == ' '); /* the text ends with a brace, not here */
        for (size_t i = 0; i < expected_count; i++) {
            if (is_named(text, colon - 1, &expected[i].name)) {
                if (!is_as_expected(&expected[i], value, end, least, most)) {
                    return 0;
                }
                seen |= (uint32_t)1 << i;
                break;
            }
        }
    }
    for (size_t i = 0; i < expected_count; i++) {
        if (expected[i].needed && !(seen >> i & 1)) {
            return 0;
        }
    }
    return 1;
}
