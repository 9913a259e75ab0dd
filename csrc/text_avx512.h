/* The AVX-512 forms of base64url and names, for CPUs with FJ_CPU_VBMI: 64 characters a step. */
#ifndef FASTJWT_TEXT_AVX512_H
#define FASTJWT_TEXT_AVX512_H

#include "fastjwt.h"

#if defined(__x86_64__)
#define FJ_HAS_TEXT_AVX512 1

/* Decode the characters of whole groups of four.  Returns 0 if one of them is foreign, else 1.  text_len % 4 == 0. */
int fj_base64url_decode_avx512(uint8_t *out, const uint8_t *text, size_t text_len);

/* As fj_base64url_encode, for whole groups of three octets.  octets_len % 3 == 0. */
void fj_base64url_encode_avx512(uint8_t *out, const uint8_t *octets, size_t octets_len);

/* As fj_json_names; or UINT32_MAX where long runs of digits want a closer look. */
uint32_t fj_json_names_avx512(const uint8_t *text, size_t len);

#endif
#endif
