"""The one module that touches the native library.  Hazardous inside, ordinary Python outside.

It hands over whole batches as one buffer with lengths, keeps every buffer alive for as long as C may look at it, and
turns numbers back into Python objects.  A C call gives up the GIL for its whole duration.
"""

from __future__ import annotations

import atexit
import functools
import threading
from array import array
from collections.abc import Sequence
from typing import Any

from .._native import ffi, lib
from ..errors import InvalidKeyError
from ..rsa_numbers import PrivateNumbers, PublicNumbers
from ..status import INTERNAL, NO_MEMORY, PENDING, Status
from .base import Expected, Limits, Shape, octets_of

__all__ = ["IFMABackend", "OpenSSLBackend", "raw_floor"]

# Ctrl-C is answered in the main thread, between two calls: none may last longer than this.  Taking the GIL again can
# cost 5 ms behind a busy thread, so it is not shorter either; other threads see no signals and go on to the end.
_MAIN_THREAD_BUDGET_MS = 50

_PRIVATE_PARTS = (
    lib.FJ_PART_N,
    lib.FJ_PART_E,
    lib.FJ_PART_D,
    lib.FJ_PART_P,
    lib.FJ_PART_Q,
    lib.FJ_PART_DP,
    lib.FJ_PART_DQ,
    lib.FJ_PART_QI,
)


def _check_enums() -> None:
    """Compare the numbers that Python and C carry for the same thing."""
    pairs = {f"FJ_{status.name}": int(status) for status in Status}
    pairs |= {f"FJ_{shape.name}": int(shape) for shape in Shape}
    pairs |= {"FJ_PENDING": PENDING, "FJ_NO_MEMORY": NO_MEMORY, "FJ_INTERNAL": INTERNAL}
    for name, value in pairs.items():
        if getattr(lib, name) != value:
            raise ImportError(f"fastjwt._native was built from other sources: {name} differs")


# Buffers that C fills before anything is read: clearing megabytes for each batch would cost more than splitting it.
_new_unset = ffi.new_allocator(should_clear_after_alloc=False)

_OK = int(Status.OK)  # comparing with a member of an enum costs a call
# So does a look-up in the library, or of a type by its name, at each token.
_OCTETS = ffi.typeof("uint8_t[]")
_single = lib.fj_single
_single_sign = lib.fj_single_sign
_SIGNATURE_ROOM = 1 + (lib.FJ_MAX_SIGNATURE_LEN * 4 + 2) // 3  # of a dot and the longest signature's segment

_check_enums()
atexit.register(lib.fj_shutdown)


def _raise_for(status: int, key_fault: str = "libcrypto cannot use this key") -> None:
    if status == NO_MEMORY:
        raise MemoryError
    if status != Status.OK:
        raise InvalidKeyError(key_fault)


# --- One token -------------------------------------------------------------------------------------------------------


class _Single:
    """One token and the buffers that it needs, used by one call at a time.

    Not thread-local: a signal handler or a destructor may verify a token in the middle of a verification in the same
    thread, and must get buffers of its own.
    """

    __slots__ = ("_decoded", "_idle", "c", "data", "header", "limits", "room", "status", "view")

    def __init__(self, idle: list[_Single]) -> None:
        self.c = ffi.new("struct fj_single *")
        self.limits: Limits | None = None
        self.data = b""
        self.header = b""
        self.status = PENDING
        self._idle = idle
        self.make_room(_SMALL_TOKEN)

    def make_room(self, size: int) -> None:
        self.room = size
        self._decoded = ffi.new("uint8_t[]", size)
        self.c.decoded = self._decoded
        self.view = ffi.buffer(self._decoded, size)

    def payload(self) -> bytes:
        octets: bytes = self.view[self.c.payload_start : self.c.payload_end]
        return octets

    def names(self) -> int:
        names: int = self.c.names
        return names

    def release(self) -> None:
        if len(self._idle) < _IDLE_SINGLES and self.room == _SMALL_TOKEN:
            self._idle.append(self)


# Buffers for one token that are kept for the next: few, and none that a large token has grown.
_IDLE_SINGLES = 64
_SMALL_TOKEN = 4096


# --- Many tokens -----------------------------------------------------------------------------------------------------


def _set_limits(c_limits: Any, limits: Limits, want_payload: bool) -> None:
    c_limits.max_token_len = limits.max_token_bytes
    c_limits.max_header_len = limits.max_header_bytes
    c_limits.allow_padding = limits.allow_padding
    c_limits.want_payload = want_payload


class _Split:
    """A batch after crossing 1.  Holds every buffer that crossing 2 reads."""

    def __init__(
        self, tokens: Sequence[Any], limits: Limits, want_payloads: bool, characters: int | None
    ) -> None:
        self.count = len(tokens)
        c_limits = ffi.new("struct fj_limits *")
        _set_limits(c_limits, limits, want_payloads)
        data = _joined_lines(tokens, limits.max_token_bytes, characters)
        if data is None or not self._cross(data, None, c_limits):
            octets, faults = octets_of(tokens, limits.max_token_bytes)
            self._cross(b"".join(octets), array("Q", map(len, octets)), c_limits)
            for index, fault in faults.items():
                self.status[index] = fault

    def _cross(self, data: bytes, lengths: array[int] | None, c_limits: Any) -> bool:
        """Find the segments in `data`; return False if it holds more line ends than those between tokens."""
        room = self.count or 1
        self.data = data
        self.status = _new_unset("uint8_t[]", room)
        self.tokens = _new_unset("struct fj_token[]", room)
        self.decoded = _new_unset("uint8_t[]", len(data) or 1)
        self._starts = _new_unset("uint64_t[]", room)
        self._ends = _new_unset("uint64_t[]", room)
        self._names = _new_unset("uint8_t[]", room)
        first = _new_unset("uint32_t[]", room)
        distinct = lib.fj_split(
            self.status,
            self.tokens,
            self._starts,
            self._ends,
            self._names,
            first,
            self.decoded,
            data,
            len(data),
            ffi.NULL if lengths is None else ffi.from_buffer("uint64_t[]", lengths),
            self.count,
            c_limits,
        )
        if distinct == _OTHER_LENGTHS and lengths is None:
            return False
        if distinct < 0:
            raise MemoryError
        self.headers = []
        for number in range(distinct):
            token = self.tokens[first[number]]
            self.headers.append(data[token.start : token.start + token.header_len])
        return True

    def statuses(self) -> bytes:
        octets: bytes = ffi.buffer(self.status, self.count)[:]
        return octets

    def header_of(self) -> Sequence[int]:
        tokens = self.tokens
        return [tokens[index].header for index in range(self.count)]

    def payload(self, index: int) -> bytes:
        octets: bytes = ffi.buffer(self.decoded)[self._starts[index] : self._ends[index]]
        return octets

    def names(self) -> bytes:
        octets: bytes = ffi.buffer(self._names, self.count)[:]
        return octets

    def gathered(
        self, expected: _Expectations | None, least: int, most: int
    ) -> tuple[memoryview, bytes, bytes]:
        # Each payload has fewer octets than its segment has characters, and a dot or two beside it for the comma.
        out = _new_unset(_OCTETS, len(self.data) + 2)
        names = _new_unset(_OCTETS, self.count or 1)
        shown = _new_unset(_OCTETS, self.count or 1)
        gathered = ffi.new("size_t *")
        length = lib.fj_gather(
            out,
            names,
            shown,
            gathered,
            self.status,
            self._starts,
            self._ends,
            self._names,
            self.decoded,
            self.count,
            ffi.NULL if expected is None else expected.members,
            0 if expected is None else expected.count,
            least,
            most,
        )
        count = gathered[0]
        return (
            memoryview(ffi.buffer(out, length)),
            ffi.buffer(names, count)[:],
            bytes(count) if expected is None else ffi.buffer(shown, count)[:],
        )

    def pend(self, indices: Sequence[int]) -> None:
        for index in indices:
            self.status[index] = PENDING


class _Expectations:
    """What members a payload should show, as C reads it."""

    def __init__(self, members: Sequence[Expected]) -> None:
        self.count = len(members)
        self.members = ffi.new("struct fj_expected[]", self.count or 1)
        self._keep: list[Any] = []
        for c, member in zip(self.members, members, strict=False):
            values = ffi.new("struct fj_octets[]", len(member.values) or 1)
            self._keep.append(values)
            _fill(c.name, member.name.encode(), self._keep)
            for octets, value in zip(values, member.values, strict=False):
                _fill(octets, value.encode(), self._keep)
            c.shape = member.shape
            c.needed = member.needed
            c.values = values
            c.value_count = len(member.values)


# What fj_split answers where the text is not as long, or has not as many lines, as was said.
_OTHER_LENGTHS = -2


def _joined_lines(tokens: Sequence[Any], max_token_bytes: int, characters: int | None) -> bytes | None:
    """Return the tokens with a line end between each two, if all are plain str of a size to work on, else None.

    The way of honest batches, without a step of Python for each token.
    """
    if characters is None and set(map(type, tokens)) == {str}:  # a subclass may say anything of its length
        characters = sum(map(len, tokens))
    # Where all together are no longer than one may be, no single one is.
    if characters is not None and (characters <= max_token_bytes or max(map(len, tokens)) <= max_token_bytes):
        text = "\n".join(tokens)
        if text.isascii():
            return text.encode("ascii")
    return None


def _new_job(*buffers: Any) -> Any:
    """Return memory for the address of a job, which is stopped before it and the job's buffers go.

    Python answers signals between a call and the use of its result, so a job that C returned could be lost to a Ctrl-C,
    and its threads would go on with buffers that are gone: C stores it here instead.  And an interruption may come
    before the first step of any Python function, a destructor's too: what stops the job runs no step of Python.
    """
    stop = functools.partial(lib.fj_job_release)
    stop.__dict__["buffers"] = buffers
    return ffi.gc(ffi.new("fj_job **"), stop)


def _run(job: Any, following: Any) -> None:
    """Work on the job until it is done, letting Python answer signals now and then."""
    in_main = threading.current_thread() is threading.main_thread()
    budget_ms = _MAIN_THREAD_BUDGET_MS if in_main else 0
    meanwhile = ffi.NULL if following is None else following.address[0]
    while not lib.fj_job_run(job[0], budget_ms, meanwhile):
        pass


class _Job:
    """A running verification.  Keeps the batch alive until C has let go of it."""

    def __init__(
        self, split: _Split, keys: Sequence[Any], verdicts: bytes, threads: int, before: Any
    ) -> None:
        self._split = split
        handles = ffi.new("fj_key *[]", [ffi.NULL if key is None else key for key in keys] or 1)
        self.address = _new_job(split)
        status = lib.fj_verify_start(
            self.address,
            split.status,
            split.tokens,
            split.count,
            split.data,
            split.decoded,
            handles,
            verdicts,
            len(verdicts),
            threads,
            ffi.NULL if before is None else before.address[0],
        )
        if status != Status.OK:
            raise MemoryError

    def wait(self, following: Any = None) -> None:
        if self.address[0] == ffi.NULL:
            return
        _run(self.address, following)
        self.release()
        statuses = self._split.statuses()
        if PENDING in statuses or NO_MEMORY in statuses or INTERNAL in statuses:
            raise MemoryError("libcrypto could not finish a verification")

    def release(self) -> None:
        lib.fj_job_release(self.address)


class _Signing:
    """Running signatures.  Keeps what they read and write alive until C has let go of it."""

    def __init__(self, key: Any, prefix: bytes, payloads: Sequence[bytes], threads: int, before: Any) -> None:
        count = len(payloads)
        self._lengths = array("Q", map(len, payloads))
        joined = b"".join(payloads)
        c_lengths = ffi.from_buffer("uint64_t[]", self._lengths)
        total = lib.fj_sign_len(key, len(prefix), c_lengths, count)
        self._out = _new_unset(_OCTETS, total)
        self._status = ffi.new("uint8_t[]", count)
        # What each token holds beside its payload's segment.
        self._around = len(prefix) + 1 + _encoded_len(lib.fj_key_signature_len(key))
        self.address = _new_job(self._out, self._status, prefix, joined, self._lengths, c_lengths)
        started = lib.fj_sign_start(
            self.address,
            self._out,
            total,
            self._status,
            key,
            prefix,
            len(prefix),
            joined,
            len(joined),
            c_lengths,
            count,
            threads,
            ffi.NULL if before is None else before.address[0],
        )
        if started != Status.OK:
            raise MemoryError

    def wait(self, following: Any = None) -> None:
        _run(self.address, following)
        self.release()
        count = len(self._lengths)
        statuses: bytes = ffi.buffer(self._status, count)[:]
        if statuses.count(Status.OK) != count:
            raise MemoryError("libcrypto could not finish a signature")

    def tokens(self) -> list[str]:
        text = str(ffi.buffer(self._out), "ascii")  # cut afterwards: that takes half the time
        tokens = []
        start = 0
        for length in self._lengths:
            end = start + self._around + _encoded_len(length)
            tokens.append(text[start:end])
            start = end
        return tokens

    def release(self) -> None:
        lib.fj_job_release(self.address)


# --- The engine ------------------------------------------------------------------------------------------------------


def _octets_of_number(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _fill(octets: Any, value: bytes, keep: list[Any]) -> None:
    """Point a struct fj_octets at `value`, and keep that alive."""
    view = ffi.from_buffer("uint8_t[]", value)
    keep.append(view)
    octets.data = view
    octets.len = len(value)


class OpenSSLBackend:
    """libcrypto, called directly from C."""

    name = "openssl"
    _engine: int = lib.FJ_ENGINE_OPENSSL

    def __init__(self) -> None:
        if lib.fj_init() != Status.OK:
            raise ImportError("libcrypto offers no SHA-256 or HMAC here (see its configuration)")
        self.openssl_version: str = ffi.string(lib.fj_openssl_version()).decode("ascii", "replace")
        self._idle: list[_Single] = []

    def counters(self) -> dict[str, int]:
        return {
            "openssl.sign": lib.fj_count(lib.FJ_COUNT_OPENSSL_SIGN),
            "openssl.verify": lib.fj_count(lib.FJ_COUNT_OPENSSL_VERIFY),
            "openssl.hmac": lib.fj_count(lib.FJ_COUNT_HMAC_SIGN) + lib.fj_count(lib.FJ_COUNT_HMAC_VERIFY),
        }

    # --- Keys

    def _adopt(self, key: Any, status: Any, fault: str) -> Any:
        if key == ffi.NULL:
            _raise_for(status[0], fault)
        return ffi.gc(key, lib.fj_key_release)

    def load_public(self, numbers: PublicNumbers) -> Any:
        keep: list[Any] = []
        parts = ffi.new("struct fj_octets[2]")
        for part, number in zip(parts, numbers, strict=True):
            _fill(part, _octets_of_number(number), keep)
        status = ffi.new("int *")
        return self._adopt(
            lib.fj_key_public(status, parts[0], parts[1], self._engine),
            status,
            "libcrypto refuses this RSA key",
        )

    def load_private(self, numbers: PrivateNumbers) -> Any:
        keep: list[Any] = []
        parts = ffi.new("struct fj_octets[8]")
        for part, number in zip(parts, numbers, strict=True):
            _fill(part, _octets_of_number(number), keep)
        status = ffi.new("int *")
        key = lib.fj_key_private(status, parts, self._engine)
        return self._adopt(key, status, "the private key does not sign what its public half verifies")

    def _export(self, handle: Any, part: int) -> bytes:
        out = bytearray(lib.fj_key_export(handle, ffi.NULL, part))
        lib.fj_key_export(handle, ffi.from_buffer("uint8_t[]", out, require_writable=True), part)
        return bytes(out)

    def export_private(self, handle: Any) -> PrivateNumbers:
        return PrivateNumbers(*(int.from_bytes(self._export(handle, part), "big") for part in _PRIVATE_PARTS))

    def load_secret(self, secret: bytes) -> Any:
        keep: list[Any] = []
        octets = ffi.new("struct fj_octets *")
        _fill(octets, secret, keep)
        status = ffi.new("int *")
        return self._adopt(lib.fj_key_secret(status, octets[0]), status, "libcrypto refuses this secret")

    def export_secret(self, handle: Any) -> bytes:
        return self._export(handle, lib.FJ_PART_SECRET)

    def generate(self, bits: int) -> PrivateNumbers:
        status = ffi.new("int *")
        key = self._adopt(
            lib.fj_key_generate(status, bits), status, "libcrypto could not generate an RSA key"
        )
        return self.export_private(key)

    def is_prime(self, candidate: int) -> bool:
        return self._prime_verdict(lib.fj_is_prime, candidate)

    def may_be_prime(self, candidate: int) -> bool:
        return self._prime_verdict(lib.fj_may_be_prime_var, candidate)

    def _prime_verdict(self, test: Any, candidate: int) -> bool:
        keep: list[Any] = []
        octets = ffi.new("struct fj_octets *")
        _fill(octets, _octets_of_number(candidate), keep)
        verdict = test(octets[0])
        if verdict < 0:
            raise MemoryError
        return bool(verdict)

    # --- Verifying

    def split_one(self, token: bytes, limits: Limits) -> _Single:
        try:
            single = self._idle.pop()
        except IndexError:
            single = _Single(self._idle)
        length = len(token)
        if length > limits.max_token_bytes:
            single.status = Status.TOO_LONG
            return single
        if length > single.room:
            single.make_room(length)
        c = single.c
        if single.limits is not limits:
            _set_limits(c.limits, limits, want_payload=True)
            single.limits = limits
        single.status = lib.fj_single_split(c, token, length)
        single.data = token
        single.header = token[: c.token.header_len]
        return single

    def verify_known(self, token: bytes, limits: Limits, key: Any) -> tuple[int, bytes, int]:
        try:
            single = self._idle.pop()
        except IndexError:
            single = _Single(self._idle)
        length = len(token)
        if length > single.room:
            single.make_room(length)
        if single.limits is not limits:
            _set_limits(single.c.limits, limits, want_payload=True)
            single.limits = limits
        found: int = _single(single.c, key, token, length)
        if found >= 0:
            known = (_OK, single.view[: found >> 8], found & 0xFF)
        elif found > -PENDING:
            known = (-found, b"", 0)
        else:
            raise MemoryError("libcrypto could not finish a verification")
        if length <= _SMALL_TOKEN and len(self._idle) < _IDLE_SINGLES:
            self._idle.append(single)
        return known

    def verify_one(self, token: _Single, key: Any) -> int:
        status: int = lib.fj_single_verify(token.c, key, token.data)
        if status >= PENDING:
            raise MemoryError("libcrypto could not finish a verification")
        return status

    def split(
        self, tokens: Sequence[Any], limits: Limits, want_payloads: bool, characters: int | None = None
    ) -> _Split:
        return _Split(tokens, limits, want_payloads, characters)

    def verify(
        self, split: _Split, keys: Sequence[Any], verdicts: bytes, threads: int, before: Any = None
    ) -> _Job:
        return _Job(split, keys, verdicts, threads, before)

    def verify_message(self, key: Any, signature: bytes, message: bytes) -> bool:
        status = lib.fj_verify_message(key, signature, len(signature), message, len(message))
        if status >= PENDING:
            raise MemoryError("libcrypto could not finish a verification")
        return bool(status == Status.OK)

    def expect(self, members: Sequence[Expected]) -> _Expectations:
        return _Expectations(members)

    # --- Signing

    def sign_one(self, key: Any, prefix: bytes, payload: bytes) -> str:
        length = len(payload)
        room = len(prefix) + _encoded_len(length) + _SIGNATURE_ROOM
        out = _new_unset(_OCTETS, room)
        written: int = _single_sign(key, out, room, prefix, len(prefix), payload, length)
        if written <= 0:
            raise MemoryError("libcrypto could not finish a signature")
        return str(ffi.buffer(out, written), "ascii")

    def sign(
        self, key: Any, prefix: bytes, payloads: Sequence[bytes], threads: int, before: Any = None
    ) -> _Signing:
        return _Signing(key, prefix, payloads, threads, before)

    def sign_message(self, key: Any, message: bytes) -> bytes:
        signature = bytearray(lib.fj_key_signature_len(key))
        c_signature = ffi.from_buffer("uint8_t[]", signature, require_writable=True)
        if lib.fj_sign_message(key, c_signature, len(signature), message, len(message)) != Status.OK:
            raise MemoryError("libcrypto could not finish a signature")
        return bytes(signature)


class IFMABackend(OpenSSLBackend):
    """The 8-lane AVX-512 IFMA kernel where it takes the key, and libcrypto for all else."""

    name = "avx512ifma"
    _engine: int = lib.FJ_ENGINE_IFMA

    def __init__(self) -> None:
        super().__init__()
        kernel = lib.fj_kernel()
        if kernel == lib.FJ_KERNEL_NO_CPU:
            raise ImportError("this CPU, or its operating system, offers no AVX-512 IFMA")
        if kernel != lib.FJ_KERNEL_READY:
            raise ImportError("the kernel failed its known-answer test on this machine, and is off")

    def counters(self) -> dict[str, int]:
        return super().counters() | {
            "avx512ifma.sign": lib.fj_count(lib.FJ_COUNT_IFMA_SIGN),
            "avx512ifma.verify": lib.fj_count(lib.FJ_COUNT_IFMA_VERIFY),
            "avx512ifma.redone": lib.fj_count(lib.FJ_COUNT_IFMA_REDONE),
        }


def _encoded_len(octets: int) -> int:
    return (octets * 4 + 2) // 3


def raw_floor(handle: Any, operation: str, count: int) -> None:
    """Do `count` bare libcrypto operations ("sign" or "verify") with a private key's handle, in this thread.

    The floor of benchmarks: one context, one digest, no Python, nothing around it.  The caller holds the watch.
    """
    if lib.fj_floor(handle, operation == "sign", count) != Status.OK:
        raise MemoryError("libcrypto could not finish the raw loop")
