/* The kernel over plain C, by the names of rsa52_ifma.c and in its place: what sanitizers and valgrind can run. */
#include "lanes_portable.h"
#include "rsa52_all.inc.h"
