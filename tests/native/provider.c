/* Verify signatures where RSA is done by the provider that the argument names: `default` or `other`.
 *
 * `other` stands for a validated module.  It hands all on to a default provider in a library context of its own, and counts
 * the RSA signatures that it is asked to verify.  A private key comes on standard input.  Prints the verdicts on a good
 * signature and on a spoiled one, and how many of the two the other provider saw. */
#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>

#include "given.h"

/* --- The other provider ---------------------------------------------------------------------------------------------- */

enum { MOST = 256 };

static OSSL_PROVIDER *behind;
static OSSL_FUNC_signature_verify_fn *verify_behind;
static unsigned seen;

static int verify(void *ctx, const unsigned char *signature, size_t signature_len,
                  const unsigned char *digest, size_t digest_len) {
    seen++;
    return verify_behind(ctx, signature, signature_len, digest, digest_len);
}

/* The functions for RSA signatures, with `verify` in its place. */
static const OSSL_DISPATCH *counting(const OSSL_DISPATCH *functions) {
    static OSSL_DISPATCH mine[MOST];
    for (size_t i = 0; functions[i].function_id != 0; i++) {
        if (i + 1 == MOST) {
            fail("the default provider has more functions than expected");
        }
        mine[i] = functions[i];
        if (mine[i].function_id == OSSL_FUNC_SIGNATURE_VERIFY) {
            verify_behind = OSSL_FUNC_signature_verify(&functions[i]);
            mine[i].function = (void (*)(void))verify;
        }
    }
    return mine;
}

static const OSSL_ALGORITHM *query(void *ctx, int operation, int *no_cache) {
    static OSSL_ALGORITHM mine[MOST];
    const OSSL_ALGORITHM *const all = OSSL_PROVIDER_query_operation(behind, operation, no_cache);
    (void)ctx;
    if (operation != OSSL_OP_SIGNATURE || all == NULL) {
        return all;
    }
    for (size_t i = 0; all[i].algorithm_names != NULL; i++) {
        if (i + 1 == MOST) {
            fail("the default provider has more algorithms than expected");
        }
        mine[i] = all[i];
        if (strncmp(mine[i].algorithm_names, "RSA:", 4) == 0) {
            mine[i].implementation = counting(mine[i].implementation);
        }
    }
    return mine;
}

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core, const OSSL_DISPATCH **functions,
                void **ctx) {
    static const OSSL_DISPATCH mine[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
        {0, NULL},
    };
    (void)handle;
    (void)core;
    *ctx = OSSL_PROVIDER_get0_provider_ctx(behind);
    *functions = mine;
    return 1;
}

/* --- The program ----------------------------------------------------------------------------------------------------- */

int main(int count, char **arguments) {
    static struct given_key given;
    static const uint8_t message[] = "a message";
    uint8_t signature[FJ_RSA52_MAX_BYTES];
    int status = FJ_OK;
    if (count != 2) {
        fail("one argument: a provider's name");
    }
    behind = OSSL_PROVIDER_load(OSSL_LIB_CTX_new(), "default");
    /* Once a provider was loaded by name, libcrypto loads no default one by itself. */
    if (behind == NULL || OSSL_PROVIDER_add_builtin(NULL, "other", init) != 1 ||
        OSSL_PROVIDER_load(NULL, arguments[1]) == NULL || fj_init() != FJ_OK) {
        fail("libcrypto does not take this provider");
    }
    given_key(&given);
    const size_t len = given.parts[FJ_PART_N].len;
    fj_key *const signing = fj_key_private(&status, given.parts, FJ_ENGINE_OPENSSL);
    fj_key *const verifying =
        fj_key_public(&status, given.parts[FJ_PART_N], given.parts[FJ_PART_E], FJ_ENGINE_OPENSSL);
    if (signing == NULL || verifying == NULL ||
        fj_sign_message(signing, signature, len, message, sizeof message) != FJ_OK) {
        fail("the key does not sign");
    }
    seen = 0;
    const int good = fj_verify_message(verifying, signature, len, message, sizeof message);
    signature[len / 2] ^= 1;
    const int spoiled = fj_verify_message(verifying, signature, len, message, sizeof message);
    printf("good=%d spoiled=%d seen=%u\n", good, spoiled, seen);
    fj_key_release(signing);
    fj_key_release(verifying);
    fj_shutdown();
    return 0;
}
