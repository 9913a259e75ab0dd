"""Key files: which format a text or an octet string is in, and its numbers.

The label of a PEM block, or the outer structure of bare DER, chooses one reader; that one must then agree with all of
the content.  Nothing is tried twice and nothing is guessed, so a file means the same to everybody.
"""

from __future__ import annotations

import contextlib

from . import certificate, openssh, pem, pkcs1, pkcs5, pkcs8, spki
from .errors import InvalidKeyError
from .exact import exact_bytes, exact_str
from .key_shapes import der_structure
from .rsa_numbers import Limits, PrivateNumbers, PublicNumbers

__all__ = [
    "Password",
    "certificate_numbers",
    "check_password_type",
    "private_from_der",
    "private_from_pem",
    "public_from_der",
    "public_from_pem",
    "write_private_der",
    "write_private_pem",
    "write_public_der",
    "write_public_pem",
]

Password = str | bytes | None

_USE_PRIVATE = "holds a private key; load it with RSAPrivateKey"
_USE_PUBLIC = "holds a public key; load it with RSAPublicKey"
_USE_CERTIFICATE = "holds a certificate; load it with RSAPublicKey.from_certificate"

_PUBLIC_LABELS = frozenset({"PUBLIC KEY", "RSA PUBLIC KEY"})
_PRIVATE_LABELS = frozenset(
    {"PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY", "EC PRIVATE KEY"}
)
_CERTIFICATE_LABELS = frozenset({"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"})

_PUBLIC_STRUCTURES = frozenset({"SubjectPublicKeyInfo", "PKCS#1 public key"})
_PRIVATE_STRUCTURES = frozenset({"PKCS#8", "encrypted PKCS#8", "PKCS#1 private key", "EC private key"})


# --- Passwords -------------------------------------------------------------------------------------------------------


def check_password_type(password: Password) -> None:
    """Raise TypeError unless `password` is str, bytes or None."""
    if password is not None and not isinstance(password, (str, bytes)):
        raise TypeError(f"password must be str, bytes or None, not {type(password).__name__}")


def _octets_of_password(password: str | bytes) -> bytes | None:
    """Return the password as octets; None if it is empty or UTF-8 cannot spell it."""
    octets = b""
    if isinstance(password, bytes):
        octets = exact_bytes(password)
    else:
        with contextlib.suppress(UnicodeEncodeError):
            octets = exact_str(password).encode("utf-8")
    return octets or None


def _decrypted(octets: bytes, password: Password) -> bytes:
    if password is None:
        raise InvalidKeyError("private key is encrypted; give its password")
    octets_of_password = _octets_of_password(password)
    if octets_of_password is None:
        raise InvalidKeyError(
            "private key is encrypted; a password cannot be empty, nor hold lone surrogates"
        )
    return pkcs5.decrypt(octets, octets_of_password)


def _refuse_password(password: Password) -> None:
    if password is not None:
        raise InvalidKeyError("private key is not encrypted, but a password was given")


# --- Private keys ----------------------------------------------------------------------------------------------------


def private_from_pem(text: bytes, password: Password, limits: Limits) -> PrivateNumbers:
    """Read PKCS#8, PKCS#1, encrypted PKCS#8 or an unencrypted OpenSSH file.

    Raises InvalidKeyError.  The numbers are not judged here.
    """
    if openssh.is_public_line(text):
        raise InvalidKeyError(f"OpenSSH text {_USE_PUBLIC}")
    label, octets = pem.read(text)
    if label == "ENCRYPTED PRIVATE KEY":
        return pkcs8.read(_decrypted(octets, password))
    if label in _PRIVATE_LABELS:
        _refuse_password(password)
    if label == "PRIVATE KEY":
        return pkcs8.read(octets)
    if label == "RSA PRIVATE KEY":
        return pkcs1.read_private(octets)
    if label == "OPENSSH PRIVATE KEY":
        return openssh.read_private(octets, limits)
    if label in _PUBLIC_LABELS:
        raise InvalidKeyError(f"PEM {_USE_PUBLIC}")
    if label in _CERTIFICATE_LABELS:
        raise InvalidKeyError(f"PEM {_USE_CERTIFICATE}")
    raise InvalidKeyError(f"PEM holds {label!r}, expected a private RSA key")


def private_from_der(octets: bytes, password: Password) -> PrivateNumbers:
    """Read PKCS#8, PKCS#1 or encrypted PKCS#8.  Raises InvalidKeyError.  The numbers are not judged here."""
    structure = der_structure(octets)
    if structure == "encrypted PKCS#8":
        return pkcs8.read(_decrypted(octets, password))
    if structure in _PRIVATE_STRUCTURES:
        _refuse_password(password)
    if structure == "PKCS#8":
        return pkcs8.read(octets)
    if structure == "PKCS#1 private key":
        return pkcs1.read_private(octets)
    if structure in _PUBLIC_STRUCTURES:
        raise InvalidKeyError(f"DER {_USE_PUBLIC}")
    raise _unexpected(structure, "a private RSA key")


def _unexpected(structure: str | None, expected: str) -> InvalidKeyError:
    if structure == "certificate":
        return InvalidKeyError(f"DER {_USE_CERTIFICATE}")
    return InvalidKeyError(f"DER holds {structure or 'no key structure'}, expected {expected}")


def write_private_der(numbers: PrivateNumbers, password: Password = None) -> bytes:
    """Return PKCS#8, encrypted if a password is given; ValueError for an empty one."""
    check_password_type(password)
    octets = pkcs8.write(numbers)
    if password is None:
        return octets
    octets_of_password = _octets_of_password(password)
    if octets_of_password is None:
        raise ValueError("a password cannot be empty, nor hold lone surrogates")
    return pkcs5.encrypt(octets, octets_of_password)


def write_private_pem(numbers: PrivateNumbers, password: Password = None) -> str:
    """Return PKCS#8 as PEM, encrypted if a password is given; ValueError for an empty one."""
    label = "PRIVATE KEY" if password is None else "ENCRYPTED PRIVATE KEY"
    return pem.write(label, write_private_der(numbers, password))


# --- Public keys -----------------------------------------------------------------------------------------------------


def public_from_pem(text: bytes) -> PublicNumbers:
    """Read SubjectPublicKeyInfo, PKCS#1 or an `ssh-rsa` line.  Raises InvalidKeyError.  Numbers are not judged here."""
    if openssh.is_public_line(text):
        return openssh.read_public_line(text)
    label, octets = pem.read(text)
    if label == "PUBLIC KEY":
        return spki.read(octets)
    if label == "RSA PUBLIC KEY":
        return pkcs1.read_public(octets)
    if label in _PRIVATE_LABELS:
        raise InvalidKeyError(f"PEM {_USE_PRIVATE}")
    if label in _CERTIFICATE_LABELS:
        raise InvalidKeyError(f"PEM {_USE_CERTIFICATE}")
    raise InvalidKeyError(f"PEM holds {label!r}, expected a public RSA key")


def public_from_der(octets: bytes) -> PublicNumbers:
    """Read SubjectPublicKeyInfo or PKCS#1.  Raises InvalidKeyError.  The numbers are not judged here."""
    structure = der_structure(octets)
    if structure == "SubjectPublicKeyInfo":
        return spki.read(octets)
    if structure == "PKCS#1 public key":
        return pkcs1.read_public(octets)
    if structure in _PRIVATE_STRUCTURES:
        raise InvalidKeyError(f"DER {_USE_PRIVATE}")
    raise _unexpected(structure, "a public RSA key")


def certificate_numbers(text: bytes) -> PublicNumbers:
    """Read the key of an X.509 certificate in PEM or DER.  Raises InvalidKeyError.  The numbers are not judged here."""
    # No text sets out like a DER structure: the tags of its first elements would be control characters.
    if der_structure(text) is not None:
        return certificate.read(text)
    label, octets = pem.read(text)
    if label != "CERTIFICATE":
        raise InvalidKeyError(f"PEM holds {label!r}, expected a certificate")
    return certificate.read(octets)


def write_public_der(numbers: PublicNumbers) -> bytes:
    """Return SubjectPublicKeyInfo."""
    return spki.write(numbers)


def write_public_pem(numbers: PublicNumbers) -> str:
    """Return SubjectPublicKeyInfo as PEM."""
    return pem.write("PUBLIC KEY", spki.write(numbers))
