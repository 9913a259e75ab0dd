"""The contenders, one small class each; to add one, write it and name it here."""

from __future__ import annotations

from .authlib import Authlib
from .bare_cryptography import BareCryptography
from .base import CLOCKS, Contender, Timing, Unavailable
from .fastjwt_engines import FastJWTKernel, FastJWTOpenSSL, FastJWTPure
from .joserfc import Joserfc
from .jwcrypto import JWCrypto
from .libcrypto import LibcryptoLoop, OpenSSLSpeed
from .node import NpmFastJWT, NpmJose
from .oxyjwt import OxyJWT
from .pyjwt import PyJWT, PyJWTWithPEM
from .pyjwt_rs import PyJWTRust
from .python_jose import PythonJose
from .ryjwt import RyJWT
from .webtoken import WebToken

__all__ = ["ALL", "CLOCKS", "Contender", "Timing", "Unavailable", "by_id", "survey"]

ALL: tuple[type[Contender], ...] = (
    FastJWTKernel,
    FastJWTOpenSSL,
    FastJWTPure,
    PyJWT,
    PyJWTWithPEM,
    Joserfc,
    Authlib,
    JWCrypto,
    PythonJose,
    OxyJWT,
    WebToken,
    PyJWTRust,
    RyJWT,
    BareCryptography,
    NpmJose,
    NpmFastJWT,
    OpenSSLSpeed,
    LibcryptoLoop,
)


def by_id(name: str) -> type[Contender]:
    """Return the contender with this id."""
    return next(contender for contender in ALL if contender.id == name)


def survey() -> dict[str, str | None]:
    """Return for each contender why it cannot be measured here, or None if it can."""
    found: dict[str, str | None] = {}
    for contender in ALL:
        try:
            contender.check_available()
        except Exception as error:  # noqa: BLE001 - whatever a peer's import raises, the run goes on without it
            found[contender.id] = str(error) or type(error).__name__
        else:
            found[contender.id] = None
    return found
