#include "openssl.h"

#include <openssl/err.h>
#include <pthread.h>

static struct fj_openssl fetched;
static enum fj_status fetch_status = FJ_INTERNAL;
static pthread_mutex_t fetch_lock = PTHREAD_MUTEX_INITIALIZER;

enum fj_status fj_openssl_init(void) {
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
    return status;
}

const struct fj_openssl *fj_openssl(void) {
    return &fetched;
}

enum fj_status fj_openssl_failed(enum fj_status otherwise) {
    enum fj_status status = otherwise;
    for (unsigned long error = ERR_get_error(); error != 0; error = ERR_get_error()) {
        if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE) {
            status = FJ_NO_MEMORY;
        }
    }
    return status;
}
