/* How many member names a JSON text shows, so that Python can tell whether its reader lost one.
 *
 * This reads no JSON: it counts bytes.  orjson takes the last of two members of one name without a word, and makes a
 * float of an integer beyond 64 bits.  A text passes as plain if
 *   - `{` is its first byte and `}` its last, and neither stands anywhere else;
 *   - it has an even number of quotes, and no backslash before a quote or another backslash;
 *   - it has less than FJ_PLAIN_OPENERS of `[`, no white space before a colon, and no 19 digits in a row.
 *
 * In a plain text that is a JSON object each member shows as `":` at least once, so if `":` is as frequent as the names
 * that were read, no name was read twice.
 *
 * And plain texts may be read together, as the elements of one array: if `[a,b,c]` is JSON, so is each of them.  No
 * quote is escaped and their number is even, so a text ends outside of strings where it began outside.  Its last byte
 * closes an object then, and the only one that was opened in it is its own: what it opened, it has closed. */
#ifndef FASTJWT_NAMES_H
#define FASTJWT_NAMES_H

#include "fastjwt.h"

/* Return how often `":` stands in the text if it is plain and that is at most 255, else 0: look closer. */
uint8_t fj_json_names(const uint8_t *text, size_t len);

#endif
