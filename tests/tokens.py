"""Tokens and keys made by hand, so that no test judges fastjwt by what fastjwt wrote.

Base64url comes from the standard library, signatures from `cryptography` or from a power in Python integers; headers
and payloads are whatever bytes a test wants them to be.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cache, lru_cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import fastjwt

NOW = 1_700_000_000
"""The moment as of which all these tests judge."""

LATER = NOW + 3600

SECRET = bytes(range(32, 64))
OTHER_SECRET = bytes(range(64, 96))

RS256 = {"alg": "RS256"}
HS256 = {"alg": "HS256"}

# RFC 8017 section 9.2, note 1.
SHA256_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

Key = rsa.RSAPrivateKey | bytes


# --- Keys, each made once ------------------------------------------------------------------------------------------


@cache
def rsa_key(name: str = "main", bits: int = 2048, e: int = 65537) -> rsa.RSAPrivateKey:
    """Return the private key of this name, as `cryptography` has it."""
    del name  # it only tells keys of one size apart
    return rsa.generate_private_key(public_exponent=e, key_size=bits)


def n_of(key: rsa.RSAPrivateKey) -> int:
    return key.private_numbers().public_numbers.n


@cache
def public(key: rsa.RSAPrivateKey | None = None) -> fastjwt.RSAPublicKey:
    """Return the public half as fastjwt has it; checked once, since each check of a modulus takes its time."""
    numbers = (rsa_key() if key is None else key).private_numbers().public_numbers
    return fastjwt.RSAPublicKey.from_numbers(numbers.n, numbers.e)


def b64u(octets: bytes) -> str:
    """Return the base64url text without padding (RFC 7515 appendix C)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def unb64u(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def uint(number: int) -> str:
    """Return Base64urlUInt (RFC 7518 section 2)."""
    return b64u(number.to_bytes((number.bit_length() + 7) // 8 or 1, "big"))


def public_jwk(key: rsa.RSAPrivateKey | None = None, **members: Any) -> dict[str, Any]:
    """Return the JWK of the public half, with these further members."""
    numbers = (rsa_key() if key is None else key).private_numbers().public_numbers
    return {"kty": "RSA", "n": uint(numbers.n), "e": uint(numbers.e), **members}


def private_jwk(key: rsa.RSAPrivateKey | None = None, **members: Any) -> dict[str, Any]:
    """Return the JWK of the whole key, with these further members."""
    key = rsa_key() if key is None else key
    numbers = key.private_numbers()
    crt = {
        "d": numbers.d,
        "p": numbers.p,
        "q": numbers.q,
        "dp": numbers.dmp1,
        "dq": numbers.dmq1,
        "qi": numbers.iqmp,
    }
    return {**public_jwk(key), **{name: uint(number) for name, number in crt.items()}, **members}


def secret_jwk(secret: bytes = SECRET, **members: Any) -> dict[str, Any]:
    return {"kty": "oct", "k": b64u(secret), **members}


@cache
def fast_private(key: rsa.RSAPrivateKey | None = None) -> fastjwt.RSAPrivateKey:
    """Return the private key as fastjwt has it."""
    return fastjwt.RSAPrivateKey.from_jwk(private_jwk(key))


# --- Tokens --------------------------------------------------------------------------------------------------------


def octets_of(part: Any) -> bytes:
    """Return bytes as they are, str in UTF-8, and everything else as compact JSON."""
    if isinstance(part, bytes):
        return part
    if isinstance(part, str):
        return part.encode("utf-8")
    return json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


@lru_cache(maxsize=4096)
def signature_over(signing_input: bytes, key: Key | None = None) -> bytes:
    """Return the RS256 signature or HS256 tag of these bytes; there is but one, so it is made but once."""
    if isinstance(key, bytes):
        return hmac.digest(key, signing_input, "sha256")
    key = rsa_key() if key is None else key
    return key.sign(signing_input, padding.PKCS1v15(), hashes.SHA256())


def signed(header_segment: str | bytes, payload_segment: str | bytes, key: Key | None = None) -> str:
    """Return a token whose signature is good over these very segments, whatever they are made of (ASCII)."""
    header, payload = (
        part.encode("ascii") if isinstance(part, str) else part for part in (header_segment, payload_segment)
    )
    signing_input = header + b"." + payload
    return signing_input.decode("ascii") + "." + b64u(signature_over(signing_input, key))


def token(header: Any = None, payload: Any = None, key: Key | None = None) -> str:
    """Return a well-signed token: header and payload are JSON values, text or bytes; by default an honest one."""
    header = RS256 if header is None else header
    payload = {"sub": "alice", "exp": LATER} if payload is None else payload
    return signed(b64u(octets_of(header)), b64u(octets_of(payload)), key)


def with_claims(key: Key | None = None, /, **claims: Any) -> str:
    """Return a token with these claims, and an `exp` to come unless they say otherwise; None is null."""
    members = {"exp": LATER, **claims}
    return token(HS256 if isinstance(key, bytes) else None, members, key)


def token_of_length(length: int, key: Key | None = None) -> str:
    """Return an honest token of exactly so many characters."""
    for filler in range(4):  # of each four lengths, base64url knows three
        header = {**RS256, "x": "h" * filler}
        room = length - len(token(header, {"exp": LATER, "x": ""}, key))
        for more in range(room * 3 // 4 - 4, room * 3 // 4 + 5):
            made = token(header, {"exp": LATER, "x": "p" * more}, key)
            if len(made) == length:
                return made
    raise AssertionError(f"no token of {length} characters")


# --- Signatures by arithmetic --------------------------------------------------------------------------------------


def size_of(key: rsa.RSAPrivateKey) -> int:
    """Return k, the length of the modulus in octets (RFC 8017 section 2)."""
    return (key.key_size + 7) // 8


def encoded_message(message: bytes, size: int) -> bytes:
    """Return EM of EMSA-PKCS1-v1_5 (RFC 8017 section 9.2), the one that a verifier must see."""
    info = SHA256_DIGEST_INFO + hashlib.sha256(message).digest()
    return b"\x00\x01" + b"\xff" * (size - 3 - len(info)) + b"\x00" + info


@lru_cache(maxsize=4096)
def private_power(encoded: bytes, key: rsa.RSAPrivateKey) -> bytes:
    """Return EM^d mod n in k octets, for any EM below n: a signature over whatever the octets say."""
    numbers = key.private_numbers()
    n = numbers.public_numbers.n
    value = int.from_bytes(encoded, "big")
    assert value < n
    # By the Chinese remainder theorem, four times faster.
    power_p = pow(value, numbers.dmp1, numbers.p)
    power_q = pow(value, numbers.dmq1, numbers.q)
    result = power_q + numbers.q * ((power_p - power_q) * numbers.iqmp % numbers.p)
    assert pow(result, numbers.public_numbers.e, n) == value
    return result.to_bytes(size_of(key), "big")


def with_signature(honest: str, signature: bytes) -> str:
    """Return the token with another signature in the place of its own."""
    return honest.rsplit(".", 1)[0] + "." + b64u(signature)
