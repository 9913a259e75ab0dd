/* What this CPU can do and the operating system lets it do. */
#ifndef FASTJWT_CPU_H
#define FASTJWT_CPU_H

/* Capabilities, numbered by shift. */
enum fj_cpu {
    FJ_CPU_AVX512 = 1 << 0, /* F, BW, DQ, VL: 512-bit vectors and masks of 64 bytes */
    FJ_CPU_VBMI = 1 << 1,   /* byte permutations over whole vectors */
    FJ_CPU_IFMA = 1 << 2,   /* 52-bit multiply and add */
    FJ_CPU_SHA = 1 << 3     /* SHA-256 rounds */
};

/* The capabilities, or-ed.  FJ_CPU_VBMI and FJ_CPU_IFMA come with FJ_CPU_AVX512 only. */
unsigned fj_cpu(void);

#endif
