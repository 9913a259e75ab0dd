"""Primality: what is known to deceive one test or the other, on every engine; and when public moduli are tested."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from rsa_material import key, next_prime, numbers, prime, private_numbers

from fastjwt import RSAPrivateKey, RSAPublicKey, engines, primes, rsa_numbers
from fastjwt.errors import InvalidKeyError
from fastjwt.rsa_numbers import Limits, PrivateNumbers, PublicNumbers, check_private, check_public

TRIES = 40  # 40 rounds to a random base, each passed by 3/16 of the bases and more, are passed at least once

# OEIS A217719: all extra strong Lucas pseudoprimes below 100,000.
EXTRA_STRONG_LUCAS_PSEUDOPRIMES = [
    989, 3239, 5777, 10877, 27971, 29681, 30739, 31631, 39059, 72389, 73919, 75077
]  # fmt: skip

# OEIS A014233, from the seventh on: the least numbers that are strong pseudoprimes to all of the first primes.
STRONG_PSEUDOPRIMES = [341550071728321, 3825123056546413051, 318665857834031151167461]

# Of three primes each (J. Chernick, 1939): Fermat pseudoprimes to every base without a common factor.
CARMICHAEL_NUMBERS = [(6 * k + 1) * (12 * k + 1) * (18 * k + 1) for k in (380, 506, 510, 511)]


def is_prime_by_division(number: int) -> bool:
    return all(number % divisor for divisor in range(3, math.isqrt(number) + 1, 2))


def passes(number: int) -> set[bool]:
    """Return the engine's verdicts of many tries."""
    return {engines.current().is_prime(number) for _ in range(TRIES)}


def test_both_tests_agree_with_division(engine: str) -> None:
    backend = engines.current()
    start = (1 << 32) + 1
    found = [number for number in range(start, start + 2000, 2) if backend.is_prime(number)]
    assert found == [number for number in range(start, start + 2000, 2) if is_prime_by_division(number)]
    assert len(found) > 60
    assert all(backend.may_be_prime(number) for number in found)


@pytest.mark.parametrize("bits", [1024, 1000, 1536, 2048, 1023, 600, 64 * 9 + 1])
def test_a_prime_always_passes(engine: str, bits: int) -> None:
    backend = engines.current()
    for seed in range(3):
        candidate = prime(bits, seed)
        assert backend.is_prime(candidate)
        assert backend.may_be_prime(candidate)


@pytest.mark.parametrize("low_bits", [1, 3, 7, 0xFFFF, 0x10001, (1 << 64) - 1, (1 << 64) + 1, 1 << 200 | 1])
def test_a_prime_passes_whatever_its_lowest_bits_are(engine: str, low_bits: int) -> None:
    """They say how often n - 1 and n + 1 are divided by two, and with that which way each test takes."""
    width = max(low_bits.bit_length() + 1, 3)
    candidate = next_prime((1 << 640 | low_bits) + (5 << 300), 1 << width)
    assert candidate % (1 << width) == low_bits
    assert engines.current().is_prime(candidate)


def test_the_known_lucas_pseudoprimes_are_those_of_the_literature() -> None:
    composites = (n for n in range(1000, 80_000) if n % 2 and not is_prime_by_division(n))
    assert [n for n in composites if primes.passes_lucas(n)] == EXTRA_STRONG_LUCAS_PSEUDOPRIMES[1:]
    assert all(primes.passes_lucas(n) for n in range(601, 20_000, 2) if is_prime_by_division(n))


def test_each_half_of_the_test_finds_what_deceives_the_other() -> None:
    for number in EXTRA_STRONG_LUCAS_PSEUDOPRIMES:
        assert not primes.passes_strong(number, 2)
    for number in STRONG_PSEUDOPRIMES:
        assert all(primes.passes_strong(number, base) for base in (2, 3, 5, 7, 11, 13, 17))
        assert not primes.passes_lucas(number)


@pytest.mark.parametrize("number", [*STRONG_PSEUDOPRIMES, *CARMICHAEL_NUMBERS])
def test_numbers_known_to_deceive_deceive_nobody(engine: str, number: int) -> None:
    assert passes(number) == {False}


def test_squares_of_primes_are_no_primes(engine: str) -> None:
    for number in (1093**2, 3511**2, prime(600, 1) ** 2):
        assert passes(number) == {False}
        assert not primes.passes_lucas(number)
    assert primes.passes_strong(1093**2, 2)  # as is 3511^2, and no other that is known


# (2k+1)(4k+1), 1024 bits: a strong pseudoprime to base 2 and to 3/16 of all others.
LIARS_K = int(
    "433dd265e716756e1d3b2f85a56362e64c4f66f59283c887c331e8229cd6321a"
    "c3d152b8c9d936be9e8e6bd4c3ed544e3144f1c0b0f81f7d39f56d24927156a2",
    16,
)


def deceiving_numbers() -> PrivateNumbers:
    """Return a key whose p is such a product, and whose equations all hold; it signs, and verifies, like any other."""
    r, s = 2 * LIARS_K + 1, 4 * LIARS_K + 1
    p = r * s
    q = next(q for q in (prime(1024, seed) for seed in itertools.count(77)) if (p * q).bit_length() == 2048)
    d = pow(65537, -1, math.lcm(p - 1, q - 1, r - 1, s - 1))
    return PrivateNumbers(p * q, 65537, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))


def test_a_factor_made_to_deceive_random_bases_is_refused_each_time(engine: str) -> None:
    its = deceiving_numbers()
    assert primes.passes_strong(its.p, 2)
    backend = engines.current()
    backend.load_private(its)  # a signature made and verified tells nothing
    swapped = private_numbers(its.q, its.p)._replace(d=its.d, dp=its.dq, dq=its.dp)
    for number in range(TRIES):
        with pytest.raises(InvalidKeyError, match="not a prime"):
            check_private((its, swapped)[number % 2], Limits(), backend)


# --- Public moduli


@pytest.fixture
def tested(engine: str, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the list that each modulus is put into which the engine is asked about."""
    backend = engines.current()
    asked: list[int] = []
    ask = backend.may_be_prime

    def may_be_prime(candidate: int) -> bool:
        asked.append(candidate)
        return ask(candidate)

    monkeypatch.setattr(backend, "may_be_prime", may_be_prime)
    rsa_numbers._may_be_prime.cache_clear()
    return asked


def test_a_modulus_is_tested_once(tested: list[int]) -> None:
    public = numbers(key()).public
    first = RSAPublicKey.from_numbers(*public)
    assert tested == [public.n]
    assert RSAPublicKey.from_pem(first.to_pem()) == RSAPublicKey.from_jwk(first.to_jwk()) == first
    assert tested == [public.n]


def test_a_prime_modulus_is_refused_each_time(tested: list[int]) -> None:
    public = PublicNumbers(prime(2048, 1), 65537)
    for _ in range(3):
        with pytest.raises(InvalidKeyError, match="is a prime"):
            check_public(public, Limits(), engines.current())
    assert tested == [public.n]


def test_the_public_half_of_a_private_key_is_not_tested(tested: list[int]) -> None:
    private = RSAPrivateKey.from_der(RSAPrivateKey.generate().to_der())
    assert private.public_key().bits == 2048
    assert not tested


def test_not_more_moduli_are_remembered_than_the_largest_set_has(tested: list[int]) -> None:
    backend: Any = engines.current()

    def ask(number: int) -> None:
        rsa_numbers._may_be_prime((1 << 33) + 2 * number + 1, backend)

    for number in [*range(1025), 0, 1, 1024]:
        ask(number)
    assert len(tested) == 1025 + 2
