/* What is fetched from libcrypto once per process, and how its errors become statuses.
 *
 * OpenSSL 3 looks an algorithm up at each EVP_sha256() in a Digest or Sign call, at each SHA256() and at each
 * EVP_PKEY_CTX_new: 0.3 to 4 us each, under locks that do not scale over threads. */
#ifndef FASTJWT_OPENSSL_H
#define FASTJWT_OPENSSL_H

#include <openssl/evp.h>

#include "fastjwt.h"

struct fj_openssl {
    EVP_MD *sha256;
    EVP_MAC *hmac;
};

/* Fetch, once.  Returns FJ_OK, FJ_NO_MEMORY, or FJ_INTERNAL where the site's policy offers no SHA-256. */
enum fj_status fj_openssl_init(void);

/* What was fetched; only after fj_openssl_init returned FJ_OK. */
const struct fj_openssl *fj_openssl(void);

/* Empty this thread's error queue.  Returns FJ_NO_MEMORY if it tells of a failed allocation or of nothing at all (an
 * entry needs memory, too), else `otherwise`. */
enum fj_status fj_openssl_failed(enum fj_status otherwise);

/* The same after libcrypto did not take a key whose numbers were checked before: FJ_INTERNAL if it names its size or its
 * exponent, as a site's policy may, else FJ_NO_MEMORY.  For want of memory OpenSSL 3.0 gives reasons of all kinds, such
 * as a digest that is not allowed because it could not be fetched. */
enum fj_status fj_openssl_refused(void);

#endif
