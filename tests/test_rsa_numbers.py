"""Every row about RSA numbers in the table of hostile input, by the number that is wrong."""

from __future__ import annotations

import math
import time

import pytest
from rsa_material import SMALL_PRIMES_PRODUCT, key, next_prime, numbers, prime, private_numbers

from fastjwt import engines
from fastjwt.errors import InvalidKeyError
from fastjwt.rsa_numbers import (
    Limits,
    PrivateNumbers,
    PublicNumbers,
    check_private,
    check_public,
    complete_private,
    private_from_exponent,
)

DEFAULTS = Limits()
WIDE = Limits.checked(1024, 16384, allow_roca=False)

GOOD = numbers(key())


def refuse_public(n: int, e: int, complaint: str, limits: Limits = DEFAULTS) -> None:
    with pytest.raises(InvalidKeyError, match=complaint):
        check_public(PublicNumbers(n, e), limits, engines.current())


def refuse_private(its: PrivateNumbers, complaint: str, limits: Limits = DEFAULTS) -> None:
    with pytest.raises(InvalidKeyError, match=complaint):
        check_private(its, limits, engines.current())


# --- Limits


def test_limits_default_to_2048_and_8192_bits() -> None:
    assert Limits() == (2048, 8192, False)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ((1023, 8192, False), ValueError),
        ((0, 8192, False), ValueError),
        ((-1, 8192, False), ValueError),
        ((2048, 16385, False), ValueError),
        ((4096, 3072, False), ValueError),
        ((2048.0, 8192, False), TypeError),
        ((True, 8192, False), TypeError),
        ((2048, None, False), TypeError),
        ((2048, 8192, 1), TypeError),
        ((2048, 8192, "no"), TypeError),
    ],
)
def test_limits_out_of_their_range_are_wrong_use(
    options: tuple[int, int, bool], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        Limits.checked(*options)


# --- Public keys


def test_ordinary_public_keys_pass(engine: str) -> None:
    for bits, e in ((2048, 65537), (3072, 65537), (2048, 3)):
        check_public(numbers(key(0, bits, e)).public, DEFAULTS, engines.current())


@pytest.mark.parametrize("bits", [1024, 2047])
def test_keys_below_2048_bits_are_refused_unless_min_bits_says_otherwise(engine: str, bits: int) -> None:
    n = prime(bits - bits // 2, 1) * prime(bits // 2, 2)
    n = n if n.bit_length() == bits else private_numbers(prime(1024, 1), (1 << 1022) + 1).n
    assert n.bit_length() == bits
    refuse_public(n, 65537, f"{bits} bits, at least 2048")
    if bits == 1024:
        check_public(PublicNumbers(n, 65537), Limits.checked(bits, 8192, False), engines.current())


def test_keys_of_exactly_the_allowed_sizes_are_accepted(engine: str) -> None:
    for bits in (2048, 8192):
        n = (3 << (bits - 2)) + 1
        while math.gcd(n, SMALL_PRIMES_PRODUCT) != 1:
            n += 2
        check_public(PublicNumbers(n, 65537), DEFAULTS, engines.current())


def test_keys_above_8192_bits_are_refused_before_any_arithmetic(engine: str) -> None:
    started = time.perf_counter()
    for bits in (8193, 500_000):
        refuse_public((1 << bits) - 1, 65537, f"{bits} bits, at most 8192")
    assert time.perf_counter() - started < 0.1


@pytest.mark.parametrize(
    "e",
    [-1, 0, 1, 2, 4, 65536, (1 << 33), (1 << 33) + 1, GOOD.n, GOOD.n + 2, -65537],
    ids=lambda e: hex(e)[:14],
)
def test_bad_exponents_are_refused(engine: str, e: int) -> None:
    refuse_public(GOOD.n, e, "exponent")


@pytest.mark.parametrize("e", [3, 5, 17, 65537, (1 << 32) + 1, (1 << 33) - 1])
def test_odd_exponents_from_3_to_below_2_to_the_33_are_accepted(engine: str, e: int) -> None:
    check_public(PublicNumbers(GOOD.n, e), DEFAULTS, engines.current())


@pytest.mark.parametrize("n", [0, 1, -1, -GOOD.n], ids=["0", "1", "-1", "-n"])
def test_moduli_that_are_no_large_positive_number_are_refused(engine: str, n: int) -> None:
    refuse_public(n, 65537, "negative" if n < 0 else "bits")


def test_even_moduli_are_refused(engine: str) -> None:
    refuse_public(GOOD.n + 1, 65537, "even")


@pytest.mark.parametrize("factor", [3, 5, 7, 11, 601, 743, 751])
def test_moduli_with_a_factor_below_752_are_refused(engine: str, factor: int) -> None:
    refuse_public(
        factor * (prime(1024, 1) * prime(1024, 2) >> (factor.bit_length() - 1) | 1), 65537, "factor below 752"
    )


def test_a_factor_of_757_is_not_looked_for(engine: str) -> None:
    """752 is where NIST SP 800-89 stops, and where OpenSSL stops."""
    check_public(PublicNumbers(757 * prime(1019, 1) * prime(1020, 2), 65537), DEFAULTS, engines.current())


def test_prime_moduli_are_refused(engine: str) -> None:
    refuse_public(prime(2048, 1), 65537, "prime")


def test_square_moduli_are_refused(engine: str) -> None:
    refuse_public(prime(1024, 1) ** 2, 65537, "square")


def roca_modulus(bits: int) -> int:
    """Return a product of two primes of the form k M + (65537^a mod M), M being the product of the first primes."""
    product = math.prod(p for p in range(2, 168) if all(p % q for q in range(2, p)))
    first, second = (
        next_prime((k << bits // 2) // product // 4 * product + pow(65537, a, product), product)
        for k, a in ((3, 1234567), (3, 7654321))
    )
    return first * second


def test_the_roca_fingerprint_is_refused_unless_allowed(engine: str) -> None:
    n = roca_modulus(2048)
    refuse_public(n, 65537, "ROCA")
    check_public(PublicNumbers(n, 65537), Limits.checked(2048, 8192, True), engines.current())


# --- Private keys


def test_ordinary_private_keys_pass(engine: str) -> None:
    for bits, e in ((2048, 65537), (3072, 65537), (2048, 3)):
        check_private(numbers(key(0, bits, e)), DEFAULTS, engines.current())


def test_a_private_exponent_above_lambda_passes_up_to_n(engine: str) -> None:
    order = math.lcm(GOOD.p - 1, GOOD.q - 1)
    d = pow(GOOD.e, -1, order)
    while d + order < GOOD.n:
        check_private(GOOD._replace(d=d), DEFAULTS, engines.current())
        d += order
    refuse_private(GOOD._replace(d=d + order), "outside its range")


def test_the_smaller_prime_may_come_first(engine: str) -> None:
    small, large = sorted((GOOD.p, GOOD.q))
    check_private(private_numbers(small, large), DEFAULTS, engines.current())
    check_private(private_numbers(large, small), DEFAULTS, engines.current())


def test_primes_may_be_of_unequal_length(engine: str) -> None:
    check_private(private_numbers(prime(1248, 1), prime(800, 1)), DEFAULTS, engines.current())
    check_private(private_numbers(prime(800, 1), prime(1249, 1)), DEFAULTS, engines.current())


@pytest.mark.parametrize("name", PrivateNumbers._fields)
@pytest.mark.parametrize("change", ["plus two", "minus two", "zero", "one", "negative", "huge", "bit"])
def test_one_wrong_number_is_enough(engine: str, name: str, change: str) -> None:
    value = getattr(GOOD, name)
    changed = {
        "plus two": value + 2,
        "minus two": value - 2,
        "zero": 0,
        "one": 1,
        "negative": -value,
        "huge": value + (1 << 100_000),
        "bit": value ^ 1 << 100,
    }[change]
    if name == "e" and change in ("plus two", "minus two"):
        refuse_private(GOOD._replace(e=changed), "d does not undo e")
    else:
        with pytest.raises(InvalidKeyError):
            check_private(GOOD._replace(**{name: changed}), DEFAULTS, engines.current())


def test_the_modulus_is_the_product_of_the_primes(engine: str) -> None:
    refuse_private(GOOD._replace(n=numbers(key(1)).n), "p times q is not n")


def test_composite_factors_are_refused_though_all_equations_hold(engine: str) -> None:
    """There p = r s with d e = 1 modulo p - 1 and q - 1: only a test of primality tells."""
    seed = 0
    while True:
        p = prime(512, seed) * prime(512, seed + 1)
        if p.bit_length() == 1024 and math.gcd(p - 1, 65537) == 1:
            break
        seed += 2
    its = private_numbers(p, prime(1024, 77))
    refuse_private(its, "not a prime")
    refuse_private(private_numbers(its.q, its.p), "not a prime")


def test_equal_primes_are_refused(engine: str) -> None:
    p = prime(1024, 1)
    its = GOOD._replace(n=p * p, p=p, q=p)
    with pytest.raises(InvalidKeyError):
        check_private(its, DEFAULTS, engines.current())


def test_primes_closer_than_the_limit_are_refused(engine: str) -> None:
    """FIPS 186-4 wants |p - q| above 2^(bits/2 - 100)."""
    p = prime(1024, 5)
    refuse_private(private_numbers(p, next_prime(p + 2)), "too close")
    refuse_private(private_numbers(p, next_prime(p + (1 << 924) - (1 << 20), -2)), "too close")
    check_private(private_numbers(p, next_prime(p - (1 << 924) - 2, -2)), DEFAULTS, engines.current())


def test_an_unreduced_coefficient_is_refused(engine: str) -> None:
    refuse_private(GOOD._replace(qi=GOOD.qi + GOOD.p), "outside its range")
    refuse_private(GOOD._replace(dp=GOOD.dp + GOOD.p - 1), "outside its range|not d reduced")


# --- n, e and d alone


@pytest.mark.parametrize(("bits", "e"), [(2048, 65537), (2048, 3), (3072, 65537)])
def test_primes_are_found_by_the_exponents(engine: str, bits: int, e: int) -> None:
    its = numbers(key(1, bits, e))
    order = math.lcm(its.p - 1, its.q - 1)
    for d in (its.d, its.d % order, its.d % order + order):
        if d < its.n:
            found = private_from_exponent(its.n, e, d, DEFAULTS)
            assert {found.p, found.q} == {its.p, its.q}
            check_private(found, DEFAULTS, engines.current())


@pytest.mark.parametrize("bits", [1024, 600, 64])
def test_primes_of_any_lengths_are_found(bits: int) -> None:
    exponents = (3, 17, 65537, (1 << 33) - 1)
    fitting_all = math.prod(exponents)
    p, q = prime(2048 - bits, 1, fitting_all), prime(bits, 2, fitting_all)
    for e in exponents:
        its = private_numbers(p, q, e)
        found = private_from_exponent(its.n, e, its.d, DEFAULTS)
        assert {found.p, found.q} == {p, q}


def test_primes_that_share_most_of_their_bits_less_one_are_found() -> None:
    """With a large gcd(p - 1, q - 1), d may lie far above lambda(n)."""
    common = prime(900, 1)
    its = private_numbers(*(next_prime(factor * common + 1, 2 * common) for factor in (1 << 123, 3 << 122)))
    order = math.lcm(its.p - 1, its.q - 1)
    largest = its.d + (its.n // order - 1) * order
    assert {its.p, its.q} == set(private_from_exponent(its.n, its.e, largest, WIDE)[3:5])


@pytest.mark.parametrize("change", [2, -2, 1, 1 << 1000])
def test_a_wrong_exponent_finds_nothing(change: int) -> None:
    with pytest.raises(InvalidKeyError, match="do not belong together"):
        private_from_exponent(GOOD.n, GOOD.e, GOOD.d + change, DEFAULTS)


@pytest.mark.parametrize(
    "d", [0, 1, -1, GOOD.n, GOOD.n + 1, 1 << 100_000], ids=["0", "1", "-1", "n", "n+1", "huge"]
)
def test_an_exponent_out_of_range_is_refused(d: int) -> None:
    with pytest.raises(InvalidKeyError, match="outside its range"):
        private_from_exponent(GOOD.n, GOOD.e, d, DEFAULTS)


def test_moduli_that_are_no_product_of_two_primes_have_no_factors_to_find(engine: str) -> None:
    p, r = prime(2048, 1), prime(683, 1)

    def load(n: int, order: int) -> None:
        found = private_from_exponent(n, 65537, pow(65537, -1, order), DEFAULTS)
        check_private(found, DEFAULTS, engines.current())

    for n, order in ((p, p - 1), (r**3, (r - 1) * r * r)):
        with pytest.raises(InvalidKeyError):
            load(n, order)


def test_completing_wants_two_coprime_factors(engine: str) -> None:
    for p, q in (
        (GOOD.p, GOOD.p),
        (1, GOOD.q),
        (GOOD.p, 0),
        (-GOOD.p, GOOD.q),
        (GOOD.n, GOOD.q),
        (1 << 99_999, 3),
    ):
        with pytest.raises(InvalidKeyError):
            complete_private(GOOD.n, GOOD.e, GOOD.d, p, q, DEFAULTS)
    completed = complete_private(GOOD.n, GOOD.e, GOOD.d, GOOD.p, GOOD.q, DEFAULTS)
    assert completed == GOOD


def test_private_numbers_do_not_print_themselves() -> None:
    assert repr(GOOD) == str(GOOD) == "<PrivateNumbers of 2048 bits>"
    assert str(GOOD.p)[:20] not in f"{[GOOD]}"


def test_a_private_key_is_checked_within_five_milliseconds() -> None:
    """On a native engine; the pure one computes in Python and takes about six times as long.

    Counted is the thread's own time, and the best of many: what else the machine does is no fault of ours.
    """
    native = [name for name in engines.available() if name != "pure"]
    if not native:
        pytest.skip("no native engine can run here")
    for name in native:
        with engines.use(name) as backend:
            best = 1.0
            give_up = time.perf_counter() + 10
            while best >= 0.005 and time.perf_counter() < give_up:
                started = time.thread_time()
                check_private(GOOD, DEFAULTS, backend)
                backend.load_private(GOOD)
                best = min(best, time.thread_time() - started)
        assert best < 0.005, name
