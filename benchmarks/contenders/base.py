"""What a contender is: one small class that mints and verifies in its library's fastest idiomatic way."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

from corpus import Corpus

Claims = dict[str, Any]

# Which method of a contender does which operation.
METHODS = {
    "sign": "sign",
    "verify": "verify",
    "sign_batch": "sign_batch",
    "verify_batch": "verify_batch",
    "verify_signatures": "verify_signatures",
    "key:private-pem": "import_private_pem",
    "key:public-pem": "import_public_pem",
    "key:public-jwk": "import_public_jwk",
    "key:jwks-100": "import_jwks",
}


class Unavailable(Exception):
    """The contender cannot be measured here; the message says why."""


class NotInstalled(Unavailable):
    """Likewise, because it is not there; installing.py may know the reason."""


class Timing(NamedTuple):
    """What a contender measured by itself: operations, the seconds that they took, and what is to be checked."""

    items: int
    seconds: float
    answer: Any


CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


class Contender:
    """One way to mint and to verify tokens.

    A subclass sets the names below and defines the methods of the operations that it takes part in, out of `METHODS`:

        sign(claims) -> token                      verify(token) -> claims
        sign_batch(claims, threads) -> tokens      verify_batch(tokens, threads) -> claims, None for a bad one
        verify_signatures(tokens, threads) -> one number a token, 0 for a good one
        import_private_pem(pem), import_public_pem(pem), import_public_jwk(dict) -> key
        import_jwks(text) -> list of keys          modulus(key) -> int, so that an import can be checked

    `verify` checks signature, exp, iss and aud, by the library's own means, and raises for a bad token.  Whatever can
    be done once is done in `__init__`.
    """

    id: ClassVar[str]
    label: ClassVar[str]
    how: ClassVar[str]
    language: ClassVar[str] = "Python"
    # What pip calls it and Python imports, or None where nothing is to be installed.
    distribution: ClassVar[str | None] = None
    module: ClassVar[str | None] = None
    needs_python: ClassVar[tuple[int, int]] = (3, 10)
    algorithms: ClassVar[tuple[str, ...]] = ("RS256", "HS256")
    # Measures its own time, by `timed`: what runs in another process.
    times_itself: ClassVar[bool] = False
    # Its batches run on as many threads as they are told, not on one only.
    threaded_batches: ClassVar[bool] = True

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.clock = "wall"  # or "cpu", for those that measure their own time

    @classmethod
    def check_available(cls) -> None:
        """Raise an exception, best `Unavailable`, if the contender cannot be used here."""
        if sys.version_info < cls.needs_python:
            wanted, here = (
                ".".join(map(str, version[:2])) for version in (cls.needs_python, sys.version_info)
            )
            raise Unavailable(f"{cls.distribution} needs Python {wanted} or later; this is {here}")
        if cls.module is not None:
            if importlib.util.find_spec(cls.module) is None:
                raise NotInstalled(f"{cls.distribution} is not installed")
            importlib.import_module(cls.module)

    @classmethod
    def version(cls) -> str | None:
        """Return the version of what is measured."""
        return importlib.metadata.version(cls.distribution) if cls.distribution else None

    @classmethod
    def library(cls) -> str:
        """Return, in few words, what does the RSA."""
        return f"cryptography {importlib.metadata.version('cryptography')}"

    @classmethod
    def takes_part_in(cls, operation: str, alg: str = "RS256") -> bool:
        """Return whether the contender has a method for the operation."""
        return alg in cls.algorithms and getattr(cls, METHODS.get(operation, operation), None) is not None

    def function(self, operation: str) -> Callable[..., Any]:
        """Return what is called for the operation; overridden where a wrapper of ours would cost time."""
        function: Callable[..., Any] = getattr(self, METHODS[operation])
        return function

    def timed(self, operation: str, count: int, threads: int) -> Timing:
        """Do `count` operations on `threads` threads and say how long they took; for what times itself."""
        raise NotImplementedError

    def modulus(self, key: Any) -> int:
        """Return the modulus of a key that was imported."""
        raise NotImplementedError

    def refuses(self, token: str) -> bool:
        """Return whether a spoiled token is refused; for what times itself."""
        raise NotImplementedError

    def processes(self) -> Sequence[int]:
        """Return the ids of the processes that work for this contender beside the one that calls it."""
        return ()

    def counted(self) -> dict[str, int]:
        """Return counters of what did the work, where a contender has some."""
        return {}

    def close(self) -> None:
        """End what was started."""


def module(name: str) -> Any:
    """Import a library that may be missing, and whose types nobody needs."""
    return importlib.import_module(name)


def cryptography_keys(corpus: Corpus) -> tuple[Any, Any]:
    """Return the private and the public key as objects of the cryptography package."""
    from cryptography.hazmat.primitives import serialization

    private = serialization.load_pem_private_key(corpus.private_pem, None)
    return private, private.public_key()


def cryptography_modulus(key: Any) -> int:
    """Return the modulus of a key of the cryptography package, private or public."""
    public = key.public_key() if hasattr(key, "public_key") else key
    modulus: int = public.public_numbers().n
    return modulus


def short_openssl(version: str) -> str:
    """Return `OpenSSL 3.0.19` of the long text with a date that libcrypto gives."""
    return " ".join(version.split(" ")[:2])
