"""PKCS#8 private keys (RFC 5208) and their successor OneAsymmetricKey (RFC 5958)."""

from __future__ import annotations

from . import der, pkcs1, spki
from .rsa_numbers import PrivateNumbers

__all__ = ["read", "write"]

_ATTRIBUTES = der.context(0)
_PUBLIC_KEY = der.context(1, constructed=False)


def read(octets: bytes) -> PrivateNumbers:
    """Read a PrivateKeyInfo that holds an RSA key; InvalidKeyError if its form is wrong.

    Attributes are walked and ignored.  A public key beside the private one (version 1) must be the same key's.
    """
    outer = der.Reader(octets, "PKCS#8 private key")
    fields = outer.inside()
    outer.finish()
    version = fields.integer()
    if version not in (0, 1):
        raise fields.fault(f"version {der.shown(version)}; only versions 0 and 1 exist")
    spki.read_rsa_algorithm(fields)
    numbers = pkcs1.read_private(fields.octet_string())
    if fields.next_tag() == _ATTRIBUTES:
        attributes = fields.inside(_ATTRIBUTES)
        while attributes.next_tag() is not None:
            attributes.skip(der.SEQUENCE)
    # RFC 5958 section 2: the public key is there if and only if the version is 1.
    if version == 1:
        public = fields.element(_PUBLIC_KEY)
        if public[:1] != b"\0" or pkcs1.read_public(public[1:]) != numbers.public:
            raise fields.fault("the public key inside belongs to another private key")
    fields.finish()
    return numbers


def write(numbers: PrivateNumbers) -> bytes:
    """Return the DER of a PrivateKeyInfo, version 0."""
    return der.sequence(
        (der.integer(0), spki.rsa_algorithm(), der.octet_string(pkcs1.write_private(numbers)))
    )
