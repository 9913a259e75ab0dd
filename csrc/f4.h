/* s^65537 mod n by libcrypto's Montgomery multiplications: 65537 is F4, the fourth Fermat number, and nearly every key's e.
 *
 * BN_mod_exp_mont, under EVP_PKEY_verify, multiplies once more and by another number than itself each time, where a square
 * is a quarter cheaper; and a provider's layers lie around it.  Measured on Granite Rapids with OpenSSL 3.0, us: 15.5 for
 * EVP_PKEY_verify with 2048 bits, 14.8 for BN_mod_exp_mont, 12.8 here. */
#ifndef FASTJWT_F4_H
#define FASTJWT_F4_H

#include "fastjwt.h"

/* What one thread needs for one modulus.  All of it is public. */
struct fj_f4;

/* For an odd modulus without leading zeros.  NULL: libcrypto failed, most likely for want of memory. */
struct fj_f4 *fj_f4_new(struct fj_octets n);
void fj_f4_free(struct fj_f4 *f4);

size_t fj_f4_len(const struct fj_f4 *f4); /* of the modulus, in bytes */

/* Whether s^65537 mod n is `expected`; both have the modulus's length.  Returns 1, or 0 where it is not or s is not below n
 * (RFC 8017, section 5.2.2), or -1 where libcrypto failed, with a reason in its error queue. */
int fj_f4_gives(struct fj_f4 *f4, const uint8_t *s, const uint8_t *expected);

/* Wipe what is left of the last s: of a signature that failed the check on its way out, say. */
void fj_f4_forget(struct fj_f4 *f4);

#endif
