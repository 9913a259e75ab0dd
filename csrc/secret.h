/* Memory for secrets, and forgetting them. */
#ifndef FASTJWT_SECRET_H
#define FASTJWT_SECRET_H

#include "fastjwt.h"

/* Return len zeroed bytes on pages of their own, kept out of core dumps and, where the limits of the process allow it,
 * out of swap; or NULL.  len > 0. */
uint8_t *fj_secret_new(size_t len);

/* Wipe and return what fj_secret_new gave, and forget what registers hold of it.  NULL is fine. */
void fj_secret_free(uint8_t *secret, size_t len);

/* Zero the vector registers, which hold pieces of what was copied or computed last.  The next function that the dynamic
 * linker binds, or a signal, would have them all stored on the stack, where they stay. */
void fj_secret_forget_registers(void);

/* Wipe the stack below the caller, as deep as the functions go which work on signatures.  For what is only secret because
 * it failed: in time they overwrite each other's. */
void fj_secret_forget_stack(void);

#endif
