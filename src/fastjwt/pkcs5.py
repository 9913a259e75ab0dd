"""Private keys under a password: EncryptedPrivateKeyInfo (RFC 5208 section 6) with PBES2 (RFC 8018 section 6.2).

Read are the schemes that `openssl pkcs8`, Java, .NET and `cryptography` have written since 2003: PBKDF2 with an HMAC of
the SHA family, or scrypt (RFC 7914 section 7); AES in CBC mode, or triple DES.  Written is one: PBKDF2-HMAC-SHA256 with
600,000 iterations, AES-256-CBC.  The file says how much work its password costs, so that is bounded before it starts.

Few processes ever meet an encrypted key, so hashlib and `cryptography` are imported where they are used: each of them
takes longer than all the rest of the package.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from . import der
from .errors import InvalidKeyError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

__all__ = ["decrypt", "encrypt"]

_WHAT = "encrypted PKCS#8 private key"
_WRONG_PASSWORD = f"{_WHAT}: wrong password, or damaged"

_PBES2 = "1.2.840.113549.1.5.13"
_PBKDF2 = "1.2.840.113549.1.5.12"
_SCRYPT = "1.3.6.1.4.1.11591.4.11"
_HMAC_SHA1 = "1.2.840.113549.2.7"
_HMAC_SHA256 = "1.2.840.113549.2.9"
_AES_256_CBC = "2.16.840.1.101.3.4.1.42"

_PRF_HASHES = {
    _HMAC_SHA1: "sha1",
    "1.2.840.113549.2.8": "sha224",
    _HMAC_SHA256: "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
    "1.2.840.113549.2.12": "sha512_224",
    "1.2.840.113549.2.13": "sha512_256",
}

# The old schemes derive a key with MD5 or SHA-1, mostly for DES or RC2; `openssl pkcs8 -topk8` replaces them.
_OLD_SCHEMES = ("1.2.840.113549.1.5.", "1.2.840.113549.1.12.1.")

_WRITTEN_ITERATIONS = 600_000  # OWASP Password Storage Cheat Sheet, PBKDF2-HMAC-SHA256; 0.2 s

_MAX_ITERATIONS = 5_000_000  # 2 to 4 s
_MAX_SCRYPT_BLOCKS = 1 << 20  # N r, in units of 128 octets: 128 MiB, eight times OpenSSL's default
_MAX_SCRYPT_WORK = 1 << 23  # N r p: about 3 s


class _CipherChoice(NamedTuple):
    name: str
    key_bytes: int
    block_bytes: int


_CIPHERS = {
    "2.16.840.1.101.3.4.1.2": _CipherChoice("AES", 16, 16),
    "2.16.840.1.101.3.4.1.22": _CipherChoice("AES", 24, 16),
    _AES_256_CBC: _CipherChoice("AES", 32, 16),
    "1.2.840.113549.3.7": _CipherChoice("TripleDES", 24, 8),
}


def decrypt(octets: bytes, password: bytes) -> bytes:
    """Return the PKCS#8 octets inside; InvalidKeyError for a malformed file, an unknown scheme or a wrong password."""
    outer = der.Reader(octets, _WHAT)
    fields = outer.inside()
    outer.finish()
    scheme = fields.inside()
    encrypted = fields.octet_string()
    fields.finish()
    identifier = scheme.object_identifier()
    if identifier != _PBES2:
        old = identifier.startswith(_OLD_SCHEMES)
        reason = "is too weak; convert the key with: openssl pkcs8 -topk8" if old else "is not known"
        raise scheme.fault(f"encryption scheme {identifier} {reason}")
    parameters = scheme.inside()
    scheme.finish()
    derive, stated_key_bytes = _read_derivation(parameters.inside())
    choice, initial_vector = _read_cipher(parameters.inside())
    parameters.finish()
    if stated_key_bytes not in (None, choice.key_bytes):
        raise parameters.fault("the length of the derived key is not the cipher's")
    if not encrypted or len(encrypted) % choice.block_bytes:
        raise fields.fault("the encrypted part is not of whole blocks")
    try:
        key = derive(password, choice.key_bytes)
    except (
        ImportError,
        ValueError,
    ):  # not every Python has scrypt, nor every libcrypto each hash and parameter
        raise parameters.fault("this machine cannot derive a key in this way") from None
    decryptor = _cipher(choice, key, initial_vector).decryptor()
    padded = decryptor.update(encrypted) + decryptor.finalize()
    padding = padded[-1]  # RFC 8018 section 6.1.1, step 4
    if not 1 <= padding <= choice.block_bytes or padded[-padding:] != bytes((padding,)) * padding:
        raise InvalidKeyError(_WRONG_PASSWORD)
    decrypted = padded[:-padding]
    # One wrong password in 256 ends in something like padding; a whole SEQUENCE and nothing else comes of none of them.
    inner = der.Reader(decrypted, _WHAT)
    try:
        inner.element(der.SEQUENCE)
        inner.finish()
    except InvalidKeyError:
        raise InvalidKeyError(_WRONG_PASSWORD) from None
    return decrypted


def _read_derivation(fields: der.Reader) -> tuple[Callable[[bytes, int], bytes], int | None]:
    """Read a KeyDerivationFunc; return it as a function of password and key length, and the length that it states."""
    identifier = fields.object_identifier()
    parameters = fields.inside()
    fields.finish()
    if identifier == _PBKDF2:
        return _read_pbkdf2(parameters)
    if identifier == _SCRYPT:
        return _read_scrypt(parameters)
    raise fields.fault(f"key derivation {identifier} is not known")


def _read_pbkdf2(fields: der.Reader) -> tuple[Callable[[bytes, int], bytes], int | None]:
    # The other choice for the salt in RFC 8018 appendix A.2, a named source, was never specified.
    salt = fields.octet_string()
    iterations = fields.integer()
    key_bytes = fields.integer() if fields.next_tag() == der.INTEGER else None
    identifier = _HMAC_SHA1
    if fields.next_tag() is not None:
        prf = fields.inside()
        identifier = prf.object_identifier()
        prf.null()
        prf.finish()
    fields.finish()
    hash_name = _PRF_HASHES.get(identifier)
    if hash_name is None:
        raise fields.fault(f"pseudorandom function {identifier} is not known")
    if not 1 <= iterations <= _MAX_ITERATIONS:
        raise fields.fault(f"PBKDF2 with an iteration count outside 1 to {_MAX_ITERATIONS}")
    return lambda password, size: _pbkdf2(hash_name, password, salt, iterations, size), key_bytes


def _pbkdf2(hash_name: str, password: bytes, salt: bytes, iterations: int, size: int) -> bytes:
    import hashlib

    return hashlib.pbkdf2_hmac(hash_name, password, salt, iterations, size)


def _read_scrypt(fields: der.Reader) -> tuple[Callable[[bytes, int], bytes], int | None]:
    salt = fields.octet_string()
    cost, block_size, parallel = fields.integer(), fields.integer(), fields.integer()
    key_bytes = fields.integer() if fields.next_tag() == der.INTEGER else None
    fields.finish()
    # RFC 7914 section 6: N is a power of two above 1.  The comparisons go from small to large, so that no product is
    # formed of numbers that are out of bounds themselves.
    bounded = 1 < cost <= _MAX_SCRYPT_BLOCKS and 1 <= block_size <= 1 << 10 and 1 <= parallel <= 1 << 10
    if not bounded or cost & (cost - 1) or cost * block_size > _MAX_SCRYPT_BLOCKS:
        raise fields.fault("scrypt with parameters that are malformed or cost too much")
    if cost * block_size * parallel > _MAX_SCRYPT_WORK:
        raise fields.fault("scrypt with parameters that cost too much")
    memory = 128 * block_size * (cost + parallel + 2)  # as OpenSSL counts it

    def derive(password: bytes, size: int) -> bytes:
        from hashlib import scrypt

        return scrypt(password, salt=salt, n=cost, r=block_size, p=parallel, maxmem=memory + 4096, dklen=size)

    return derive, key_bytes


def _read_cipher(fields: der.Reader) -> tuple[_CipherChoice, bytes]:
    identifier = fields.object_identifier()
    choice = _CIPHERS.get(identifier)
    if choice is None:
        raise fields.fault(f"cipher {identifier} is not known")
    initial_vector = fields.octet_string()
    fields.finish()
    if len(initial_vector) != choice.block_bytes:
        raise fields.fault("an initialisation vector of the wrong length")
    return choice, initial_vector


def _cipher(choice: _CipherChoice, key: bytes, initial_vector: bytes) -> Cipher[modes.CBC]:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes
    from cryptography.hazmat.primitives.ciphers.algorithms import AES

    return Cipher((AES if choice.name == "AES" else TripleDES)(key), modes.CBC(initial_vector))


def encrypt(octets: bytes, password: bytes) -> bytes:
    """Return the DER of an EncryptedPrivateKeyInfo around PKCS#8 octets."""
    choice = _CIPHERS[_AES_256_CBC]
    salt = os.urandom(16)
    initial_vector = os.urandom(choice.block_bytes)
    key = _pbkdf2("sha256", password, salt, _WRITTEN_ITERATIONS, choice.key_bytes)
    padding = choice.block_bytes - len(octets) % choice.block_bytes
    encryptor = _cipher(choice, key, initial_vector).encryptor()
    encrypted = encryptor.update(octets + bytes((padding,)) * padding) + encryptor.finalize()
    prf = der.sequence((der.object_identifier(_HMAC_SHA256), der.null()))
    derivation = der.sequence((der.octet_string(salt), der.integer(_WRITTEN_ITERATIONS), prf))
    parameters = der.sequence(
        (
            der.sequence((der.object_identifier(_PBKDF2), derivation)),
            der.sequence((der.object_identifier(_AES_256_CBC), der.octet_string(initial_vector))),
        )
    )
    scheme = der.sequence((der.object_identifier(_PBES2), parameters))
    return der.sequence((scheme, der.octet_string(encrypted)))
