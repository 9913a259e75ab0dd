#include "secret.h"

#include <openssl/crypto.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t whole_pages(size_t len) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (len + page - 1) / page * page;
}

uint8_t *fj_secret_new(size_t len) {
    const size_t size = whole_pages(len);
    void *const pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        return NULL;
    }
    /* Both are best effort: RLIMIT_MEMLOCK may be 0 in a container, and a key that works beats none. */
    (void)madvise(pages, size, MADV_DONTDUMP);
    (void)mlock(pages, size);
    return pages;
}

void fj_secret_free(uint8_t *secret, size_t len) {
    if (secret == NULL) {
        return;
    }
    OPENSSL_cleanse(secret, len);
    (void)munmap(secret, whole_pages(len));
}
