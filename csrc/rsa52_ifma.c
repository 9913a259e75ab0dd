/* The kernel on AVX-512 IFMA. */
#if defined(__x86_64__)
#include "lanes_avx512.h"
#include "rsa52_all.inc.h"
#endif
