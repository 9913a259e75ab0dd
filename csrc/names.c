#include "names.h"

#include "cpu.h"
#include "text_avx512.h"

enum { LONG_NUMBER = 19 /* digits of 2^63, the least integer that orjson may read as a float */ };

/* Whether a number's digits may follow this character; in a string, as in Google's `sub`, a quote or letter stands there. */
static int may_begin_number(uint8_t before) {
    return before <= ' ' || before == ':' || before == ',' || before == '[' || before == '-';
}

static uint32_t names_portable(const uint8_t *text, size_t len) {
    uint32_t names = 0;
    uint32_t braces = 0; /* of either kind */
    uint32_t brackets = 0;
    uint32_t quotes = 0;
    uint32_t digits = 0; /* in the number that ends here */
    uint32_t odd = 0;    /* something that is not plain */
    uint8_t before = 0;
    for (size_t i = 0; i < len; i++) {
        const uint8_t c = text[i];
        if ((uint8_t)(c - '0') < 10) {
            digits += digits > 0 || may_begin_number(before);
        } else {
            digits = 0;
        }
        odd |= digits >= LONG_NUMBER;
        names += c == ':' && before == '"';
        odd |= c == ':' && before <= ' '; /* JSON's white space, and what is no JSON at all */
        odd |= before == '\\' && (c == '"' || c == '\\');
        braces += c == '{' || c == '}';
        brackets += c == '[';
        quotes += c == '"';
        before = c;
    }
    return odd || braces != 2 || quotes % 2 != 0 || brackets >= FJ_PLAIN_OPENERS ? 0 : names;
}

static uint32_t names_of(const uint8_t *text, size_t len) {
#ifdef FJ_HAS_TEXT_AVX512
    if (fj_cpu() & FJ_CPU_VBMI) {
        const uint32_t names = fj_json_names_avx512(text, len);
        if (names != UINT32_MAX) {
            return names;
        }
    }
#endif
    return names_portable(text, len);
}

uint8_t fj_json_names(const uint8_t *text, size_t len) {
    if (len < 2 || text[0] != '{' || text[len - 1] != '}') {
        return 0;
    }
    const uint32_t names = names_of(text, len);
    return (uint8_t)(names > UINT8_MAX ? 0 : names);
}
