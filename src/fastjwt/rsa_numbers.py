"""The integers of an RSA key: what they are, and every check that they must pass before an engine sees them.

The checks are ours and not the engine's, so that each engine refuses the same keys with the same words; an engine
only answers whether a number is a prime.  They come cheapest first, and nothing is computed with a number
whose size has not been bounded.

References: RFC 8017 sections 3.1 and 3.2 (RSA keys), NIST SP 800-89 section 5.3.3 (partial public key validation),
NIST SP 800-56B rev. 2 section 6.4.1 and appendix C (pair validation, factors from n, e, d), FIPS 186-4 section B.3.1
(distance of the primes), CVE-2017-15361 (ROCA).
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple, Protocol

from .errors import InvalidKeyError

__all__ = [
    "Limits",
    "PrimalityTester",
    "PrivateNumbers",
    "PublicNumbers",
    "check_private",
    "check_public",
    "complete_private",
    "private_from_exponent",
]


class PublicNumbers(NamedTuple):
    """An RSA public key: modulus and exponent."""

    n: int
    e: int


class PrivateNumbers(NamedTuple):
    """An RSA private key of two primes, named as in RFC 7518 section 6.3.2 (n = p q, qi = 1/q mod p)."""

    n: int
    e: int
    d: int
    p: int
    q: int
    dp: int
    dq: int
    qi: int

    @property
    def public(self) -> PublicNumbers:
        """The half that may be shown."""
        return PublicNumbers(self.n, self.e)

    def __repr__(self) -> str:
        # A NamedTuple would print every prime into the first traceback that shows its locals.
        return f"<PrivateNumbers of {self.n.bit_length()} bits>"


class PrimalityTester(Protocol):
    """The two questions that the checks ask an engine, of odd numbers above 2^32."""

    def is_prime(self, candidate: int) -> bool:
        """Return whether Baillie-PSW and Miller-Rabin with a random base find nothing against `candidate`.

        A prime always passes.  No composite is known that does, and somebody who finds one still has to meet the base.
        """

    def may_be_prime(self, candidate: int) -> bool:
        """Return whether `candidate` passes Fermat's test to base 2, as each prime and hardly any other number does."""


class Limits(NamedTuple):
    """Which keys the caller wants: sizes in bits of the modulus, and whether the ROCA fingerprint is tolerated."""

    min_bits: int = 2048
    max_bits: int = 8192
    allow_roca: bool = False

    @classmethod
    def checked(cls, min_bits: int, max_bits: int, allow_roca: bool) -> Limits:
        """Make limits from a caller's options.

        Raises ValueError if they leave the range from 1024 to 16384 bits, TypeError for a wrong type.
        """
        for name, value in (("min_bits", min_bits), ("max_bits", max_bits)):
            if type(value) is not int:
                raise TypeError(f"{name} must be an int, not {type(value).__name__}")
        if type(allow_roca) is not bool:
            raise TypeError(f"allow_roca must be a bool, not {type(allow_roca).__name__}")
        if min_bits < _LOWEST_MIN_BITS:
            raise ValueError(f"min_bits must be at least {_LOWEST_MIN_BITS}, not {min_bits}")
        if max_bits > _HIGHEST_MAX_BITS:
            raise ValueError(f"max_bits must be at most {_HIGHEST_MAX_BITS}, not {max_bits}")
        if min_bits > max_bits:
            raise ValueError(f"min_bits ({min_bits}) must not exceed max_bits ({max_bits})")
        return cls(min_bits, max_bits, allow_roca)


_LOWEST_MIN_BITS = 1024
_HIGHEST_MAX_BITS = 16384
# Exclusive.  Windows stops at 2^32 and `cryptography` at 2^33; no provider is known to use more than 65537.
_EXPONENT_END = 1 << 33


def _primes_up_to(limit: int) -> list[int]:
    sieve = bytearray([1]) * (limit + 1)
    for candidate in range(2, math.isqrt(limit) + 1):
        if sieve[candidate]:
            multiples = range(candidate * candidate, limit + 1, candidate)
            sieve[candidate * candidate :: candidate] = bytes(len(multiples))
    return [candidate for candidate in range(2, limit + 1) if sieve[candidate]]


# NIST SP 800-89 section 5.3.3 step (f): no factor below 752.  One gcd with the product finds any of them at once.
_SMALL_PRIMES_PRODUCT = math.prod(_primes_up_to(751))


def _powers_modulo(generator: int, prime: int) -> frozenset[int]:
    powers = set()
    power = 1
    while power not in powers:
        powers.add(power)
        power = power * generator % prime
    return frozenset(powers)


# The primes of the affected chips are k M + (65537^a mod M) with M a product of small primes, so n is a power of 65537
# modulo each prime of M (Nemec et al., "The Return of Coppersmith's Attack", 2017, section 3.1).  Only primes whose
# residues are not all powers of 65537 tell anything: up to 167, the largest of the paper, these are 17, the last 157.
_ROCA_RESIDUES = tuple(
    (prime, powers)
    for prime in _primes_up_to(167)[1:]
    if len(powers := _powers_modulo(65537, prime)) < prime - 1
)


def check_public(numbers: PublicNumbers, limits: Limits, tester: PrimalityTester) -> None:
    """Raise InvalidKeyError unless (n, e) can be the public key of two secret primes, within the limits."""
    _check_modulus_and_exponent(numbers, limits)
    # Last, since it costs a full exponentiation.  No prime gets past it; the products of two primes that are refused,
    # too, are too few to be met (C. Pomerance, "On the distribution of pseudoprimes", Math. Comp. 37, 1981).
    if _may_be_prime(numbers.n, tester):  # type: ignore[arg-type]  # mypy takes no protocol for Hashable
        raise InvalidKeyError("RSA modulus is a prime; it must be the product of two")


# That a modulus is composite stays true, so it is asked once: a key set that is fetched again, or a key that is parsed
# for each request, costs microseconds then.  As many as the largest set has by default: 0.7 MB, if of 4096 bits.
@functools.lru_cache(maxsize=1024)
def _may_be_prime(modulus: int, tester: PrimalityTester) -> bool:
    return tester.may_be_prime(modulus)


def _check_modulus_and_exponent(numbers: PublicNumbers, limits: Limits) -> None:
    n, e = numbers
    bits = n.bit_length()
    if n < 0:
        raise InvalidKeyError("RSA modulus is negative")
    if bits < limits.min_bits:
        raise InvalidKeyError(
            f"RSA key has {bits} bits, at least {limits.min_bits} are wanted (option min_bits)"
        )
    if bits > limits.max_bits:
        raise InvalidKeyError(
            f"RSA key has {bits} bits, at most {limits.max_bits} are taken (option max_bits)"
        )
    if not 3 <= e < _EXPONENT_END or e % 2 == 0:
        raise InvalidKeyError("RSA public exponent must be odd, at least 3 and below 2^33")
    if n % 2 == 0:
        raise InvalidKeyError("RSA modulus is even")
    if math.gcd(n, _SMALL_PRIMES_PRODUCT) != 1:
        raise InvalidKeyError("RSA modulus has a factor below 752")
    if math.isqrt(n) ** 2 == n:
        raise InvalidKeyError("RSA modulus is a square")
    if not limits.allow_roca and all(n % prime in residues for prime, residues in _ROCA_RESIDUES):
        raise InvalidKeyError(
            "RSA modulus has the ROCA fingerprint (CVE-2017-15361): its primes can be found; make a new key"
            " (option allow_roca)"
        )


def check_private(numbers: PrivateNumbers, limits: Limits, tester: PrimalityTester) -> None:
    """Raise InvalidKeyError unless all eight numbers belong together and p and q are primes, far enough apart.

    A private exponent above lambda(n) but below n, p < q and primes of unequal length are all legitimate.
    """
    n, e, d, p, q, dp, dq, qi = numbers
    _check_modulus_and_exponent(numbers.public, limits)
    if not (1 < d < n and 1 < p < n and 1 < q < n and 0 < dp < p and 0 < dq < q and 0 < qi < p):
        raise InvalidKeyError("RSA private key has a number outside its range")
    if p * q != n:
        raise InvalidKeyError("RSA private key is inconsistent: p times q is not n")
    # FIPS 186-4 section B.3.1, step A.2(d); closer primes are found by Fermat's method.  Equal ones fail here too.
    if abs(p - q) <= 1 << (n.bit_length() // 2 - 100):
        raise InvalidKeyError("RSA private key is weak: its primes are too close to each other")
    if d * e % (p - 1) != 1 or d * e % (q - 1) != 1:
        raise InvalidKeyError("RSA private key is inconsistent: d does not undo e")
    if dp != d % (p - 1) or dq != d % (q - 1):
        raise InvalidKeyError("RSA private key is inconsistent: dp or dq is not d reduced")
    if qi * q % p != 1:
        raise InvalidKeyError("RSA private key is inconsistent: qi is not the inverse of q")
    for prime in (p, q):
        # Trial division is done: a factor below 752 of either would have been one of n.
        if not tester.is_prime(prime):
            raise InvalidKeyError("RSA private key is inconsistent: p or q is not a prime")


def complete_private(n: int, e: int, d: int, p: int, q: int, limits: Limits) -> PrivateNumbers:
    """Add dp, dq and qi, for formats that leave them out; the result still has to pass `check_private`.

    Raises InvalidKeyError if the numbers are out of the limits, or p and q cannot be two primes.
    """
    _check_modulus_and_exponent(PublicNumbers(n, e), limits)
    if not (1 < d < n and 1 < p < n and 1 < q < n):
        raise InvalidKeyError("RSA private key has a number outside its range")
    try:
        qi = pow(q, -1, p)
    except ValueError:
        raise InvalidKeyError("RSA private key is inconsistent: p and q have a common factor") from None
    return PrivateNumbers(n, e, d, p, q, d % (p - 1), d % (q - 1), qi)


def private_from_exponent(n: int, e: int, d: int, limits: Limits) -> PrivateNumbers:
    """Find the primes of n by its exponents alone; the result still has to pass `check_private`.

    Raises InvalidKeyError if n or e is out of the limits or d does not belong to them.

    This is NIST SP 800-56B rev. 2 appendix C.2: d e - 1 times gcd(n - 1, d e - 1) is u phi(n), so its quotient and
    remainder by n give p + q = n + 1 - phi(n), as long as u (p + q) is below n.  It takes microseconds, where the
    better known search for a square root of 1 (appendix C.1) takes full exponentiations.  Left out are keys that nobody
    makes: one prime shorter than e, or p - 1 and q - 1 equal but for some bits.
    """
    _check_modulus_and_exponent(PublicNumbers(n, e), limits)
    if not 1 < d < n:
        raise InvalidKeyError("RSA private key has a number outside its range")
    multiple = d * e - 1
    quotient, remainder = divmod(multiple * math.gcd(n - 1, multiple), n)
    sum_of_primes = (n - remainder) // (quotient + 1) + 1
    discriminant = sum_of_primes**2 - 4 * n
    difference = math.isqrt(discriminant) if discriminant > 0 else 0
    p = (sum_of_primes + difference) // 2
    if not 1 < p < n or n % p:
        raise InvalidKeyError("RSA private key is inconsistent: n, e and d do not belong together")
    return complete_private(n, e, d, p, n // p, limits)
