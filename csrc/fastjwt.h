/* The one public header: fastjwt.cdef.h is the text, this adds what cffi's parser does not read. */
#ifndef FASTJWT_H
#define FASTJWT_H

#include <stddef.h>
#include <stdint.h>

#include "fastjwt.cdef.h"

#endif
