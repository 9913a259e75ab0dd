"""The floor: `openssl speed` as a command, and a bare libcrypto loop in this process."""

from __future__ import annotations

import os

from corpus import Corpus
from openssl_speed import openssl_speed

import fastjwt
from fastjwt import engines

from .base import CLOCKS, Contender, Timing, Unavailable, short_openssl

SPEED_SECONDS = 1  # openssl speed takes whole ones


class OpenSSLSpeed(Contender):
    """The command; one start gives the figures of signing and of verifying."""

    id = "openssl-speed"
    label = "openssl speed"
    how = "`openssl speed rsaN` of the system, pinned to the same core; -multi N for N threads: bare RSA, no token."
    language = "C"
    algorithms = ("RS256",)
    times_itself = True

    @classmethod
    def check_available(cls) -> None:
        if cls.version() is None:
            raise Unavailable("there is no command openssl")

    @classmethod
    def version(cls) -> str | None:
        import circumstances

        return circumstances.output("openssl", "version").removeprefix("OpenSSL ").split(" ")[0] or None

    @classmethod
    def library(cls) -> str:
        return f"OpenSSL {cls.version()}"

    def floor(self, threads: int) -> tuple[dict[str, float], float]:
        """Return operations a second, `sign` and `verify`, on the first cores of this process, and CPU seconds."""
        cores = sorted(os.sched_getaffinity(0))[:threads]
        rates, cpu = openssl_speed(cores, self.corpus.bits, SPEED_SECONDS, self.clock)
        return {name.removeprefix("openssl "): rate for name, rate in rates.items()}, cpu


class LibcryptoLoop(Contender):
    """Sign or verify one digest over and over, in C, with one context."""

    id = "libcrypto-loop"
    label = "libcrypto loop"
    how = "A loop in C around the bare RSA operation of libcrypto, one digest, one context: no token, no SHA-256."
    language = "C"
    algorithms = ("RS256",)
    times_itself = True

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus)
        from fastjwt.backends import native

        self._raw_floor = native.raw_floor
        key = fastjwt.RSAPrivateKey.from_pem(corpus.private_pem)
        with engines.use("openssl") as backend:
            self._handle = key._handle(backend)

    @classmethod
    def check_available(cls) -> None:
        if "openssl" not in engines.available():
            raise Unavailable(engines.why_not("openssl"))

    @classmethod
    def library(cls) -> str:
        with engines.use("openssl"):
            return short_openssl(fastjwt.engine().openssl_version)

    sign = verify = True  # takes part in both, by `timed`

    def timed(self, operation: str, count: int, threads: int) -> Timing:
        # C checks the status of each operation, which is all the answer that there is.
        clock = CLOCKS[self.clock]
        start = clock()
        self._raw_floor(self._handle, operation, count)
        return Timing(count, clock() - start, None)

    def refuses(self, token: str) -> bool:
        # It has no tokens; libcrypto's own verdict on each operation is its check.
        return True
