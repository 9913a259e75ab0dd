"""What became of one token, as a number: the codes of `Verifier.verify_signatures`.

The numbers are those of `enum fj_status` in csrc/fastjwt.cdef.h; loading the native engine compares the two.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["PENDING", "Status"]


class Status(IntEnum):
    """The first step of the verification that found fault, or OK.  The order is that of the steps."""

    OK = 0
    NOT_A_STRING = 1
    TOO_LONG = 2
    BAD_SEGMENTS = 3
    HEADER_TOO_LONG = 4
    BAD_ALPHABET = 5
    BAD_LENGTH = 6
    BAD_BITS = 7
    BAD_HEADER = 8
    BAD_ALGORITHM = 9
    KEY_NOT_FOUND = 10
    BAD_SIGNATURE = 11


# Codes that never leave an engine: they say nothing of a token.
PENDING = 253
NO_MEMORY = 254
INTERNAL = 255
