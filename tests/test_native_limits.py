"""The limits of the C side: lengths that lie, memory that runs out, and errors that must not be left behind."""

from __future__ import annotations

import base64
import ctypes
import math
import os
import re
import shutil
import subprocess
import sys
import threading
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import child
import pytest
import tokens
from rsa_material import SMALL_PRIMES_PRODUCT
from scale import scaled

import fastjwt
from fastjwt import HMACKey, RSAPrivateKey, RSAPublicKey, Signer, Status, Verifier, engines
from fastjwt.backends.base import Limits
from fastjwt.status import PENDING

pytestmark = pytest.mark.skipif(
    "openssl" not in engines.available(), reason="the native extension cannot run here"
)

ROOT = Path(__file__).resolve().parents[1]
CSRC = ROOT / "csrc"

TOKEN = b"eyJhbGciOiJSUzI1NiJ9.e30.AAAA"


# --- Turns -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bits", "turn"), [(2048, 32), (4096, 16), (8192, 16), (16384, 4)])
def test_the_larger_the_key_the_fewer_verifications_are_done_between_two_looks_at_the_clock(
    bits: int, turn: int
) -> None:
    """One turn of the largest exponent takes a millisecond at least, and Ctrl-C waits for its end."""
    from fastjwt._native import ffi, lib

    n = (1 << bits) - 1
    while math.gcd(n, SMALL_PRIMES_PRODUCT) != 1:
        n -= 2
    with engines.use("openssl") as backend:
        public = RSAPublicKey.from_numbers(n, (1 << 33) - 1, max_bits=16384)
        signature = base64.urlsafe_b64encode((n - 5).to_bytes(bits // 8, "big")).rstrip(b"=")
        token = b"eyJhbGciOiJSUzI1NiJ9.e30." + signature
        split: Any = backend.split([token] * 200, Limits(), want_payloads=False)
        job: Any = backend.verify(split, [public._handle(backend)], b"\0", 1)
        assert lib.fj_job_run(job.address[0], 1, ffi.NULL) == 0
        assert split.statuses() == bytes([Status.BAD_SIGNATURE]) * turn + bytes([PENDING]) * (200 - turn)
        job.release()


# --- Lengths that lie ------------------------------------------------------------------------------------------------


class Crossing:
    """The arguments of fj_split, honest to begin with."""

    def __init__(self, texts: list[bytes]) -> None:
        from fastjwt._native import ffi

        self.data = b"".join(texts)
        self.data_len = len(self.data)
        self.by_lines = False
        self.lengths = array("Q", map(len, texts))
        self.count = len(texts)
        self.limits = ffi.new(
            "struct fj_limits *", {"max_token_len": 1000, "max_header_len": 1000, "want_payload": 1}
        )
        self.status = ffi.new("uint8_t[]", len(texts) + 1)

    def split(self) -> int:
        from fastjwt._native import ffi, lib

        answer: int = lib.fj_split(
            self.status,
            ffi.new("struct fj_token[]", len(self.lengths) + 1),
            ffi.new("uint64_t[]", len(self.lengths) + 1),
            ffi.new("uint64_t[]", len(self.lengths) + 1),
            ffi.new("uint8_t[]", len(self.lengths) + 1),
            ffi.new("uint32_t[]", len(self.lengths) + 1),
            ffi.new("uint8_t[]", len(self.data) + 1),
            self.data,
            self.data_len,
            ffi.NULL if self.by_lines else ffi.from_buffer("uint64_t[]", self.lengths),
            self.count,
            self.limits,
        )
        return answer


LIES = [2**63, 2**64 - 1, 2**32, 2**31, 1, len(TOKEN) - 1, len(TOKEN) + 1, 2**64 - len(TOKEN)]


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_lengths_of_tokens_that_do_not_add_up_are_noticed_before_anything_is_read(
    place: int, lie: int
) -> None:
    crossing = Crossing([TOKEN] * 3)
    assert crossing.split() == 1
    crossing.lengths[place] = lie
    assert crossing.split() == -2


def test_lengths_whose_sum_wraps_around_are_noticed() -> None:
    crossing = Crossing([TOKEN] * 4)
    crossing.lengths[1] = 2**64 - 1
    crossing.lengths[2] = 2 * len(TOKEN) + 1  # the sum is right, modulo 2^64
    assert sum(crossing.lengths) % 2**64 == len(crossing.data)
    assert crossing.split() == -2


def test_a_count_or_a_total_that_lies_is_noticed() -> None:
    crossing = Crossing([TOKEN] * 3)
    crossing.count = 2
    assert crossing.split() == -2
    crossing.count = 2**32 // 4
    assert crossing.split() == -2
    crossing = Crossing([TOKEN] * 3)
    for wrong in (0, len(crossing.data) - 1, len(crossing.data) + 1, 2**63):
        crossing.data_len = wrong
        assert crossing.split() == -2
    assert Crossing([]).split() == 0


def test_lines_that_are_more_or_fewer_than_was_said_are_noticed() -> None:
    crossing = Crossing([TOKEN + b"\n", TOKEN + b"\n", TOKEN])
    crossing.by_lines = True
    assert crossing.split() == 1
    assert list(crossing.status)[:3] == [PENDING] * 3
    for wrong in (1, 2, 4, 2**32 // 4):
        crossing.count = wrong
        assert crossing.split() == -2
    crossing.count = 0
    assert crossing.split() == -2
    crossing = Crossing([])
    crossing.by_lines = True
    assert crossing.split() == 0


def test_empty_lines_are_tokens_without_segments() -> None:
    crossing = Crossing([b"\n", TOKEN + b"\n", b""])
    crossing.by_lines = True
    assert crossing.split() == 1
    assert list(crossing.status)[:3] == [Status.BAD_SEGMENTS, PENDING, Status.BAD_SEGMENTS]


class Way:
    """The arguments of fj_sign_start, honest to begin with."""

    def __init__(self, payloads: list[bytes]) -> None:
        with engines.use("openssl") as backend:
            self.key = backend.load_secret(bytes(32))
        self.payloads = b"".join(payloads)
        self.lengths = array("Q", map(len, payloads))
        self.total = self.length()

    def length(self, prefix_len: int = 4) -> int:
        from fastjwt._native import ffi, lib

        total: int = lib.fj_sign_len(
            self.key, prefix_len, ffi.from_buffer("uint64_t[]", self.lengths), len(self.lengths)
        )
        return total

    def start(self, total: int | None = None, payloads_len: int | None = None) -> int:
        """Return the status of the start; the job, if there is one, is done and released."""
        from fastjwt._native import ffi, lib

        job = ffi.new("fj_job **")
        out = ffi.new("uint8_t[]", self.total + 1)  # both are written to until the job is released
        statuses = ffi.new("uint8_t[]", len(self.lengths) + 1)
        status: int = lib.fj_sign_start(
            job,
            out,
            self.total if total is None else total,
            statuses,
            self.key,
            b"e30.",
            4,
            self.payloads,
            len(self.payloads) if payloads_len is None else payloads_len,
            ffi.from_buffer("uint64_t[]", self.lengths),
            len(self.lengths),
            2,
            ffi.NULL,
        )
        assert (job[0] != ffi.NULL) == (status == Status.OK)
        if status == Status.OK:
            assert lib.fj_job_run(job[0], 0, ffi.NULL) == 1
            lib.fj_job_release(job)
        assert job[0] == ffi.NULL
        lib.fj_job_release(job)  # a second time does no harm
        return status


def test_payload_lengths_that_lie_start_nothing() -> None:
    from fastjwt._native import lib

    assert Way([b"{}", b'{"n":1}', b"{}"]).start() == Status.OK
    assert Way([]).start() == Status.OK
    for place in range(3):
        for lie in (*LIES, 0, 3):
            way = Way([b"{}", b'{"n":1}', b"{}"])
            way.lengths[place] = lie
            assert way.start() == lib.FJ_INTERNAL
    way = Way([b"{}", b"{}"])
    for total in (0, way.total - 1, way.total + 1, 2**64 - 1):
        assert way.start(total=total) == lib.FJ_INTERNAL
    for payloads_len in (0, 3, 5, 2**63):
        assert way.start(payloads_len=payloads_len) == lib.FJ_INTERNAL


def test_a_length_of_tokens_that_no_memory_holds_is_0_and_starts_nothing() -> None:
    from fastjwt._native import lib

    way = Way([b"{}", b"{}"])
    assert way.length(prefix_len=2**64 - 1) == 0
    assert way.length(prefix_len=2**62) == 0
    for lie in (2**63, 2**62 + 1, 2**64 - 1):
        way.lengths[1] = lie
        assert way.length() == 0
        assert way.start(total=0, payloads_len=(2 + lie) % 2**64) == lib.FJ_INTERNAL


def test_numbers_outside_an_enumeration_are_answered_with_nothing() -> None:
    from fastjwt._native import ffi, lib

    with engines.use("openssl") as backend:
        key = backend.load_secret(bytes(32))
    for part in (-1, lib.FJ_PART_N, lib.FJ_PART_SECRET + 1, 2**31 - 1, -(2**31)):
        assert lib.fj_key_export(key, ffi.NULL, part) == 0
    for counter in (-1, lib.FJ_COUNTERS, 2**31 - 1, -(2**31)):
        assert lib.fj_count(counter) == 0
    signature = ffi.new("uint8_t[64]")
    for length in (0, 31, 33, 64):
        assert lib.fj_sign_message(key, signature, length, b"m", 1) == lib.FJ_INTERNAL
        assert lib.fj_verify_message(key, signature, length, b"m", 1) == lib.FJ_BAD_SIGNATURE
    assert bytes(signature) == bytes(64)


def test_a_public_key_signs_nothing() -> None:
    from fastjwt._native import ffi, lib

    with engines.use("openssl") as backend:
        handle = backend.load_public(tokens.public()._numbers)
        assert lib.fj_sign_message(handle, ffi.new("uint8_t[256]"), 256, b"m", 1) == lib.FJ_INTERNAL
        with pytest.raises(MemoryError):
            backend.sign(handle, b"e30.", [b"{}"] * 9, 2).wait()
        assert backend.verify_message(handle, tokens.signature_over(b"m"), b"m")


# --- Errors that must not be left behind -----------------------------------------------------------------------------


def error_queue() -> Callable[[], int]:
    """Return the function that shows the oldest error of this thread in the libcrypto that the extension uses."""
    paths = {
        line.split()[-1]
        for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
        if "libcrypto.so" in line
    }
    if len(paths) != 1:
        pytest.skip("the extension's libcrypto cannot be told from others in this process")
    peek: Callable[[], int] = ctypes.CDLL(paths.pop()).ERR_peek_error
    return peek


def refused_alone(verifier: Verifier, forged: str) -> None:
    with pytest.raises(fastjwt.InvalidSignatureError):
        verifier.verify(forged)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the loaded libcrypto through Linux's /proc")
def test_libcryptos_error_queue_is_empty_after_each_call_on_each_thread(private_key: RSAPrivateKey) -> None:
    peek = error_queue()
    left: list[tuple[str, str]] = []

    def work(name: str) -> None:
        with engines.use(name):
            signer = Signer(private_key)
            verifier = Verifier([private_key.public_key(), HMACKey(bytes(range(32)))], require=())
        good = signer.sign({})
        forged = good[:-8] + "AAAAAAAA"
        ones = good.rsplit(".", 1)[0] + "." + "_" * 341 + "w"
        steps: dict[str, Callable[[], Any]] = {
            "sign": lambda: signer.sign({}),
            "sign_batch": lambda: signer.sign_batch([{}] * 20, threads=2),
            "verify": lambda: verifier.verify(good),
            "forged": lambda: verifier.verify_signatures([forged]),
            "value above n": lambda: verifier.verify_signatures([ones] * 20, threads=2),
            "forged among good": lambda: verifier.verify_batch([good, forged, "x", ones] * 9, threads=2),
            "alone": lambda: refused_alone(verifier, forged),
            "generate": RSAPrivateKey.generate,
            "load": lambda: RSAPrivateKey.from_der(private_key.to_der()),
            "export": private_key.to_pem,
        }
        for step, take in steps.items():
            take()
            if peek() != 0:
                left.append((name, step))

    for name in engines.available():
        if name != "pure":
            work(name)
            thread = threading.Thread(target=work, args=(name,))
            thread.start()
            thread.join()
    assert not left


def test_errors_that_others_left_change_no_verdict(private_key: RSAPrivateKey) -> None:
    """Another library in the process may leave errors in the queue; a good token stays good and a forged one forged."""
    peek = error_queue()
    libcrypto = ctypes.CDLL(
        next(
            line.split()[-1]
            for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
            if "libcrypto.so" in line
        )
    )
    out_of_memory = 0xC0100  # ERR_R_MALLOC_FAILURE
    for name in engines.available():
        with engines.use(name):
            signer = Signer(private_key)
            verifier = Verifier(private_key.public_key(), require=())
            good = signer.sign({})
            for reason in (out_of_memory, 1):
                libcrypto.ERR_new()
                libcrypto.ERR_set_error(4, reason, None)
                assert peek() != 0
                assert signer.sign({}) == good
                libcrypto.ERR_new()
                libcrypto.ERR_set_error(4, reason, None)
                assert verifier.verify(good) == {}
                libcrypto.ERR_new()
                libcrypto.ERR_set_error(4, reason, None)
                codes = verifier.verify_signatures([good, good[:-8] + "AAAAAAAA", good], threads=1)
                assert codes == bytes([0, Status.BAD_SIGNATURE, 0])
                libcrypto.ERR_clear_error()


# --- Memory that runs out --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compiler() -> str:
    found = shutil.which("gcc") or shutil.which("cc")
    if found is None:
        pytest.skip("there is no C compiler here")
    return found


def test_each_allocation_may_fail_in_c(compiler: str, tmp_path: Path) -> None:
    """The program tests/native/allocation_failures.c; with a scale of 2 or more it looks for leaks, too."""
    flags = subprocess.run(
        [sys.executable, "csrc/build_native.py"],
        cwd=ROOT,
        env=child.environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    program = tmp_path / "allocation_failures"
    sources = [
        "tests/native/allocation_failures.c",
        *sorted(f"csrc/{path.name}" for path in CSRC.glob("*.c")),
    ]
    subprocess.run([compiler, "-O1", *flags, *sources, "-o", str(program), "-lcrypto"], cwd=ROOT, check=True)
    again = ["again"] if scaled(1, 2) > 1 else []
    done = subprocess.run([program, *again], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    refused = [int(count) for count in re.findall(r"(\d+) refused", done.stdout)]
    assert len(refused) >= 26
    assert min(refused) > 0  # each scenario was made to fail


# Fails the k-th allocation that our library or libcrypto asks for, k counted from fail_at(k) on, and no other of the
# process's: Python's own must go on.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_long countdown;
static atomic_long failures;
static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static _Atomic(size_t) used;
static char early[65536];

void fail_at(long k) { atomic_store(&failures, 0); atomic_store(&countdown, k); }
long failed(void) { atomic_store(&countdown, 0); return atomic_load(&failures); }

static int fails(void *caller) {
    Dl_info from;
    if (atomic_load(&countdown) <= 0 || dladdr(caller, &from) == 0 || from.dli_fname == NULL ||
        (strstr(from.dli_fname, "libcrypto") == NULL && strstr(from.dli_fname, "_native") == NULL) ||
        atomic_fetch_sub(&countdown, 1) != 1) {
        return 0;
    }
    atomic_fetch_add(&failures, 1);
    errno = ENOMEM;
    return 1;
}

static void *before_anything(size_t len) { return early + atomic_fetch_add(&used, (len + 15) / 16 * 16); }

__attribute__((constructor)) static void find(void) {
    void *(*found)(size_t, size_t) = dlsym(RTLD_NEXT, "calloc");
    next_realloc = dlsym(RTLD_NEXT, "realloc");
    next_malloc = dlsym(RTLD_NEXT, "malloc");
    next_calloc = found;
}

void *malloc(size_t len) {
    if (next_calloc == NULL) return before_anything(len);
    return fails(__builtin_return_address(0)) ? NULL : next_malloc(len);
}
void *calloc(size_t count, size_t len) {
    if (next_calloc == NULL) return before_anything(count * len);
    return fails(__builtin_return_address(0)) ? NULL : next_calloc(count, len);
}
void *realloc(void *memory, size_t len) {
    if (next_calloc == NULL) return before_anything(len);
    return fails(__builtin_return_address(0)) ? NULL : next_realloc(memory, len);
}
"""

STARVED = """
import ctypes, sys
import fastjwt
from fastjwt import HMACKey, JWKSet, RSAPrivateKey, RSAPublicKey, Signer, Status, Verifier, engines

shim = ctypes.CDLL(None)
key = RSAPrivateKey.generate()
der, jwk = key.to_der(), key.public_key().to_jwk()
signer, verifier = Signer(key), Verifier(key.public_key(), require=())
secret = HMACKey(bytes(range(32)))
claims = [{"n": n} for n in range(10)]
tokens = signer.sign_batch(claims, threads=1)
forged = tokens[0][:-8] + "AAAAAAAA"

def fresh_signer():
    return Signer(RSAPrivateKey.from_der(der)).sign_batch(claims, threads=2) == tokens

def fresh_verifier():
    judge = Verifier(JWKSet.from_dict({"keys": [jwk]}), require=())
    return judge.verify_batch([*tokens, forged], threads=2).ok == [True] * 10 + [False]

work = {
    "load private": lambda: RSAPrivateKey.from_der(der) == key,
    "load public": lambda: RSAPublicKey.from_jwk(jwk) == key.public_key(),
    "load set": lambda: len(JWKSet.from_dict({"keys": [jwk]})) == 1,
    "load secret": lambda: HMACKey(bytes(range(32))).bits == 256,
    "sign": lambda: signer.sign(claims[3]) == tokens[3],
    "sign batch": lambda: signer.sign_batch(claims, threads=2) == tokens,
    "verify": lambda: verifier.verify(tokens[2]) == claims[2],
    "verify batch": lambda: verifier.verify_batch([*tokens, forged], threads=2).ok == [True] * 10 + [False],
    "verify signatures": lambda: verifier.verify_signatures([*tokens, forged], threads=2) == bytes(10) + b"\\x0b",
    "hmac": lambda: Verifier(secret, require=()).verify(Signer(secret).sign({})) == {},
    "fresh signer": fresh_signer,
    "fresh verifier": fresh_verifier,
}
# The kernel verifies one token without asking for memory, where the CPU hashes too.
frugal = {"verify"} if engines.current().name == "avx512ifma" else set()
step = int(sys.argv[1])
for name, take in work.items():
    k = refused = 0
    while True:
        k += 1 if k < 40 else step
        shim.fail_at(k)
        try:
            right = take()
        except MemoryError:
            right = True
            refused += 1
        finally:
            failed = shim.failed()
        assert right, (name, k)
        assert take(), (name, k, "afterwards")
        if not failed:
            break
    assert refused or name in frugal, name
print("good")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts allocations by a library that Linux loads first")
@pytest.mark.parametrize("name", [name for name in engines.available() if name != "pure"])
def test_each_allocation_may_fail_under_python(compiler: str, tmp_path: Path, name: str) -> None:
    """It is a MemoryError or nothing: no verdict on a token or a key, no member of a set left out, and all works on."""
    if "san" in os.environ.get("LD_PRELOAD", ""):
        pytest.skip("a sanitizer's allocator takes the place of this one")
    source, library = tmp_path / "shim.c", tmp_path / "shim.so"
    source.write_text(SHIM, encoding="ascii")
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", str(source), "-o", str(library), "-ldl"], check=True)
    step = 1 if scaled(1, 10) > 1 else 23
    assert child.output_of(STARVED, str(step), LD_PRELOAD=str(library), FASTJWT_ENGINE=name) == "good"


def test_a_status_that_says_nothing_of_its_token_is_a_memory_error_and_no_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here nobody works on the job, as if the pool had closed in the middle: no token has got its status."""
    from fastjwt.backends import native

    with engines.use("openssl") as backend:
        split = backend.split([tokens.token()] * 3, Limits(), want_payloads=False)
        job = backend.verify(split, [tokens.public()._handle(backend)], bytes([Status.KEY_NOT_FOUND]), 1)
        monkeypatch.setattr(native, "_run", lambda _job, _following: None)
        with pytest.raises(MemoryError):
            job.wait()
