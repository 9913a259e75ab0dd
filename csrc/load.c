/* Private keys come in here: loaded or new, each is tried before anybody gets it. */
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "fork.h"
#include "key.h"
#include "openssl.h"
#include "rsa.h"
#include "secret.h"

/* Sign a digest twice, so that the kernel does it where it can, and let libcrypto verify what came out. */
static enum fj_status try_once(fj_key *key) {
    static const uint8_t digests[FJ_LANES][FJ_SHA256_LEN] = {"fastjwt", "fastjwt"};
    enum fj_status status[FJ_LANES] = {FJ_NO_MEMORY, FJ_NO_MEMORY};
    const size_t len = fj_key_signature_len(key);
    uint8_t *const memory = malloc(2 * len);
    struct fj_context *const context = memory == NULL ? NULL : fj_key_borrow(key, &status[0]);
    if (context != NULL) {
        uint8_t *const signatures[FJ_LANES] = {memory, memory + len};
        fj_rsa_sign_many(status, context, key, signatures, digests, 2);
        for (int i = 0; i < 2 && status[0] == FJ_OK; i++) {
            status[0] =
                status[i] == FJ_OK ? fj_openssl_verify(context, signatures[i], len, digests[i]) : status[i];
        }
        if (status[0] == FJ_INTERNAL) {
            status[0] = FJ_NO_MEMORY; /* a wrong key makes a wrong signature, but it makes one */
        }
        fj_key_return(key, context);
    }
    if (memory != NULL) {
        OPENSSL_cleanse(memory, 2 * len); /* a signature that is wrong by a fault gives away a factor of n */
    }
    free(memory);
    if (status[0] != FJ_OK) {
        fj_secret_forget_stack();
    }
    return status[0];
}

fj_key *fj_key_private(int *status, const struct fj_octets *parts, int engine) {
    fj_key *const key = fj_key_untried_private(status, parts, engine);
    if (key == NULL) {
        return NULL;
    }
    *status = (int)try_once(key);
    if (*status != FJ_OK) {
        fj_key_release(key);
        return NULL;
    }
    return key;
}

/* libcrypto calls this between two steps of its search for primes: it holds no lock then, and the whole search, which
 * can take 20 s, would be too long for a fork to wait. */
static int between_steps(EVP_PKEY_CTX *ctx) {
    (void)ctx;
    fj_fork_pass();
    return 1;
}

static EVP_PKEY *pkey_generate(unsigned bits) {
    EVP_PKEY *pkey = NULL;
    fj_fork_hold_off();
    EVP_PKEY_CTX *const ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
        EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) == 1) {
        EVP_PKEY_CTX_set_cb(ctx, between_steps);
        if (EVP_PKEY_generate(ctx, &pkey) != 1) {
            pkey = NULL;
        }
    }
    EVP_PKEY_CTX_free(ctx);
    fj_fork_let();
    return pkey;
}

fj_key *fj_key_generate(int *status, unsigned bits) {
    fj_key *key = NULL;
    uint8_t *memory = NULL;
    const size_t part_room = bits / 8 + 1;
    const size_t memory_len = part_room * FJ_KEY_RSA_PARTS;
    EVP_PKEY *const pkey = pkey_generate(bits);
    *status = FJ_NO_MEMORY;
    if (pkey == NULL) {
        *status = (int)fj_openssl_refused();
        return NULL;
    }
    memory = fj_secret_new(memory_len);
    if (memory != NULL) {
        struct fj_octets parts[FJ_KEY_RSA_PARTS];
        int complete = 1;
        for (int i = 0; complete && i < FJ_KEY_RSA_PARTS; i++) {
            BIGNUM *number = NULL;
            uint8_t *const at = memory + part_room * (size_t)i;
            complete = EVP_PKEY_get_bn_param(pkey, fj_key_parameters[i], &number) == 1 &&
                       (size_t)BN_num_bytes(number) <= part_room;
            parts[i] = (struct fj_octets){at, complete ? (size_t)BN_bn2bin(number, at) : 0};
            BN_clear_free(number);
        }
        if (complete) {
            key = fj_key_private(status, parts, FJ_ENGINE_OPENSSL);
        } else {
            *status = (int)fj_openssl_refused();
        }
    }
    fj_secret_free(memory, memory_len);
    fj_fork_hold_off();
    EVP_PKEY_free(pkey);
    fj_fork_let();
    return key;
}
