/* Whether a plain JSON object shows its members as somebody expects them: bytes are compared, no JSON is read.
 *
 * A yes is meant for a text of which more is known: it is plain (names.h), it is JSON, and `":` stands in it as often as
 * there are names in it.  Then each `":` ends a member's name: a string cannot hold a quote, since none is escaped, and
 * one that begins with a colon would make one `":` too many.  So what stands before it, back to the quote, is the name,
 * and what stands behind it is the value, of a member that is there once.  A backslash anywhere is a no: a name or string
 * could be spelled in other ways then.
 *
 * A no says nothing but: look closer. */
#ifndef FASTJWT_MEMBERS_H
#define FASTJWT_MEMBERS_H

#include "fastjwt.h"

/* Returns 1 if the plain text, which so ends with a brace, shows all of what is expected, else 0. */
int fj_json_shows(const uint8_t *text, size_t len, const struct fj_expected *expected, size_t expected_count,
                  int64_t least, int64_t most);

#endif
