"""Tests of primality in Python's own integers, for the engine that has no others; csrc/prime.c has the same ones.

Of a factor of a private key, which somebody may have chosen to deceive: Baillie-PSW (a strong test to base 2 and a
Lucas test; R. Baillie and S. S. Wagstaff, "Lucas pseudoprimes", Math. Comp. 35, 1980) and a strong test to a random
base.  Strong tests alone let (2k+1)(4k+1) pass for a quarter of all bases: certainty of 2^-64 would take 32 of them.

Of a public modulus, which could only be prime by mistake: Fermat's test to base 2.
"""

from __future__ import annotations

import secrets

__all__ = ["is_prime", "may_be_prime", "passes_lucas", "passes_strong"]

_LUCAS_P_END = 500  # a prime leaves none of them with a probability far below 2^-64, and a square always


def is_prime(candidate: int) -> bool:
    """Return whether nothing is found against `candidate`, an odd number above 2^32; a prime always passes."""
    return (
        passes_strong(candidate, 2)
        and passes_strong(candidate, 2 + secrets.randbelow(candidate - 3))
        and passes_lucas(candidate)
    )


def may_be_prime(candidate: int) -> bool:
    """Return False if one exponentiation proves `candidate` composite; a prime always passes."""
    return pow(2, candidate - 1, candidate) == 1


def passes_strong(candidate: int, base: int) -> bool:
    """Run one round of Miller-Rabin (FIPS 186-5, B.3.1)."""
    odd, twos = _without_twos(candidate - 1)
    x = pow(base, odd, candidate)
    if x in (1, candidate - 1):
        return True
    for _ in range(twos - 1):
        x = x * x % candidate
        if x == candidate - 1:
            return True
    return False


def passes_lucas(candidate: int) -> bool:
    """Run the "extra strong" Lucas test (J. Grantham, "Frobenius pseudoprimes", Math. Comp. 70, 2001, section 2).

    V[k] and U[k] are the Lucas sequences with Q = 1 and the first P from 3 on for which (P^2 - 4 / candidate) = -1.
    """
    p = _lucas_parameter(candidate)
    if p is None:
        return False
    odd, twos = _without_twos(candidate + 1)
    x, y = 2, p  # V[k], V[k+1] for the k of the bits seen
    for bit in f"{odd:b}":
        if bit == "1":
            x = (x * y - p) % candidate
            y = (y * y - 2) % candidate
        else:
            y = (x * y - p) % candidate
            x = (x * x - 2) % candidate
    # (P^2 - 4) U[k] = 2 V[k+1] - P V[k], so these are U[odd] = 0 with V[odd] = 2 or -2.
    if (x, y) in ((2, p), (candidate - 2, candidate - p)):
        return True
    for _ in range(twos - 1):
        if x == 0:
            return True
        x = (x * x - 2) % candidate
    return False


def _lucas_parameter(candidate: int) -> int | None:
    for p in range(3, _LUCAS_P_END):
        symbol = _jacobi(p * p - 4, candidate)
        if symbol == -1:
            return p
        if symbol == 0:
            return None  # a common factor
    return None


def _jacobi(a: int, n: int) -> int:
    """Return the Jacobi symbol (a / n) of a > 0 and an odd n > 0, by reciprocity."""
    symbol = 1
    while a:
        a, twos = _without_twos(a)
        if twos % 2 and n % 8 in (3, 5):
            symbol = -symbol
        if a % 4 == 3 and n % 4 == 3:
            symbol = -symbol
        a, n = n % a, a
    return symbol if n == 1 else 0


def _without_twos(even: int) -> tuple[int, int]:
    twos = (even & -even).bit_length() - 1
    return even >> twos, twos
