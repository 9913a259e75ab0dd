"""Whole signatures by the 8-lane kernel are those of OpenSSL, of the pure engine and of Python integers.

`FASTJWT_TEST_SCALE=2000` makes a million random ones on all engines, as a release wants it.
"""

from __future__ import annotations

import ctypes
import functools
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import kernel
import pytest
import rsa_material
from kernel import HAS_IFMA, LANES, blinding52, encoded, private52, public52, routines
from rsa_material import SMALL_PRIMES_PRODUCT, is_prime, private_numbers
from scale import SCALE, scaled
from tokens import b64u, unb64u

from fastjwt import Status, engines
from fastjwt.backends.base import Backend, Limits
from fastjwt.rsa_numbers import PrivateNumbers, PublicNumbers

needs_ifma = pytest.mark.skipif(
    "avx512ifma" not in engines.available(), reason="the kernel cannot run on this machine"
)
LIBRARIES = [
    pytest.param("avx512", marks=pytest.mark.skipif(not HAS_IFMA, reason="this CPU offers no AVX-512 IFMA")),
    "portable",
]

BITS = (2048, 3072, 4096)
SIZES = (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 63, 64, 65)
LEAST = {2048: 2, 3072: 1, 4096: 1}  # signatures at once that the kernel takes (rsa.c)


def engine(name: str) -> Backend:
    with engines.use(name) as backend:
        return backend


@functools.cache
def numbers(bits: int = 2048, number: int = 0, e: int = 65537) -> PrivateNumbers:
    return rsa_material.numbers(rsa_material.key(number, bits, e))


@functools.cache
def handle(name: str, of: PrivateNumbers) -> Any:
    return engine(name).load_private(of)


def signed(name: str, of: PrivateNumbers, payloads: Sequence[bytes], kid: str = "k") -> list[str]:
    """Return tokens whose header is this text."""
    signing = engine(name).sign(handle(name, of), b64u(kid.encode()).encode() + b".", payloads, 1)
    signing.wait()
    tokens: list[str] = signing.tokens()
    return tokens


def statuses(name: str, tokens: Sequence[str], keys: dict[str, PublicNumbers]) -> bytes:
    """Return an engine's verdicts; each token's header is the name of its key."""
    backend = engine(name)
    split = backend.split(tokens, Limits(), want_payloads=False)
    handles = [backend.load_public(keys[unb64u(header.decode()).decode()]) for header in split.headers]
    job = backend.verify(split, handles, bytes(len(handles)), 1)
    try:
        job.wait()
    finally:
        job.release()
    return split.statuses()


def counted(work: Callable[..., Any], *arguments: Any) -> tuple[Any, dict[str, int]]:
    """Return what the work returns, and by how much each counter went up, but for those that did not."""
    before = engines.counters()
    result = work(*arguments)
    after = engines.counters()
    return result, {name: after[name] - before[name] for name in after if after[name] != before[name]}


def public_of(of: PrivateNumbers) -> PublicNumbers:
    return PublicNumbers(of.n, of.e)


# --- Batches, by the engines -----------------------------------------------------------------------------------------


@needs_ifma
@pytest.mark.parametrize("bits", BITS)
def test_batches_of_all_sizes_are_signed_alike_by_all_engines(bits: int) -> None:
    """The kernel's tokens are the others', in order; the counters say which of them it made itself."""
    key = numbers(bits)
    payloads = [b"%d" % number for number in range(max(SIZES))]
    expected = signed("openssl", key, payloads)
    assert signed("pure", key, payloads[:9]) == expected[:9]
    handle("avx512ifma", key)
    for size in SIZES:
        made, counts = counted(signed, "avx512ifma", key, payloads[:size])
        assert made == expected[:size]
        rest = size % LANES if size % LANES < LEAST[bits] else 0
        want = {"avx512ifma.sign": size - rest, "openssl.sign": rest}
        assert counts == {name: count for name, count in want.items() if count}


@needs_ifma
@pytest.mark.parametrize("bits", BITS)
def test_a_bad_signature_is_found_in_every_place(bits: int) -> None:
    """One bad signature in batches of all sizes is refused at its place, and only there; no bad one, none."""
    key = numbers(bits)
    tokens = signed("openssl", key, [b"%d" % number for number in range(max(SIZES))], "k")
    keys = {"k": public_of(key)}
    for size in SIZES:
        some = tokens[:size]
        verdicts, counts = counted(statuses, "avx512ifma", some, keys)
        assert verdicts == bytes(size)
        assert counts == ({"avx512ifma.verify": size} if size else {})
        for place in range(size) if bits == 2048 or size < 18 else (0, size - 1):
            head, _, tail = some[place].rpartition(".")
            spoiled = [*some]
            spoiled[place] = f"{head}.{'AB'[tail[0] == 'A']}{tail[1:]}"
            verdicts = statuses("avx512ifma", spoiled, keys)
            assert verdicts == bytes(place) + bytes([Status.BAD_SIGNATURE]) + bytes(size - place - 1)


@needs_ifma
def test_keys_of_all_sizes_share_a_batch() -> None:
    """Lanes hold different keys of one size; other sizes and exponents go to libcrypto, in the same batch."""
    keys = {
        "a": numbers(2048, 0),
        "b": numbers(2048, 1),
        "c": numbers(3072, 0),
        "d": numbers(3072, 1),
        "e": numbers(4096, 0),
        "three": numbers(2048, 0, 3),
        "odd": numbers(2056),
    }
    publics = {kid: public_of(key) for kid, key in keys.items()}
    tokens = {kid: signed("openssl", key, [b"%d" % at for at in range(20)], kid) for kid, key in keys.items()}
    rng = random.Random(3)
    for _ in range(scaled(30, 3000)):
        kids = rng.choices(list(keys), k=rng.choice([3, 9, 40]))
        batch = [rng.choice(tokens[kid]) for kid in kids]
        bad = set(rng.sample(range(len(batch)), k=len(batch) // 4))
        for at in bad:
            other = rng.choice([kid for kid in keys if kid != kids[at]])
            signature = rng.choice(tokens[other]).rpartition(".")[2]
            batch[at] = f"{batch[at].rpartition('.')[0]}.{signature}"
        expected = bytes(Status.BAD_SIGNATURE if at in bad else Status.OK for at in range(len(batch)))
        assert statuses("avx512ifma", batch, publics) == expected
        assert statuses("openssl", batch, publics) == expected


@needs_ifma
def test_random_signatures_are_equal_on_all_engines() -> None:
    """Most of them of 2048 bits, with several keys of each size; each one is also verified by the kernel."""
    total = scaled(600, 1_000_000)
    batch = 200
    rng = random.Random(SCALE)
    done = dict.fromkeys(BITS, 0)
    before = engines.counters()["avx512ifma.redone"]
    while sum(done.values()) < total:
        bits = (
            rng.choices(BITS, weights=[92, 6, 2])[0]
            if total > 10_000
            else min(done, key=lambda b: done[b] * b)
        )
        number = rng.randrange(8 if total > 10_000 else 1)
        key = numbers(bits, number)
        payloads = [rng.randbytes(rng.randrange(1, 60)) for _ in range(batch if bits == 2048 else batch // 8)]
        made = signed("avx512ifma", key, payloads)
        assert made == signed("openssl", key, payloads)
        assert made == signed("pure", key, payloads)
        assert statuses("avx512ifma", made, {"k": public_of(key)}) == bytes(len(made))
        done[bits] += len(made)
    print(done)
    assert engines.counters()["avx512ifma.redone"] == before


# --- Keys of rare shapes ---------------------------------------------------------------------------------------------


def prime_from(start: int, step: int, e: int = 65537) -> int:
    """Return the first prime at or after `start` in steps, with p - 1 prime to e."""
    p = start
    while not (math.gcd(p, SMALL_PRIMES_PRODUCT) == 1 and math.gcd(p - 1, e) == 1 and is_prime(p)):
        p += step
    return p


# Bits of a prime: what is missing to 2^bits for the largest, and what is added to 2^(bits-1) for the smallest whose
# product with that one has twice the bits.
EXTREMES = {1024: (105, 1155), 1536: (3453, 1971), 2048: (1557, 1919)}


def extremes(bits: int) -> tuple[int, int]:
    missing, added = EXTREMES[bits]
    return (1 << bits) - missing, (1 << bits - 1) + added


def with_zero_limbs(seed: int) -> int:
    """Return a prime of 1024 bits whose limbs 1 to 9 are zero, so that -1/p mod 2^52 is all ones."""
    top = random.Random(seed).getrandbits(504) | 3 << 502
    return prime_from(top << 520 | 1, 1 << 520)


def with_residue(residue: int) -> int:
    """Return a prime with p - 1 = residue modulo 65537: dp = (1 + k (p - 1)) / 65537 for the k that makes it whole."""
    start = random.Random(residue).getrandbits(1024) | 3 << 1022
    start += (residue + 1 - start) % 65537
    return prime_from(start + 65537 * (start % 2 == 0), 2 * 65537)


@functools.cache
def shapes() -> dict[str, PrivateNumbers]:
    """Return keys of 2048 bits, unless their names say more, whose numbers are unusual."""
    most, least = extremes(1024)
    p, q = sorted([rsa_material.prime(1024, 1), rsa_material.prime(1024, 2)])
    usual = private_numbers(p, q)
    phi = pow(65537, -1, (p - 1) * (q - 1))
    shapes = {
        "p < q": usual,
        "p > q": private_numbers(q, p),
        "d modulo phi": usual._replace(d=phi),
        "largest p, smallest q": private_numbers(most, least),
        "smallest p, largest q": private_numbers(least, most),
        "zero limbs in p": private_numbers(with_zero_limbs(1), q),
        "zero limbs in q": private_numbers(p, with_zero_limbs(2)),
        "zero limbs in both": private_numbers(with_zero_limbs(3), with_zero_limbs(4)),
        "dp as short as can be": private_numbers(with_residue(65536 // 2), q),
        "dq as short as can be": private_numbers(p, with_residue(65536 // 2)),
        "dp as long as can be": private_numbers(with_residue(1), q),
    }
    for bits in (1536, 2048):
        most, least = extremes(bits)
        shapes[f"largest p, smallest q of {bits} bits"] = private_numbers(most, least)
        shapes[f"smallest p, largest q of {bits} bits"] = private_numbers(least, most)
    return shapes


@pytest.mark.parametrize("bits", EXTREMES)
def test_extreme_primes_are_primes_of_exactly_half_the_bits(bits: int) -> None:
    """And their product has all the bits, though the smaller one hardly exceeds a power of two."""
    most, least = extremes(bits)
    assert (most.bit_length(), least.bit_length(), (most * least).bit_length()) == (bits, bits, 2 * bits)
    assert is_prime(most)
    assert is_prime(least)


@needs_ifma
@pytest.mark.parametrize("shape", shapes())
def test_keys_of_rare_shapes_sign_by_the_kernel(shape: str) -> None:
    """Full and packed batches, equal to OpenSSL's, and none of them mended by it."""
    key = shapes()[shape]
    payloads = [b"%d" % number for number in range(11)]
    expected = signed("openssl", key, payloads)
    handle("avx512ifma", key)
    made, counts = counted(signed, "avx512ifma", key, payloads)
    assert made == expected
    assert counts == {"avx512ifma.sign": 11}
    assert statuses("avx512ifma", made, {"k": public_of(key)}) == bytes(11)


@needs_ifma
def test_other_keys_go_to_libcrypto() -> None:
    """Exponents other than 65537 and moduli of other sizes altogether; of unequal primes, the signing half."""
    p = rsa_material.prime(1000, 1)
    unequal = private_numbers(p, prime_from((1 << 2047) // p * 3 // 2 | 1, 2))
    assert unequal.n.bit_length() == 2048
    others = {
        "e = 3": numbers(2048, 0, 3),
        "e = 257": private_numbers(rsa_material.prime(1024, 3, 257), rsa_material.prime(1024, 4, 257), 257),
        "2056 bits": numbers(2056),
        "unequal primes": unequal,
    }
    for name, key in others.items():
        handle("avx512ifma", key)
        made, counts = counted(signed, "avx512ifma", key, [b"1", b"2", b"3"])
        assert counts == {"openssl.sign": 3}, name
        assert made == signed("pure", key, [b"1", b"2", b"3"]), name
        _, counts = counted(statuses, "avx512ifma", made, {"k": public_of(key)})
        assert counts == {"avx512ifma.verify" if key is unequal else "openssl.verify": 3}, name


# --- Lanes, by the kernel's own functions ----------------------------------------------------------------------------


def pointers(buffers: Sequence[Any]) -> Any:
    return (ctypes.c_void_p * LANES)(*[ctypes.addressof(buffer) for buffer in buffers])


def octets(value: bytes) -> Any:
    return (ctypes.c_uint8 * len(value)).from_buffer_copy(value)


def verify(
    lanes: str, keys: Sequence[kernel.Public52], signatures: Sequence[int], digests: Sequence[bytes]
) -> int:
    """Return fj_ifma_verify_var's mask, which must be what fj_ifma_verify_one_var says of each lane."""
    made = [octets(s.to_bytes(key.bytes, "big")) for key, s in zip(keys, signatures, strict=True)]
    hashes = [octets(digest) for digest in digests]
    library = routines(lanes)
    mask: int = library.verify(pointers(keys), pointers(made), pointers(hashes))
    for lane, (key, signature, digest) in enumerate(zip(keys, made, hashes, strict=True)):
        assert library.verify_one(ctypes.byref(key), signature, digest) == mask >> lane & 1, lane
    return mask


def sign(
    lanes: str, key: PrivateNumbers, digests: Sequence[bytes], count: int, units: Sequence[int]
) -> list[int]:
    """Return what fj_ifma_sign makes of `count` digests, with these numbers for blinding."""
    library = routines(lanes)
    public, private, blinding = public52(key.n), private52(key), blinding52(key.n, units)
    memory, workspace = kernel.workspace(library)
    made = [(ctypes.c_uint8 * public.bytes)() for _ in range(LANES)]
    hashes = [octets(digest) for digest in digests]
    library.sign(
        pointers(made),
        ctypes.byref(private),
        ctypes.byref(public),
        ctypes.byref(blinding),
        pointers(hashes),
        ctypes.c_size_t(count),
        ctypes.c_void_p(workspace),
    )
    assert not any(memory.raw[workspace - ctypes.addressof(memory) :][: 8 * 40 * 64]), (
        "the workspace was not wiped"
    )
    assert not any(any(lane) for lane in made[count:]), "an idle lane has written"
    return [int.from_bytes(bytes(lane), "big") for lane in made[:count]]


@pytest.mark.parametrize("lanes", LIBRARIES)
def test_what_leaves_is_below_the_modulus(lanes: str) -> None:
    """With b = n for blinding the last product is n itself, not 0: chance would need 2^32 signatures to come so far."""
    key = numbers()
    library = routines(lanes)
    public, private, blinding = public52(key.n), private52(key), blinding52(key.n, [1] * LANES)
    blinding.b[: 8 * 40] = kernel.packed([kernel.limbs_of(key.n, 40)] * LANES)[:]
    memory, workspace = kernel.workspace(library)
    made = [(ctypes.c_uint8 * 256).from_buffer(bytearray(b"\xff" * 256)) for _ in range(LANES)]
    hashes = [octets(bytes([lane]) * 32) for lane in range(LANES)]
    arguments = (ctypes.byref(private), ctypes.byref(public), ctypes.byref(blinding), pointers(hashes))
    library.sign(pointers(made), *arguments, ctypes.c_size_t(LANES), ctypes.c_void_p(workspace))
    assert [bytes(lane) for lane in made] == [bytes(256)] * LANES
    del memory


def crt(digest: bytes, key: PrivateNumbers) -> int:
    """Return the signature that these very exponents make, right or not."""
    message = encoded(digest, key.n.bit_length() // 8)
    m1, m2 = pow(message, key.dp, key.p), pow(message, key.dq, key.q)
    return m2 + key.q * ((m1 - m2) * key.qi % key.p)


@pytest.mark.parametrize("lanes", LIBRARIES)
@pytest.mark.parametrize("bits", BITS)
def test_every_lane_signs_its_own_digest(bits: int, lanes: str) -> None:
    """For every count, packed (up to four) and full, with constants that were computed here."""
    key = numbers(bits)
    rng = random.Random(bits)
    for count in range(1, LANES + 1) if lanes == "avx512" else (3, 8) if bits == 2048 else (8,):
        digests = [rng.randbytes(32) for _ in range(LANES)]
        units = [rng.choice([1, key.n - 1, rng.randrange(2, key.n)]) for _ in range(LANES)]
        made = sign(lanes, key, digests, count, units)
        assert made == [pow(encoded(digest, bits // 8), key.d, key.n) for digest in digests[:count]]


@pytest.mark.parametrize("lanes", LIBRARIES)
def test_any_exponent_is_raised_to(lanes: str) -> None:
    """Exponents without a digit, of one digit at either end, of ones: the fixed windows know no special case.

    Blinding is off (u = 1), since it ends only with exponents that belong to each other.
    """
    key = numbers()
    ones = (1 << 1024) - 1
    exponents = [0, 1, 2, 15, 16, 1 << 1023, 1 << 1020, ones, ones // 15, ones - 15, ones >> 4, ones >> 512]
    digests = [bytes([lane]) * 32 for lane in range(LANES)]
    for turn, dp in enumerate(exponents if lanes == "avx512" else exponents[:3]):
        odd = key._replace(dp=dp, dq=exponents[turn * 5 % len(exponents)])
        for count in (3, 8) if lanes == "avx512" else (3,):
            made = sign(lanes, odd, digests, count, [1] * LANES)
            assert made == [crt(digest, odd) for digest in digests[:count]]


@pytest.mark.parametrize("lanes", LIBRARIES)
@pytest.mark.parametrize("bits", BITS)
def test_signatures_at_the_edges_are_refused_in_every_lane(bits: int, lanes: str) -> None:
    """Those are s = 0, 1, n - 1, n, n + 1, n - s, s + 1, s + n where it fits; the right one passes."""
    key = numbers(bits)
    public = public52(key.n)
    digest = b"\x5a" * 32
    s = pow(encoded(digest, bits // 8), key.d, key.n)
    edges = [0, 1, key.n - 1, key.n, key.n + 1, key.n - s, s + 1, s - 1, (1 << bits) - 1]
    edges += [s + key.n] if (s + key.n).bit_length() <= bits else []
    for turn in range(LANES):
        some = [(edges * 2)[turn + lane] for lane in range(LANES)]
        some[turn] = s
        assert verify(lanes, [public] * LANES, some, [digest] * LANES) == 1 << turn


@pytest.mark.parametrize("lanes", LIBRARIES)
def test_a_signature_plus_the_modulus_is_refused(lanes: str) -> None:
    """It is congruent, has the right length and is not below n (RFC 8017 section 5.2.2): a second spelling of s."""
    key = shapes()["smallest p, largest q"]  # n is close to 2^2047, so that s + n always fits
    public = public52(key.n)
    digests = [bytes([lane + 1]) * 32 for lane in range(LANES)]
    good = [pow(encoded(digest, 256), key.d, key.n) for digest in digests]
    assert verify(lanes, [public] * LANES, good, digests) == 0xFF
    assert verify(lanes, [public] * LANES, [s + key.n for s in good], digests) == 0
    for lane in range(LANES):
        mixed = [s + key.n * (at == lane) for at, s in enumerate(good)]
        assert verify(lanes, [public] * LANES, mixed, digests) == 0xFF ^ 1 << lane


@pytest.mark.parametrize("lanes", LIBRARIES)
@pytest.mark.parametrize("bits", BITS)
def test_each_flipped_bit_is_seen(bits: int, lanes: str) -> None:
    """Every bit of the signature and every bit of the hash, seven flips and one good signature at a time."""
    key = numbers(bits)
    public = public52(key.n)
    digest = bytes(range(32))
    s = pow(encoded(digest, bits // 8), key.d, key.n)
    step = 1 if lanes == "avx512" else 41
    flips = [(bit, True) for bit in range(0, bits, step)] + [(bit, False) for bit in range(0, 256, step)]
    for at in range(0, len(flips), LANES - 1):
        some = flips[at : at + LANES - 1]
        good = at // (LANES - 1) % LANES
        signatures = [s ^ 1 << bit if of_s else s for bit, of_s in some]
        hashes = [
            digest if of_s else (int.from_bytes(digest, "big") ^ 1 << bit).to_bytes(32, "big")
            for bit, of_s in some
        ]
        while len(signatures) < LANES - 1:
            signatures.append(s ^ 1)
            hashes.append(digest)
        signatures.insert(good, s)
        hashes.insert(good, digest)
        assert verify(lanes, [public] * LANES, signatures, hashes) == 1 << good


@pytest.mark.parametrize("lanes", LIBRARIES)
def test_lanes_hold_different_keys(lanes: str) -> None:
    """Eight keys, and in each lane once a signature of another's."""
    keys = [numbers(2048, number % 3) for number in range(LANES)]
    publics = [public52(key.n) for key in keys]
    digests = [bytes([lane]) * 32 for lane in range(LANES)]
    good = [pow(encoded(digest, 256), key.d, key.n) for key, digest in zip(keys, digests, strict=True)]
    assert verify(lanes, publics, good, digests) == 0xFF
    for lane in range(LANES):
        other = [*publics[:lane], publics[(lane + 1) % LANES], *publics[lane + 1 :]]
        assert verify(lanes, other, good, digests) == 0xFF ^ 1 << lane


@needs_ifma
@pytest.mark.parametrize("bits", BITS)
def test_signatures_of_another_length_are_refused(bits: int) -> None:
    """One byte short, one long, a zero before it or after it, empty: the kernel is not asked."""
    key = numbers(bits)
    backend = engine("avx512ifma")
    public = backend.load_public(public_of(key))
    s = backend.sign_message(handle("avx512ifma", key), b"message")
    assert backend.verify_message(public, s, b"message")
    for wrong in (s[1:], s[:-1], b"\0" + s, s + b"\0", s[:-1] + b"\0" + s[-1:], b"", b"\0", s + s):
        assert counted(backend.verify_message, public, wrong, b"message") == (False, {})
