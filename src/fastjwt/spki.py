"""SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) and the AlgorithmIdentifier that says which kind of key follows."""

from __future__ import annotations

from . import der, pkcs1
from .rsa_numbers import PublicNumbers

__all__ = ["read", "read_from", "read_rsa_algorithm", "rsa_algorithm", "write"]

_RSA_ENCRYPTION = "1.2.840.113549.1.1.1"  # RFC 8017 appendix A.1

# For messages only: what people hold when they believe that they hold an RSA key.
_OTHER_ALGORITHMS = {
    "1.2.840.113549.1.1.7": "RSAES-OAEP",
    "1.2.840.113549.1.1.10": "RSASSA-PSS",
    "1.2.840.10040.4.1": "DSA",
    "1.2.840.10045.2.1": "EC",
    "1.2.840.10046.2.1": "DH",
    "1.2.840.113549.1.3.1": "DH",
    "1.3.101.110": "X25519",
    "1.3.101.111": "X448",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
}


def read_rsa_algorithm(reader: der.Reader) -> None:
    """Read an AlgorithmIdentifier, which must be rsaEncryption with NULL parameters (RFC 3279 section 2.3.1).

    Raises InvalidKeyError, naming the algorithm that was found instead.
    """
    fields = reader.inside()
    algorithm = fields.object_identifier()
    if algorithm != _RSA_ENCRYPTION:
        found = _OTHER_ALGORITHMS.get(algorithm, "unknown")
        raise reader.fault(f"expected an RSA key (rsaEncryption), found algorithm {algorithm} ({found})")
    fields.null()
    fields.finish()


def rsa_algorithm() -> bytes:
    """Return the DER of the AlgorithmIdentifier of RSA keys."""
    return der.sequence((der.object_identifier(_RSA_ENCRYPTION), der.null()))


def read_from(reader: der.Reader) -> PublicNumbers:
    """Read a SubjectPublicKeyInfo that is the next element of `reader`."""
    fields = reader.inside()
    read_rsa_algorithm(fields)
    key = fields.bit_string()
    fields.finish()
    return pkcs1.read_public(key)


def read(octets: bytes) -> PublicNumbers:
    """Read a SubjectPublicKeyInfo; InvalidKeyError if its form is wrong.  The numbers are not judged here."""
    outer = der.Reader(octets, "public key (SubjectPublicKeyInfo)")
    numbers = read_from(outer)
    outer.finish()
    return numbers


def write(numbers: PublicNumbers) -> bytes:
    """Return the DER of a SubjectPublicKeyInfo."""
    return der.sequence((rsa_algorithm(), der.bit_string(pkcs1.write_public(numbers))))
