/* From a key's numbers to the kernel's constants. */
#ifndef FASTJWT_KEY52_H
#define FASTJWT_KEY52_H

#include "fastjwt.h"
#include "rsa52.h"

/* 1 if the kernel takes a public key of these numbers: 2048, 3072 or 4096 bits exactly and e = 65537. */
int fj_key52_takes_public(struct fj_octets n, struct fj_octets e);

/* 1 if it takes the private half too: both primes of exactly half the bits. */
int fj_key52_takes_private(struct fj_octets n, struct fj_octets p, struct fj_octets q);

/* Compute the constants of a key that the kernel takes.  FJ_OK or FJ_NO_MEMORY. */
enum fj_status fj_key52_public(struct fj_public52 *out, struct fj_octets n);

/* Likewise of a private key; `parts` in the order of enum fj_key_part.  `out` is secret memory. */
enum fj_status fj_key52_private(struct fj_private52 *out, const struct fj_octets *parts);

/* Choose new blinding factors, one for each lane.  `workspace` as for fj_ifma_sign. */
enum fj_status fj_key52_blind(struct fj_blinding52 *out, const struct fj_public52 *key, struct fj_octets n,
                              void *workspace);

#endif
