/* Keys: immutable numbers, and the contexts that threads borrow to work with them. */
#ifndef FASTJWT_KEY_H
#define FASTJWT_KEY_H

#include <openssl/evp.h>

#include "fastjwt.h"
#include "rsa52.h"

enum fj_key_kind { FJ_KEY_PUBLIC, FJ_KEY_PRIVATE, FJ_KEY_SECRET };

enum fj_key_kind fj_key_kind(const fj_key *key);

/* libcrypto's names of the parts of an RSA key. */
enum { FJ_KEY_RSA_PARTS = FJ_PART_QI + 1 };
extern const char *const fj_key_parameters[FJ_KEY_RSA_PARTS];

/* As fj_key_private, without the signature at its end. */
fj_key *fj_key_untried_private(int *status, const struct fj_octets *parts, int engine);

/* Count one more holder of the key; fj_key_release drops it. */
fj_key *fj_key_retain(fj_key *key);

/* What one thread needs to work with one key, parsed by libcrypto and used by no other thread meanwhile.
 *
 * Each context has an EVP_PKEY of its own, made from the key's numbers: libcrypto keeps the blinding of a private key in
 * the EVP_PKEY under a lock, and a lock that a worker held when the process forked is held in the child for ever. */
struct fj_context {
    unsigned generation; /* of the process that made it: blinding must not be used on both sides of a fork */
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *sign;   /* private keys */
    EVP_PKEY_CTX *verify; /* private and public keys */
    struct fj_f4 *f4;     /* verifies instead where it can, else NULL */
    EVP_MAC_CTX *mac;     /* secrets */
    EVP_MD_CTX *digest;
    struct fj_blinding52
        *blinding; /* of the kernel, in secret memory with its workspace; NULL unless it signs */
    void *workspace;
    unsigned blinding_uses; /* left */
    int broken; /* libcrypto failed in it, and may have left anything half done: see fj_context_failed */
};

/* The kernel's constants, or NULL where libcrypto does all the work with this key. */
const struct fj_public52 *fj_key_public52(const fj_key *key);
const struct fj_private52 *fj_key_private52(const fj_key *key);

/* Choose new blinding factors for a context of a key with fj_key_private52.  FJ_OK or FJ_NO_MEMORY. */
enum fj_status fj_key_blind(const fj_key *key, struct fj_context *context);

/* Borrow an idle context, or make one.  Returns NULL with *status set. */
struct fj_context *fj_key_borrow(fj_key *key, enum fj_status *status);

/* Give a context back. */
void fj_key_return(fj_key *key, struct fj_context *context);

/* Empty the error queue after libcrypto failed in this context; returns what fj_openssl_failed says.  Unless that is a
 * verdict on a signature, the context is not used again: a step that ran out of memory between the two halves of the
 * blinding (BN_BLINDING_update) makes each later signature wrong, and libcrypto does not notice. */
enum fj_status fj_context_failed(struct fj_context *context, enum fj_status otherwise);

#endif
