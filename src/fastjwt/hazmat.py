"""The raw layer: signatures over any message, for those who sign something that is no JWT, and for test vectors.

Same keys, same engines.  Nothing here reads a header, checks a claim or knows a time.
"""

from __future__ import annotations

from . import engines
from .exact import exact_bytes
from .keys import RSAPrivateKey, RSAPublicKey

__all__ = ["sign_pkcs1_sha256", "verify_pkcs1_sha256"]


def sign_pkcs1_sha256(private: RSAPrivateKey, message: bytes) -> bytes:
    """Return the RSASSA-PKCS1-v1_5 signature with SHA-256 of `message` (RFC 8017 section 8.2.1).

    It is as long as the modulus in bytes, and the same on every engine.  Raises TypeError for other types.
    """
    if not isinstance(private, RSAPrivateKey):
        raise TypeError(f"signing takes an RSAPrivateKey, got {type(private).__name__}")
    octets = _exact(message, "message")
    backend = engines.current()
    return backend.sign_message(private._handle(backend), octets)


def verify_pkcs1_sha256(public: RSAPublicKey, signature: bytes, message: bytes) -> bool:
    """Return whether `signature` is the key's over `message` (RFC 8017 section 8.2.2).

    Raises TypeError for other types; no content of the bytes raises anything.
    """
    if not isinstance(public, RSAPublicKey):
        raise TypeError(f"verifying takes an RSAPublicKey, got {type(public).__name__}")
    exact_signature = _exact(signature, "signature")
    exact_message = _exact(message, "message")
    backend = engines.current()
    return backend.verify_message(public._handle(backend), exact_signature, exact_message)


def _exact(octets: bytes, what: str) -> bytes:
    """Return bytes proper: C is told the length, and a subclass may lie about its own."""
    if not isinstance(octets, bytes):
        raise TypeError(f"{what} must be bytes, got {type(octets).__name__}")
    return exact_bytes(octets)
