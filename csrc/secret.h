/* Memory for secrets, and forgetting them. */
#ifndef FASTJWT_SECRET_H
#define FASTJWT_SECRET_H

#include "fastjwt.h"

/* Return len zeroed bytes on pages of their own, kept out of core dumps and, where the limits of the process allow it,
 * out of swap; or NULL.  len > 0. */
uint8_t *fj_secret_new(size_t len);

/* Wipe and return what fj_secret_new gave.  NULL is fine. */
void fj_secret_free(uint8_t *secret, size_t len);

#endif
