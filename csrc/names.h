/* How many member names a JSON text shows, so that Python can tell whether its reader lost one.
 *
 * This reads no JSON: it counts bytes.  orjson takes the last of two members of one name without a word, and makes a
 * float of an integer beyond 64 bits.  A text passes as plain if it has exactly one `{`, at most FJ_PLAIN_OPENERS of `{`
 * and `[`, no white space before a colon, and no 19 digits in a row.  In a plain text that is a JSON object each member
 * shows as `":` at least once, so if `":` is as frequent as the names that were read, no name was read twice. */
#ifndef FASTJWT_NAMES_H
#define FASTJWT_NAMES_H

#include "fastjwt.h"

/* Return how often `":` stands in the text if it is plain, else 0: look closer. */
uint32_t fj_json_names(const uint8_t *text, size_t len);

#endif
