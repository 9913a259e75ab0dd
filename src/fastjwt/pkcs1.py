"""The bare RSA structures of PKCS#1 (RFC 8017 appendix A.1): RSAPublicKey and RSAPrivateKey."""

from __future__ import annotations

from . import der
from .rsa_numbers import PrivateNumbers, PublicNumbers

__all__ = ["read_private", "read_public", "write_private", "write_public"]

_TWO_PRIMES = 0  # the version; 1 is a key of three primes or more, which RS256 libraries do not share


def read_public(octets: bytes) -> PublicNumbers:
    """Read an RSAPublicKey; InvalidKeyError if its form is wrong.  The numbers are not judged here."""
    outer = der.Reader(octets, "PKCS#1 public key")
    fields = outer.inside()
    outer.finish()
    numbers = PublicNumbers(fields.integer(), fields.integer())
    fields.finish()
    return numbers


def read_private(octets: bytes) -> PrivateNumbers:
    """Read an RSAPrivateKey; InvalidKeyError if its form is wrong.  The numbers are not judged here."""
    outer = der.Reader(octets, "PKCS#1 private key")
    fields = outer.inside()
    outer.finish()
    version = fields.integer()
    if version != _TWO_PRIMES:
        raise fields.fault(f"version {der.shown(version)}; only keys of two primes (version 0) are taken")
    numbers = PrivateNumbers(*(fields.integer() for _ in PrivateNumbers._fields))
    fields.finish()
    return numbers


def write_public(numbers: PublicNumbers) -> bytes:
    """Return the DER of an RSAPublicKey."""
    return der.sequence(map(der.integer, numbers))


def write_private(numbers: PrivateNumbers) -> bytes:
    """Return the DER of an RSAPrivateKey."""
    return der.sequence(map(der.integer, (_TWO_PRIMES, *numbers)))
