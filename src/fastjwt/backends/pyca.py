"""The `pure` engine: the `cryptography` package does the arithmetic, nothing of ours needs a compiler.

Same API, same bytes, same verdicts as the native engines.  It works in the calling thread alone: a thread for each
token costs more than it brings, since each call takes and gives back the GIL.
"""

from __future__ import annotations

import hmac
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn, TypeVar

from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.backends.openssl import backend as _openssl
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, Hash

from .. import base64url, primes
from ..errors import InvalidKeyError
from ..rsa_numbers import PrivateNumbers, PublicNumbers
from ..status import PENDING, Status
from .base import Expected, Limits, octets_of

__all__ = ["PureBackend"]

_PADDING = PKCS1v15()
_SHA256 = SHA256()
_FAULTS = {
    "alphabet": Status.BAD_ALPHABET,
    "length": Status.BAD_LENGTH,
    "bits": Status.BAD_BITS,
}


_PATIENCE_SECONDS = 1.0
_STEP_SECONDS = 0.0005

_Made = TypeVar("_Made")


class _ForkGate:
    """Lets a fork wait until no thread is inside the cryptography package.

    A lock of its libcrypto that another thread holds at that moment would stay locked in the child for ever.  The fork
    waits a second at most: it may come from a signal handler that interrupted this very work.

    There is no lock here.  What a signal handler raises, as at Ctrl-C, comes between any two steps of Python, and would
    leave one locked for all other threads; adding to a set and discarding are one step each.
    """

    def __init__(self) -> None:
        self._reset()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._close, after_in_parent=self._open, after_in_child=self._reset)

    def _reset(self) -> None:
        self._inside: set[object] = set()
        self._forking = False

    def _close(self) -> None:
        self._forking = True
        if not _wait_while(lambda: bool(self._inside)):
            self._inside.clear()  # no later fork waits for the same ones again

    def _open(self) -> None:
        self._forking = False

    def call(self, work: Callable[..., _Made], *arguments: object) -> _Made:
        """Return what `work` returns, a step into the cryptography package."""
        mark = object()
        try:
            self._inside.add(mark)
            if self._forking:
                self._step_aside(mark)
            return work(*arguments)
        finally:
            self._inside.discard(mark)

    def _step_aside(self, mark: object) -> None:
        def forking() -> bool:
            self._inside.discard(mark)
            if self._forking:
                return True
            self._inside.add(mark)  # and look again: a fork may have begun in between
            return self._forking

        _wait_while(forking)
        self._inside.add(mark)


def _wait_while(condition: Callable[[], bool]) -> bool:
    """Return whether the condition ended before the patience did."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while condition():
        if time.monotonic() > end:
            return False
        time.sleep(_STEP_SECONDS)
    return True


_gate = _ForkGate()


def _tried_private(numbers: PrivateNumbers) -> rsa.RSAPrivateKey:
    public = rsa.RSAPublicNumbers(numbers.e, numbers.n)
    # Our own checks have passed, and are quicker than the 33 ms of the package's.
    handle = rsa.RSAPrivateNumbers(
        numbers.p, numbers.q, numbers.d, numbers.dp, numbers.dq, numbers.qi, public
    ).private_key(unsafe_skip_rsa_key_validation=True)
    signature = handle.sign(b"fastjwt", _PADDING, _SHA256)
    handle.public_key().verify(signature, b"fastjwt", _PADDING, _SHA256)
    return handle


class _Secret(NamedTuple):
    octets: bytes

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled")


class _Token:
    """One token as three segments."""

    __slots__ = ("_payload", "header", "signature", "signed", "status")

    def __init__(self, raw: bytes, limits: Limits) -> None:
        self.header = b""
        self.signed = b""
        self.signature = b""
        self._payload = b""
        self.status = self._split(raw, limits)

    def payload(self) -> bytes:
        return self._payload

    def names(self) -> int:
        return 0

    def release(self) -> None:
        pass

    def _split(self, raw: bytes, limits: Limits) -> int:
        if len(raw) > limits.max_token_bytes:
            return Status.TOO_LONG
        dot1 = raw.find(b".")
        dot2 = raw.find(b".", dot1 + 1)
        if dot1 < 1 or dot2 < dot1 + 2 or dot2 + 1 == len(raw) or raw.find(b".", dot2 + 1) >= 0:
            return Status.BAD_SEGMENTS
        if dot1 > limits.max_header_bytes:
            return Status.HEADER_TOO_LONG
        segments = []
        for segment in (raw[:dot1], raw[dot1 + 1 : dot2], raw[dot2 + 1 :]):
            text = base64url.without_padding(segment) if limits.allow_padding else segment
            fault = base64url.fault_of(text)
            if fault is not None:
                return _FAULTS[fault]
            segments.append(base64url.decode_checked(text))
        self.header = raw[:dot1]
        self.signed = raw[:dot2]
        self._payload = segments[1]
        self.signature = segments[2]
        return PENDING


class _Split:
    """Many tokens as segments."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.status = bytearray(token.status for token in tokens)
        self.headers: list[bytes] = []
        self._header_of: list[int] = []
        numbers: dict[bytes, int] = {}
        for token in tokens:
            if token.status != PENDING:
                self._header_of.append(0)
                continue
            number = numbers.setdefault(token.header, len(numbers))
            if number == len(self.headers):
                self.headers.append(token.header)
            self._header_of.append(number)

    def statuses(self) -> bytes:
        return bytes(self.status)

    def header_of(self) -> Sequence[int]:
        return self._header_of

    def payload(self, index: int) -> bytes:
        return self.tokens[index].payload()

    def names(self) -> bytes:
        return bytes(len(self.tokens))  # counting in Python would cost more than it spares

    def gathered(self, expected: Any, least: int, most: int) -> tuple[memoryview, bytes, bytes]:
        return memoryview(b"[]"), b"", b""

    def pend(self, indices: Sequence[int]) -> None:
        for index in indices:
            self.status[index] = PENDING


class _Job:
    """Nothing runs beside the caller, so the work is done when it is waited for."""

    def __init__(self, backend: PureBackend, split: _Split, keys: Sequence[Any], verdicts: bytes) -> None:
        self._arguments: tuple[PureBackend, _Split, Sequence[Any], bytes] | None = (
            backend,
            split,
            keys,
            verdicts,
        )

    def wait(self, following: Any = None) -> None:
        if self._arguments is None:
            return
        backend, split, keys, verdicts = self._arguments
        header_of = split.header_of()
        for index, token in enumerate(split.tokens):
            if split.status[index] != PENDING:
                continue
            key = keys[header_of[index]]
            split.status[index] = (
                verdicts[header_of[index]] if key is None else backend.verify_one(token, key)
            )
        self._arguments = None

    def release(self) -> None:
        self._arguments = None


class _Signing:
    """Signatures, all made in `wait`: threads make this engine slower."""

    def __init__(self, backend: PureBackend, key: Any, prefix: bytes, payloads: Sequence[bytes]) -> None:
        self._backend = backend
        self._key = key
        self._prefix = prefix
        self._payloads = payloads
        self._tokens: list[str] = []

    def wait(self, following: Any = None) -> None:
        self._tokens = [
            self._backend.sign_one(self._key, self._prefix, payload) for payload in self._payloads
        ]

    def tokens(self) -> list[str]:
        return self._tokens

    def release(self) -> None:
        pass


class PureBackend:
    """RS256 and HS256 by `cryptography` and the standard library."""

    name = "pure"

    def __init__(self) -> None:
        try:
            Hash(_SHA256).finalize()
        except (InternalError, UnsupportedAlgorithm):
            raise ImportError(
                "cryptography's libcrypto offers no SHA-256 here (see its configuration)"
            ) from None
        self.openssl_version = _openssl.openssl_version_text()
        self._counts = {"pure.sign": 0, "pure.verify": 0, "pure.hmac": 0}
        self._lock = threading.Lock()

    def _count(self, what: str) -> None:
        with self._lock:
            self._counts[what] += 1

    def counters(self) -> dict[str, int]:
        return dict(self._counts)

    # --- Keys

    def load_public(self, numbers: PublicNumbers) -> rsa.RSAPublicKey:
        try:
            return _gate.call(rsa.RSAPublicNumbers(numbers.e, numbers.n).public_key)
        except (ValueError, UnsupportedAlgorithm):
            raise InvalidKeyError("the cryptography package refuses this RSA key") from None

    def load_private(self, numbers: PrivateNumbers) -> rsa.RSAPrivateKey:
        try:
            return _gate.call(_tried_private, numbers)
        except (ValueError, UnsupportedAlgorithm, InvalidSignature):
            raise InvalidKeyError("the private key does not sign what its public half verifies") from None

    def export_private(self, handle: rsa.RSAPrivateKey) -> PrivateNumbers:
        its = handle.private_numbers()
        public = its.public_numbers
        return PrivateNumbers(public.n, public.e, its.d, its.p, its.q, its.dmp1, its.dmq1, its.iqmp)

    def load_secret(self, secret: bytes) -> _Secret:
        return _Secret(secret)

    def export_secret(self, handle: _Secret) -> bytes:
        return handle.octets

    def generate(self, bits: int) -> PrivateNumbers:
        return self.export_private(_gate.call(rsa.generate_private_key, 65537, bits))

    def is_prime(self, candidate: int) -> bool:
        return primes.is_prime(candidate)

    def may_be_prime(self, candidate: int) -> bool:
        return primes.may_be_prime(candidate)

    # --- Verifying

    def split_one(self, token: bytes, limits: Limits) -> _Token:
        return _Token(token, limits)

    def verify_known(self, token: bytes, limits: Limits, key: Any) -> tuple[int, bytes, int]:
        split = _Token(token, limits)
        status = split.status if split.status != PENDING else self.verify_one(split, key)
        return status, split.payload() if status == Status.OK else b"", 0

    def split(
        self, tokens: Sequence[Any], limits: Limits, want_payloads: bool, characters: int | None = None
    ) -> _Split:
        del characters
        octets, faults = octets_of(tokens, limits.max_token_bytes)
        split = [_Token(raw, limits) for raw in octets]
        for index, fault in faults.items():
            split[index].status = fault
        return _Split(split)

    def verify_one(self, token: _Token, key: Any) -> int:
        return Status.OK if self.verify_message(key, token.signature, token.signed) else Status.BAD_SIGNATURE

    def verify(
        self, split: _Split, keys: Sequence[Any], verdicts: bytes, threads: int, before: Any = None
    ) -> _Job:
        return _Job(self, split, keys, verdicts)

    def verify_message(self, key: Any, signature: bytes, message: bytes) -> bool:
        if type(key) is _Secret:
            self._count("pure.hmac")
            return hmac.compare_digest(hmac.digest(key.octets, message, "sha256"), signature)
        self._count("pure.verify")
        public = key.public_key() if isinstance(key, rsa.RSAPrivateKey) else key
        if len(signature) != (public.key_size + 7) // 8:
            return False
        try:
            _gate.call(public.verify, signature, message, _PADDING, _SHA256)
        except InvalidSignature:
            return False
        return True

    def expect(self, members: Sequence[Expected]) -> None:
        return None  # no payload is plain here

    # --- Signing

    def sign_one(self, key: Any, prefix: bytes, payload: bytes) -> str:
        signed = prefix.decode("ascii") + base64url.encode(payload)
        return f"{signed}.{base64url.encode(self.sign_message(key, signed.encode('ascii')))}"

    def sign(
        self, key: Any, prefix: bytes, payloads: Sequence[bytes], threads: int, before: Any = None
    ) -> _Signing:
        return _Signing(self, key, prefix, payloads)

    def sign_message(self, key: Any, message: bytes) -> bytes:
        if type(key) is _Secret:
            self._count("pure.hmac")
            return hmac.digest(key.octets, message, "sha256")
        self._count("pure.sign")
        signature: bytes = _gate.call(key.sign, message, _PADDING, _SHA256)
        return signature
