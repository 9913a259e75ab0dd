#include "openssl.h"

#include <openssl/err.h>
#include <openssl/proverr.h>
#include <openssl/rsaerr.h>
#include <pthread.h>

#include "fork.h"

static struct fj_openssl fetched;
static enum fj_status fetch_status = FJ_INTERNAL;
static pthread_mutex_t fetch_lock = PTHREAD_MUTEX_INITIALIZER;

enum fj_status fj_openssl_init(void) {
    fj_fork_hold_off(); /* for libcrypto's locks, and for the one here */
    pthread_mutex_lock(&fetch_lock);
    if (fetched.sha256 == NULL) {
        fetched.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    }
    if (fetched.hmac == NULL) {
        fetched.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    }
    const int complete = fetched.sha256 != NULL && fetched.hmac != NULL;
    fetch_status = complete ? FJ_OK : fj_openssl_failed(FJ_INTERNAL);
    const enum fj_status status = fetch_status;
    pthread_mutex_unlock(&fetch_lock);
    fj_fork_let();
    return status;
}

const struct fj_openssl *fj_openssl(void) {
    return &fetched;
}

enum fj_status fj_openssl_failed(enum fj_status otherwise) {
    unsigned long error = ERR_get_error();
    enum fj_status status = error != 0 ? otherwise : FJ_NO_MEMORY;
    for (; error != 0; error = ERR_get_error()) {
        if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE) {
            status = FJ_NO_MEMORY;
        }
    }
    return status;
}

static int names_size_or_exponent(unsigned long error) {
    const int reason = ERR_GET_REASON(error);
    switch (ERR_GET_LIB(error)) {
        case ERR_LIB_RSA:
            return reason == RSA_R_KEY_SIZE_TOO_SMALL || reason == RSA_R_MODULUS_TOO_LARGE ||
                   reason == RSA_R_INVALID_KEY_LENGTH || reason == RSA_R_INVALID_STRENGTH ||
                   reason == RSA_R_BAD_E_VALUE || reason == RSA_R_PUB_EXPONENT_OUT_OF_RANGE;
        case ERR_LIB_PROV:
            return reason == PROV_R_INVALID_KEY_LENGTH || reason == PROV_R_KEY_SIZE_TOO_SMALL ||
                   reason == PROV_R_UNSUPPORTED_KEY_SIZE;
        default:
            return 0;
    }
}

enum fj_status fj_openssl_refused(void) {
    enum fj_status status = FJ_NO_MEMORY;
    for (unsigned long error = ERR_get_error(); error != 0; error = ERR_get_error()) {
        if (names_size_or_exponent(error)) {
            status = FJ_INTERNAL;
        }
    }
    return status;
}
