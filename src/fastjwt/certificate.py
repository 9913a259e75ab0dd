"""The public key inside an X.509 certificate (RFC 5280 section 4.1), and nothing else of it.

The whole certificate has to be well-formed DER in the right order, but names, dates, extensions and the signature are
not judged: whether to trust a certificate is decided by whoever hands it over.
"""

from __future__ import annotations

from . import der, spki
from .rsa_numbers import PublicNumbers

__all__ = ["read"]

_VERSION = der.context(0)
_ISSUER_UNIQUE_ID = der.context(1, constructed=False)
_SUBJECT_UNIQUE_ID = der.context(2, constructed=False)
_EXTENSIONS = der.context(3)


def read(octets: bytes) -> PublicNumbers:
    """Read a certificate; return the numbers of its RSA key, not judged.  InvalidKeyError if its form is wrong."""
    outer = der.Reader(octets, "X.509 certificate")
    certificate = outer.inside()
    outer.finish()
    numbers = _read_to_be_signed(certificate.inside())
    certificate.skip(der.SEQUENCE)  # signatureAlgorithm
    certificate.bit_string()
    certificate.finish()
    return numbers


def _read_to_be_signed(fields: der.Reader) -> PublicNumbers:
    version = 0
    if fields.next_tag() == _VERSION:
        tagged = fields.inside(_VERSION)
        version = tagged.integer()
        tagged.finish()
        if version not in (1, 2):  # v2 or v3; v1 is the default, which DER leaves out
            raise fields.fault(f"version number {der.shown(version)}, expected 1 or 2 where one is written")
    fields.integer(signed=True)  # RFC 5280 section 4.1.2.2: negative serial numbers exist and are to be borne
    for _ in ("signature", "issuer", "validity", "subject"):
        fields.skip(der.SEQUENCE)
    numbers = spki.read_from(fields)
    for tag, needed in ((_ISSUER_UNIQUE_ID, 1), (_SUBJECT_UNIQUE_ID, 1), (_EXTENSIONS, 2)):
        if version >= needed and fields.next_tag() == tag:
            fields.skip()
    fields.finish()
    return numbers
