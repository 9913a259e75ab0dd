#include "secret.h"

#include <openssl/crypto.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpu.h"

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
    fj_secret_forget_registers();
}

__attribute__((noinline)) void fj_secret_forget_stack(void) {
    uint8_t left[48 * 1024]; /* fj_ifma_verify_var takes 36 KB at 4096 bits, by -fstack-usage */
    OPENSSL_cleanse(left, sizeof left);
}

#if defined(__x86_64__)

__attribute__((target("avx512f"))) static void zero_32_registers(void) {
    __asm__ volatile("vzeroall\n\t"
                     "vpxorq %%zmm16, %%zmm16, %%zmm16\n\tvpxorq %%zmm17, %%zmm17, %%zmm17\n\t"
                     "vpxorq %%zmm18, %%zmm18, %%zmm18\n\tvpxorq %%zmm19, %%zmm19, %%zmm19\n\t"
                     "vpxorq %%zmm20, %%zmm20, %%zmm20\n\tvpxorq %%zmm21, %%zmm21, %%zmm21\n\t"
                     "vpxorq %%zmm22, %%zmm22, %%zmm22\n\tvpxorq %%zmm23, %%zmm23, %%zmm23\n\t"
                     "vpxorq %%zmm24, %%zmm24, %%zmm24\n\tvpxorq %%zmm25, %%zmm25, %%zmm25\n\t"
                     "vpxorq %%zmm26, %%zmm26, %%zmm26\n\tvpxorq %%zmm27, %%zmm27, %%zmm27\n\t"
                     "vpxorq %%zmm28, %%zmm28, %%zmm28\n\tvpxorq %%zmm29, %%zmm29, %%zmm29\n\t"
                     "vpxorq %%zmm30, %%zmm30, %%zmm30\n\tvpxorq %%zmm31, %%zmm31, %%zmm31"
                     :
                     :
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                       "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18",
                       "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27",
                       "xmm28", "xmm29", "xmm30", "xmm31");
}

__attribute__((target("avx"))) static void zero_16_registers(void) {
    __asm__ volatile("vzeroall"
                     :
                     :
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                       "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

void fj_secret_forget_registers(void) {
    if (fj_cpu() & FJ_CPU_AVX512) {
        zero_32_registers();
    } else if (__builtin_cpu_supports("avx")) {
        zero_16_registers();
    }
}

#else

void fj_secret_forget_registers(void) {}

#endif
