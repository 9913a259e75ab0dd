"""Each routine of the 8-lane kernel, over AVX-512 and over plain C, gives what Python integers give.

The numbers are the ones that carries and quotients stumble over; every lane holds another one, and each batch is tried
in every lane.  `FASTJWT_TEST_SCALE=100` adds random ones.
"""

from __future__ import annotations

import ctypes
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from kernel import (
    HAS_IFMA,
    LANES,
    LIMB,
    LIMB_BITS,
    WORD,
    column_sum,
    empty,
    limbs_of,
    packed,
    routines,
    unpacked,
    value_of,
)
from scale import scaled

SIZES = (20, 30, 40, 60, 80)
MODULI = (40, 60, 80)
PRIMES = (20, 30, 40)
RANDOM_BATCHES = scaled(4, 2000)


@pytest.fixture(
    params=[
        pytest.param(
            "avx512", marks=pytest.mark.skipif(not HAS_IFMA, reason="this CPU offers no AVX-512 IFMA")
        ),
        "portable",
    ]
)
def library(request: pytest.FixtureRequest) -> ctypes.CDLL:
    """Return the routines over each kind of lanes."""
    return routines(request.param)


def call(library: ctypes.CDLL, name: str, limbs: int, *arguments: Any) -> Any:
    return getattr(library, f"{name}_of_{limbs}")(*arguments)


# --- Numbers ---------------------------------------------------------------------------------------------------------


def moduli(limbs: int) -> list[int]:
    """Return odd numbers of the size that the kernel's bounds allow, R > 16 N, and of a shape that is rare."""
    bits = {20: 1024, 30: 1536, 40: 2048, 60: 3072, 80: 4096}[limbs]
    rng = random.Random(limbs)
    top = 1 << (bits - 1)
    return [
        top | 1,  # all limbs zero but the first and the last
        (1 << bits) - 1,  # all ones
        top | rng.getrandbits(bits) >> LIMB_BITS << LIMB_BITS | 1,  # -1/N = -1: each quotient is the column
        top | rng.getrandbits(bits) | LIMB,  # -1/N = 1
        top | rng.getrandbits(bits) >> 5 * LIMB_BITS << 5 * LIMB_BITS | 1,  # zero limbs at the lower end
        top | rng.getrandbits(bits - 5 * LIMB_BITS) | 1,  # zero limbs at the upper end
        top | sum(LIMB << 2 * i * LIMB_BITS for i in range(bits // 104)),  # every other limb zero
        top | 3 << (bits - 2) | rng.getrandbits(bits) | 1,
    ]


def operands(limbs: int, n: int) -> list[int]:
    """Return numbers below R that carries and quotients stumble over."""
    r = 1 << LIMB_BITS * limbs
    edges = [0, 1, 2, n - 1, n, n + 1, 2 * n - 1, 2 * n, 3 * n, 4 * n - 1, r - 1, r - n, r % n, r // 2, LIMB]
    edges += [1 << bit for bit in (51, 52, 53, 519, 520, 521, LIMB_BITS * (limbs - 1), LIMB_BITS * limbs - 1)]
    edges += [r - (1 << LIMB_BITS), r - (1 << LIMB_BITS * (limbs // 2)), (1 << LIMB_BITS * (limbs // 2)) - 1]
    edges += [LIMB << LIMB_BITS * i for i in (9, 10, 11, limbs - 1)]
    edges += [sum(LIMB << LIMB_BITS * i for i in range(start, limbs, 2)) for start in (0, 1)]
    return [value for value in edges if 0 <= value < r]


def random_operand(rng: random.Random, limbs: int) -> int:
    """Return a number whose limbs are often zero or all ones."""
    return sum(
        rng.choice([0, LIMB, rng.getrandbits(LIMB_BITS), 1 << rng.randrange(LIMB_BITS)]) << LIMB_BITS * i
        for i in range(limbs)
    )


def batches(limbs: int, arity: int, *, paired: bool = False) -> Iterator[tuple[list[list[int]], list[int]]]:
    """Yield operands for eight lanes (a list of eight for each operand) and eight moduli; two of them if paired.

    Each special operand meets others in all positions, and comes to every lane as the batches go on.
    """
    rng = random.Random(f"{limbs} {arity}")
    of_size = moduli(limbs)
    edges = operands(limbs, of_size[7])
    for turn in range(len(edges)):
        ns = [of_size[(turn + (lane % 2 if paired else lane)) % len(of_size)] for lane in range(LANES)]
        special = [operands(limbs, n) for n in ns]
        yield (
            [
                [
                    special[lane][(turn * (7 * way + 1) + lane * (way + 3)) % len(edges)]
                    for lane in range(LANES)
                ]
                for way in range(arity)
            ],
            ns,
        )
    for _ in range(RANDOM_BATCHES):
        ns = [(random_operand(rng, limbs) >> rng.choice([4, 16])) | 1 for _ in range(LANES)]
        if paired:
            ns = ns[:2] * (LANES // 2)
        yield [[random_operand(rng, limbs) for _ in range(LANES)] for _ in range(arity)], ns


def rubbish(rng: random.Random, limbs: Sequence[int]) -> list[int]:
    """Return limbs with random bits from bit 52 up, which a multiplication must not see."""
    return [limb | rng.getrandbits(12) << LIMB_BITS for limb in limbs]


def k0_of(n: int) -> int:
    return -pow(n, -1, 1 << LIMB_BITS) % (1 << LIMB_BITS)


def lay(values: Sequence[int], limbs: int) -> Any:
    return packed([limbs_of(value, limbs) for value in values])


def reduced(value: int, n: int, limbs: int) -> int:
    """Return (value + Q n) / 2^(52 limbs) with the one Q below 2^(52 limbs) that makes it an integer."""
    r = 1 << LIMB_BITS * limbs
    q = -value * pow(n, -1, r) % r
    total = value + q * n
    assert total % r == 0
    return total // r


# --- Products --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limbs", SIZES)
def test_columns_of_a_product_add_up_to_it(library: ctypes.CDLL, limbs: int) -> None:
    """Each of the 2 LIMBS columns is written, none exceeds its bound, and together they are a b."""
    rng = random.Random(limbs)
    for (a, b), _ in batches(limbs, 2):
        columns = empty(2 * limbs)
        call(
            library,
            "product",
            limbs,
            columns,
            packed([rubbish(rng, limbs_of(x, limbs)) for x in a]),
            packed([rubbish(rng, limbs_of(x, limbs)) for x in b]),
        )
        for lane, made in enumerate(unpacked(columns)):
            assert column_sum(made) == a[lane] * b[lane]
            assert max(made) <= 2 * limbs * LIMB


@pytest.mark.parametrize("limbs", SIZES)
def test_columns_of_a_square_add_up_to_it(library: ctypes.CDLL, limbs: int) -> None:
    """The square, which takes cross products once, is the product of a number with itself, column by column."""
    rng = random.Random(limbs)
    for (a,), _ in batches(limbs, 1):
        x = packed([rubbish(rng, limbs_of(value, limbs)) for value in a])
        columns, product = empty(2 * limbs), empty(2 * limbs)
        call(library, "square", limbs, columns, x)
        call(library, "product", limbs, product, x, x)
        assert columns[:] == product[:]
        assert [column_sum(made) for made in unpacked(columns)] == [value**2 for value in a]


# --- Reduction -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("paired", [False, True], ids=["each lane its modulus", "two moduli"])
@pytest.mark.parametrize("limbs", SIZES)
def test_montgomery_products_are_exact(library: ctypes.CDLL, limbs: int, paired: bool) -> None:
    """The result is (a b + Q n) / R for the only Q below R: that very number, not one congruent to it.

    Holds for all a, b < R and odd n < R, whatever stands above bit 52 of a limb, and also where r lies over a or b.
    """
    rng = random.Random(limbs)
    for turn, ((a, b), ns) in enumerate(batches(limbs, 2, paired=paired)):
        r = empty(limbs)
        call(
            library,
            "multiply",
            limbs,
            r,
            packed([rubbish(rng, limbs_of(x, limbs)) for x in a]),
            packed([rubbish(rng, limbs_of(x, limbs)) for x in b]),
            lay(ns, limbs),
            packed([[k0_of(n)] for n in ns]),
            turn % 3,
            paired,
        )
        for lane, made in enumerate(unpacked(r)):
            value = value_of(made)
            assert value == reduced(a[lane] * b[lane], ns[lane], limbs)
            if max(a[lane], b[lane]) < 4 * ns[lane] and 16 * ns[lane] < 1 << LIMB_BITS * limbs:
                assert value < 2 * ns[lane]
                assert made[-1] <= LIMB


@pytest.mark.parametrize("limbs", MODULI)
def test_products_along_the_vectors_are_exact_and_carried(library: ctypes.CDLL, limbs: int) -> None:
    """Likewise for one number at a time, also where r lies over a or b; its limbs come out canonical."""
    room = (limbs + 7) // 8 * 8
    for turn, ((a, b), ns) in enumerate(batches(limbs, 2)):
        for lane, n in enumerate(ns):
            if max(a[lane], b[lane]) >= 4 * n:
                continue  # the result might need another limb, which verifying never does
            r = (ctypes.c_uint64 * room)()
            numbers = [(ctypes.c_uint64 * room)(*limbs_of(x, limbs)) for x in (a[lane], b[lane], n)]
            call(library, "multiply_one", limbs, r, *numbers, ctypes.c_uint64(k0_of(n)), turn % 3)
            assert all(limb <= LIMB for limb in r)
            assert value_of(list(r)) == reduced(a[lane] * b[lane], n, limbs)


@pytest.mark.parametrize("paired", [False, True], ids=["each lane its modulus", "two moduli"])
@pytest.mark.parametrize("limbs", SIZES)
def test_montgomery_squares_are_exact(library: ctypes.CDLL, limbs: int, paired: bool) -> None:
    """Likewise r = (a^2 + Q n) / R, and where r lies over a."""
    rng = random.Random(limbs)
    for turn, ((a,), ns) in enumerate(batches(limbs, 1, paired=paired)):
        r = empty(limbs)
        call(
            library,
            "montgomery_square",
            limbs,
            r,
            packed([rubbish(rng, limbs_of(x, limbs)) for x in a]),
            lay(ns, limbs),
            packed([[k0_of(n)] for n in ns]),
            turn % 2,
            paired,
        )
        for lane, made in enumerate(unpacked(r)):
            assert value_of(made) == reduced(a[lane] ** 2, ns[lane], limbs)


def column_patterns(limbs: int) -> Iterator[list[int]]:
    """Yield columns as products leave them, uncarried, with those that make the exact carry matter."""
    most = 2 * limbs * LIMB
    full = 1 << LIMB_BITS
    yield [0] * (2 * limbs)
    yield [most] * (2 * limbs)  # with n all ones, the largest sums there can be
    yield [full] * (2 * limbs)  # 0 mod 2^52: every quotient sees a carry and nothing else
    yield [full * (2 * limbs - 1)] * (2 * limbs)
    yield [LIMB] * (2 * limbs)
    yield [1] + [0] * (2 * limbs - 1)
    yield [0] * (limbs - 1) + [1] + [0] * limbs
    yield [LIMB] + [0] * (2 * limbs - 1)
    rng = random.Random(limbs)
    for _ in range(40 + RANDOM_BATCHES):
        yield [
            rng.choice([0, full, most, LIMB, rng.randrange(2 * limbs) << LIMB_BITS, rng.randrange(most + 1)])
            for _ in range(2 * limbs)
        ]


@pytest.mark.parametrize("limbs", SIZES)
def test_reduction_carries_exactly(library: ctypes.CDLL, limbs: int) -> None:
    """The low half of q n[0] is never computed: its carry is right for columns of all forms, 0 mod 2^52 among them.

    With the largest columns and a modulus of all ones the sums come closest to 64 bits.
    """
    patterns = list(column_patterns(limbs))
    of_size = [*moduli(limbs)[:7], (1 << LIMB_BITS * limbs) - 1]
    for turn in range(len(patterns)):
        lanes = [patterns[(turn + lane) % len(patterns)] for lane in range(LANES)]
        ns = [of_size[(turn + 3 * lane) % len(of_size)] for lane in range(LANES)]
        r = empty(limbs)
        call(library, "reduce", limbs, r, packed(lanes), lay(ns, limbs), packed([[k0_of(n)] for n in ns]))
        for lane, made in enumerate(unpacked(r)):
            assert value_of(made) == reduced(column_sum(lanes[lane]), ns[lane], limbs)


@pytest.mark.parametrize("limbs", SIZES)
def test_columns_stay_far_below_64_bits(limbs: int) -> None:
    """The sum of everything that can meet in one column, all of it at its largest, and the carry."""
    carry = 0
    for column in range(2 * limbs):
        pairs = min(column + 1, limbs, 2 * limbs - 1 - column)
        shifted = min(column, limbs, 2 * limbs - column)
        most = 2 * (max(pairs, 0) + max(shifted, 0)) * LIMB + carry
        assert most < (4 * limbs + 1) << LIMB_BITS < 1 << 61
        carry = (most >> LIMB_BITS) + 1


# --- What masks and compares -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("limbs", SIZES)
def test_canonical_carries_signed_limbs(library: ctypes.CDLL, limbs: int) -> None:
    """Limbs of either sign become limbs below 2^52 of the same number; carries run through all limbs."""
    rng = random.Random(limbs)
    r = 1 << LIMB_BITS * limbs
    shapes: list[list[int]] = [
        [LIMB + 1] + [LIMB] * (limbs - 2) + [0],  # a carry from end to end
        [-1] + [0] * (limbs - 2) + [1],  # a borrow from end to end
        [0] * limbs,
        [LIMB] * limbs,
        [-(1 << 52)] + [1 << 54] * (limbs - 1),
        [1 << 60] * (limbs - 2) + [0, 0],
    ]
    while len(shapes) < 40 + 8 * RANDOM_BATCHES:
        limbs_now = [rng.randrange(-(1 << 52), 1 << 54) for _ in range(limbs)]
        limbs_now[-1] = rng.randrange(8, 1 << 40)
        shapes.append(limbs_now)
    for at in range(0, len(shapes) - LANES, 3):
        lanes = shapes[at : at + LANES]
        a = packed(lanes)
        call(library, "canonical", limbs, a)
        for before, after in zip(lanes, unpacked(a), strict=True):
            assert after == limbs_of(column_sum(before) % r, limbs)


@pytest.mark.parametrize("limbs", SIZES)
def test_masking_keeps_52_bits_of_all_limbs_but_the_last(library: ctypes.CDLL, limbs: int) -> None:
    """The last limb is exact after a product: masking it would hide a bound that broke."""
    lanes = [[WORD - lane] * limbs for lane in range(LANES)]
    a = packed(lanes)
    call(library, "masked", limbs, a)
    for before, after in zip(lanes, unpacked(a), strict=True):
        assert after == [limb & LIMB for limb in before[:-1]] + before[-1:]


@pytest.mark.parametrize("limbs", SIZES)
def test_less_and_subtraction_agree_with_integers(library: ctypes.CDLL, limbs: int) -> None:
    """Comparing and subtracting once are exact, also for equal numbers and neighbours, in every lane."""
    r = 1 << LIMB_BITS * limbs
    for (a, b), ns in batches(limbs, 2):
        pairs = list(zip(a, b, strict=True))
        pairs += (
            [(x, x) for x in a] + [(x, min(x + 1, r - 1)) for x in a] + [(min(x + 1, r - 1), x) for x in a]
        )
        pairs += [(x, x ^ 1 << LIMB_BITS * (lane * limbs // LANES)) for lane, x in enumerate(a)]
        for at in range(0, len(pairs), LANES):
            some = pairs[at : at + LANES]
            mask = call(
                library, "less", limbs, lay([x for x, _ in some], limbs), lay([y for _, y in some], limbs)
            )
            assert mask == sum((x < y) << lane for lane, (x, y) in enumerate(some))
        for values in (
            [x % (2 * n) for x, n in zip(a, ns, strict=True)],
            ns,
            [n - 1 for n in ns],
            [n + 1 for n in ns],
            [2 * n - 1 for n in ns],
        ):
            left = lay(values, limbs)
            call(library, "subtract_once", limbs, left, lay(ns, limbs))
            assert unpacked(left) == [
                limbs_of(x - n if x >= n else x, limbs) for x, n in zip(values, ns, strict=True)
            ]


# --- Verifying -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limbs", MODULI)
def test_hash_times_k_is_exact(library: ctypes.CDLL, limbs: int) -> None:
    """E = (H K2 + Q N) / 2^260 for the only Q below 2^260, and below 17/16 N where H is a hash and K2 < N."""
    rng = random.Random(limbs)
    of_size = moduli(limbs)
    hashes = [0, 1, 2**256 - 1, 2**255, 2**208, LIMB, 2**256 - 2**52] + [
        rng.getrandbits(256) for _ in range(9)
    ]
    for turn in range(16 + RANDOM_BATCHES):
        ns = [of_size[(turn + lane) % len(of_size)] for lane in range(LANES)]
        hash_of = [hashes[(3 * turn + lane) % len(hashes)] for lane in range(LANES)]
        factors = [
            rng.choice([0, 1, n - 1, n - 1, random_operand(rng, limbs) % n, rng.randrange(n)]) for n in ns
        ]
        e = empty(limbs)
        call(
            library,
            "hash_times_k",
            limbs,
            e,
            lay(hash_of, 5),
            lay(factors, limbs),
            lay(ns, limbs),
            packed([[k0_of(n)] for n in ns]),
        )
        for lane, made in enumerate(unpacked(e)):
            n = ns[lane]
            total = hash_of[lane] * factors[lane]
            q = -total * pow(n, -1, 1 << 260) % (1 << 260)
            assert value_of(made) == (total + q * n) >> 260
            assert 16 * value_of(made) < 17 * n


@pytest.mark.parametrize("limbs", MODULI)
def test_only_four_multiples_of_n_are_taken(library: ctypes.CDLL, limbs: int) -> None:
    """D = N, 2 N, 3 N and 4 N pass; 0, 5 N, their neighbours, and one flipped bit in any limb do not."""
    # Three times a limb of 5555... is all ones, and what comes up from three times the one below carries through it.
    carrying = value_of([LIMB, LIMB // 3] * (limbs // 2 - 1) + [LIMB, 1])
    for n in [*moduli(limbs), carrying]:
        good = [n, 2 * n, 3 * n, 4 * n]
        bad = [0, 5 * n] + [d + by for d in good for by in (-1, 1)]
        bad += [d ^ 1 << LIMB_BITS * (limbs - 1) for d in (0, 5 * n)]  # of the lowest limb of other multiples
        bad += [
            good[i % 4] ^ 1 << bit
            for i in range(limbs)
            for bit in (LIMB_BITS * i, LIMB_BITS * i + 51)
            if (good[i % 4] ^ 1 << bit) not in good
        ]
        values = [(d, d in good) for pair in zip(bad, good * len(bad), strict=False) for d in pair]
        assert {d for d, _ in values} == {*good, *bad}
        for at in range(0, len(values), 5):
            some = (values + values[:LANES])[at : at + LANES]
            mask = call(
                library,
                "is_multiple",
                limbs,
                lay([d for d, _ in some], limbs),
                lay([n] * LANES, limbs),
                packed([[k0_of(n)]] * LANES),
            )
            assert mask == sum(fits << lane for lane, (_, fits) in enumerate(some))


# --- Signing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limbs", PRIMES)
def test_pick_takes_each_entry_in_each_lane(library: ctypes.CDLL, limbs: int) -> None:
    """Every lane gets the entry of its own digit, whatever the others' digits are."""
    rng = random.Random(limbs)
    table = [[[rng.getrandbits(64) for _ in range(limbs)] for _ in range(LANES)] for _ in range(16)]
    flat = [limb for entry in table for limb in packed(entry)]
    c_table = (ctypes.c_uint64 * len(flat))(*flat)
    for turn in range(16):
        digits = [(turn + 3 * lane) % 16 for lane in range(LANES)]
        picked = empty(limbs)
        call(library, "pick", limbs, picked, c_table, packed([[digit] for digit in digits]))
        assert unpacked(picked) == [table[digit][lane] for lane, digit in enumerate(digits)]
