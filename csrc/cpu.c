#include "cpu.h"

#include <stdatomic.h>

#if defined(__x86_64__)

#include <cpuid.h>

/* Whether the operating system saves and restores mask registers and all halves of zmm0 to zmm31 (Intel SDM volume 1,
 * section 15.2): OSXSAVE, and XCR0 bits 1 SSE, 2 AVX, 5 opmask, 6 ZMM_Hi256, 7 Hi16_ZMM. */
static int system_keeps_zmm(void) {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_OSXSAVE) == 0) {
        return 0;
    }
    unsigned low = 0;
    unsigned high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 0xe6u) == 0xe6u;
}

static unsigned detect(void) {
    unsigned found = 0;
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    __builtin_cpu_init();
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0 &&
        __builtin_cpu_supports("sse4.1")) {
        found |= FJ_CPU_SHA;
    }
    if (system_keeps_zmm() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        found |= FJ_CPU_AVX512;
        found |= __builtin_cpu_supports("avx512vbmi") ? FJ_CPU_VBMI : 0;
        found |= __builtin_cpu_supports("avx512ifma") ? FJ_CPU_IFMA : 0;
    }
    return found;
}

#else

static unsigned detect(void) {
    return 0;
}

#endif

unsigned fj_cpu(void) {
    enum { KNOWN = 1 << 30 };
    static atomic_uint cached;
    unsigned seen = atomic_load_explicit(&cached, memory_order_relaxed);
    if (seen == 0) {
        seen = detect() | KNOWN; /* two threads may both look, and see the same */
        atomic_store_explicit(&cached, seen, memory_order_relaxed);
    }
    return seen & ~(unsigned)KNOWN;
}
