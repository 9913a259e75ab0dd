"""Memory: nothing grows, whatever comes in and however often.

Each measurement runs in a process of its own.  A few ten thousand operations by default, which would show a leak of
50 bytes in each; `FASTJWT_TEST_SCALE=1000` makes the ten million of a release.
"""

from __future__ import annotations

import json
from pathlib import Path

import child
import pytest
from scale import scaled

from fastjwt import engines

MIB = 2**20

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="reads memory sizes from Linux's /proc"
)

# What every program begins with.
MEASURING = """
import gc, json, os, resource, sys, time
import fastjwt
from fastjwt import HMACKey, JWKSet, RSAPrivateKey, RSAPublicKey, Signer, Verifier

def resident():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

def peak():
    # Not ru_maxrss, which a new process inherits from the one that started it.
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))

def descriptors():
    return len(os.listdir("/proc/self/fd"))

def growth(work, warm, count):
    '''Return by how many bytes and descriptors the process grew while work(number) was called `count` times.'''
    for number in range(warm):
        work(number)
    before, open_before = resident(), descriptors()
    for number in range(count):
        work(number)
    return {"bytes": resident() - before, "descriptors": descriptors() - open_before}
"""


def measured(program: str, *arguments: object, **variables: str) -> dict[str, float]:
    """Run a program that prints one JSON object; return it."""
    answer: dict[str, float] = json.loads(
        child.output_of(MEASURING + program, *map(str, arguments), **variables)
    )
    return answer


ROUND = 500  # operations of one round below

MIXED = """
private = RSAPrivateKey.generate()
secret = HMACKey(os.urandom(32))
signers = [Signer(private, ttl=10**6, jti=True), Signer(secret)]
verifier = Verifier([private.public_key(), secret], require=())
good = signers[0].sign_batch([{"sub": "s", "n": n, "x": ["y" * 50]} for n in range(60)]) + [
    signers[1].sign({"n": n}) for n in range(30)]
def bad(number):
    token = good[number % 60]
    return [
        token[:-9] + "AAAAAAAAA", token + ".", token[: number % 500], "e30.e30.AAAA", None, b"\\xff", "\\ud800",
        "x" * 3000, good[3].replace(".", ".e", 1), "eyJhbGciOiJSUzI1NiIsImtpZCI6%sfQ.e30.AAAA" % (number % 97),
    ][number % 10]

def work(number):
    '''Five hundred operations, one in ten of them with a bad token; most in batches, some alone.'''
    crowd = [bad(number + n) if n % 10 == 0 else good[n % 90] for n in range(400)]
    batch = verifier.verify_batch(crowd, threads=2)
    assert len(batch.errors) == 40, batch
    codes = verifier.verify_signatures(crowd[:50], threads=1)
    assert len(codes) == 50
    for n in range(20):
        try:
            verifier.verify(crowd[n])
        except (fastjwt.InvalidTokenError, TypeError):
            pass
    assert sum(1 for _ in verifier.verify_stream(crowd[:20], chunk=7, threads=2)) == 20
    signers[number % 2].sign_batch([{"n": n} for n in range(5)], threads=2)
    for claims in ({"n": number}, {"n": float("nan")}, {"n": {1}}, b"[]", b"{}"):
        try:
            signers[number % 2].sign(claims)
        except (TypeError, ValueError):
            pass

print(json.dumps(growth(work, int(sys.argv[1]), int(sys.argv[2]))))
"""


@pytest.mark.parametrize("name", engines.available())
def test_mixed_operations_grow_the_process_by_less_than_a_mebibyte(name: str) -> None:
    rounds = scaled(40, 10_000_000 // ROUND)
    grew = measured(MIXED, 30, rounds, FASTJWT_ENGINE=name)
    assert grew["bytes"] < MIB, f"{grew['bytes']} bytes over {rounds * ROUND} operations"
    assert grew["descriptors"] == 0


LOADS = """
private = RSAPrivateKey.generate()
pem, der, jwk = private.to_pem(), private.to_der(), private.to_jwk()
public_pem, public_jwk = private.public_key().to_pem(), private.public_key().to_jwk()
token = Signer(private).sign({})
spoiled = {**jwk, "dp": jwk["dq"]}

def work(number):
    '''Ten loads of keys, used once or not at all; three of them are refused.'''
    key = RSAPrivateKey.from_pem(pem)
    RSAPrivateKey.from_der(der)
    public = RSAPublicKey.from_pem(public_pem)
    HMACKey(os.urandom(32 + number % 8))
    keys = JWKSet.from_dict({"keys": [public_jwk, jwk, {"kty": "EC"}, None]})
    if number % 3 == 0:
        assert Verifier(public, require=()).verify_batch([token, "x"] * 5, threads=2).ok[0]
        assert Signer(key).sign({}) == token
    for load in (lambda: RSAPrivateKey.from_jwk(spoiled), lambda: RSAPublicKey.from_pem(pem), lambda: HMACKey(b"short"),
                 lambda: RSAPublicKey.from_der(der[:-1])):
        try:
            load()
        except fastjwt.InvalidKeyError:
            continue
        raise AssertionError

print(json.dumps(growth(work, int(sys.argv[1]), int(sys.argv[2]))))
"""


@pytest.mark.parametrize("name", engines.available())
def test_loading_and_dropping_keys_grows_nothing(name: str) -> None:
    rounds = scaled(15 if name == "pure" else 60, 10_000)
    grew = measured(LOADS, 15, rounds, FASTJWT_ENGINE=name)
    assert grew["bytes"] < MIB, f"{grew['bytes']} bytes over {rounds * 10} loads"
    assert grew["descriptors"] == 0


@pytest.mark.parametrize("name", engines.available())
def test_a_flood_of_distinct_headers_grows_nothing(name: str) -> None:
    """Senders choose headers: what a verifier remembers of them is bounded, whether their tokens are good or not."""
    grew = measured(
        """
key = HMACKey(bytes(range(32)))
verifier = Verifier(key, require=())

def work(number):
    good = Signer(key, headers={"n": number, "x": "h" * (number % 3000)}).sign({})
    assert verifier.verify(good) == {}
    assert verifier.verify_batch([good, good[:-5] + "AAAAA"] * 3, threads=1).ok == [True, False] * 3
    assert len(verifier._signatures._memory[1]) <= 64

print(json.dumps(growth(work, 400, int(sys.argv[1]))))
        """,
        scaled(1_000, 1_000_000),
        FASTJWT_ENGINE=name,
    )
    assert grew["bytes"] < MIB


@pytest.mark.parametrize("name", engines.available())
@pytest.mark.parametrize("bad", [0, 1])
def test_a_stream_holds_two_chunks_and_no_more(name: str, bad: int) -> None:
    """A chunk goes when it is done, also one with a refused header, whose traceback must not keep it."""
    grew = measured(
        """
key = HMACKey(bytes(range(32)))
good = Signer(key).sign_batch([{"n": n, "x": "x" * 3000} for n in range(250)])
verifier = Verifier(key, require=())

def tokens(count):
    for number in range(count):
        yield "e30.e30.AAAA" if number % 500 == 7 and int(sys.argv[1]) else good[number % 250]

for _ in verifier.verify_stream(tokens(3000), chunk=1000, threads=2):
    pass
peak, before = 0, resident()
gc.disable()
for result in verifier.verify_stream(tokens(12_000), chunk=1000, threads=2):
    if result.index % 1000 == 0:
        peak = max(peak, int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() - before)
print(json.dumps({"bytes": peak}))
        """,
        bad,
        FASTJWT_ENGINE=name,
    )
    assert grew["bytes"] < 40 * MIB  # two chunks and their claims take 20, all twelve of them 120


@pytest.mark.parametrize("name", engines.available())
@pytest.mark.parametrize("way", ["verify_stream", "verify_signatures", "verify_batch"])
def test_long_tokens_are_taken_few_at_a_time(name: str, way: str) -> None:
    """A chunk is bounded by its text, not only by how many tokens it has: here are 190 MiB of them."""
    grew = measured(
        """
key = HMACKey(bytes(range(32)))
verifier = Verifier(key, require=())
good = Signer(key).sign({"x": "x" * 190_000})
peak, before = 0, 0

def tokens(count):
    global peak
    for number in range(count):
        if number % 8 == 0:
            peak = max(peak, int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() - before)
        # Bad ones, so that no claims are kept, or good ones whose claims go at once.
        yield good[:-1] + (good[-1] if sys.argv[1] == "verify_stream" else "A")

call = getattr(verifier, sys.argv[1])
def all_of(count):
    return sum(1 for _ in call(tokens(count), threads=2))
assert all_of(64) == 64
before = resident()
peak = 0
gc.disable()
assert all_of(800) == 800
print(json.dumps({"bytes": peak}))
        """,
        way,
        FASTJWT_ENGINE=name,
    )
    assert grew["bytes"] < 110 * MIB


@pytest.mark.parametrize("name", engines.available())
def test_long_claims_are_signed_few_at_a_time(name: str) -> None:
    """Measured by what is written, as nobody knows before how long that is."""
    grew = measured(
        """
signer = Signer(HMACKey(bytes(range(32))))
claims = ({"x": "x" * 190_000} for _ in range(1100))
for _ in range(100):
    next(iter(signer.sign_stream(claims, chunk=1)))
before = resident()
assert sum(1 for _ in signer.sign_stream(claims, threads=2)) == 1000
print(json.dumps({"bytes": peak() - before}))
        """,
        FASTJWT_ENGINE=name,
    )
    assert grew["bytes"] < 200 * MIB  # all of them take 190 before they are signed, and 900 meanwhile


@pytest.mark.parametrize("name", engines.available())
def test_a_stream_with_default_settings_holds_a_few_hundred_tokens(name: str) -> None:
    """`chunk` allows 8192, of which it reads no more at once than there is work for."""
    grew = measured(
        """
key = HMACKey(bytes(range(32)))
good = Signer(key).sign_batch([{"n": n, "x": "x" * 500} for n in range(250)])
verifier = Verifier(key, require=())
def tokens(count):
    return (good[number % 250] for number in range(count))
for _ in verifier.verify_stream(tokens(1000), threads=1):
    pass
peak, before = 0, resident()
gc.disable()
for result in verifier.verify_stream(tokens(30_000), threads=1):
    if result.index % 250 == 0:
        peak = max(peak, int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() - before)
print(json.dumps({"bytes": peak}))
        """,
        FASTJWT_ENGINE=name,
    )
    assert grew["bytes"] < 6 * MIB


@pytest.mark.parametrize("name", engines.available())
def test_an_oversized_token_costs_less_than_a_millisecond_and_a_mebibyte(name: str) -> None:
    """64 MiB, of every form; measured by its processor time, the best of a few tries."""
    cost = measured(
        """
import tracemalloc
key = HMACKey(bytes(range(32)))
verifier = Verifier(key)
size = 64 * 2**20
huge = ["A" * size, b"A" * size, "." * size, b"." * size, "\\u00e9" * size, b"\\xff" * size, "e30.e30." + "A" * size,
        "e30." + "A" * size + ".AAAA"]

def ways(token):
    def alone():
        try:
            verifier.verify(token)
        except fastjwt.DecodeError:
            return True
    def shown():
        try:
            fastjwt.decode_unverified(token)
        except fastjwt.DecodeError:
            return True
    def signatures():
        return verifier.verify_signatures([token]) == b"\\x02"
    def batch():
        return verifier.verify_batch([token]).errors
    return alone, shown, signatures, batch

worst = 0.0
for token in huge:
    for way in ways(token):
        times = []
        for _ in range(7):
            begin = time.thread_time()
            assert way()
            times.append(time.thread_time() - begin)
        worst = max(worst, min(times))
before = resident()
tracemalloc.start()
for token in huge:
    for way in ways(token):
        assert way()
peak = tracemalloc.get_traced_memory()[1]
print(json.dumps({"seconds": worst, "bytes": max(peak, resident() - before - peak)}))
        """,
        FASTJWT_ENGINE=name,
    )
    assert cost["seconds"] < 0.001
    assert cost["bytes"] < MIB


def test_a_batch_of_two_gibibytes_gets_a_clean_answer() -> None:
    """Lengths and offsets have 64 bits: the joined tokens reach beyond what 32 can say, and the last one is good."""
    available = (
        int(Path("/proc/meminfo").read_text(encoding="ascii").split("MemAvailable:")[1].split()[0]) // 1024
    )
    if available < 14_000 or scaled(1, 2) < 2:
        pytest.skip(
            "takes 12 GiB of memory and a minute: run with FASTJWT_TEST_SCALE=2 where there is as much"
        )
    answer = measured(
        """
key = HMACKey(bytes(range(32)))
verifier = Verifier(key, require=(), max_token_bytes=2**31 - 1)
good = Signer(key).sign({"n": 1})
filler = "e30." + "A" * (200 * 2**20) + ".AAAA"
codes = verifier.verify_signatures([good] + [filler] * 11 + [good], threads=2)
print(json.dumps({"good": codes.count(0), "first": codes[0], "last": codes[-1]}))
        """
    )
    assert answer == {"good": 2, "first": 0, "last": 0}
