"""Keys for tests, made by the `cryptography` package or from primes found here, never by the code under test."""

from __future__ import annotations

import base64
import datetime
import functools
import math
import secrets
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from fastjwt.rsa_numbers import PrivateNumbers

SMALL_PRIMES_PRODUCT = math.prod(p for p in range(3, 2000) if all(p % q for q in range(2, math.isqrt(p) + 1)))


def key(number: int = 0, bits: int = 2048, e: int = 65537) -> rsa.RSAPrivateKey:
    """Return the key with this number, the same one at each call of a run."""
    return _key(number, bits, e)


@functools.cache
def _key(number: int, bits: int, e: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(e, bits)


def numbers(of: rsa.RSAPrivateKey) -> PrivateNumbers:
    its = of.private_numbers()
    public = its.public_numbers
    return PrivateNumbers(public.n, public.e, its.d, its.p, its.q, its.dmp1, its.dmq1, its.iqmp)


@functools.cache
def prime(bits: int, seed: int = 0, e: int = 65537) -> int:
    """Return a prime of exactly `bits` bits with p - 1 prime to e; each seed has its own, the same during a run.

    The product of two of them has no bit less than both together.
    """
    while True:
        if bits < 512:  # too short for a key of its own
            candidate = next_prime(secrets.randbits(bits) | 3 << (bits - 2) | 1)
        else:
            candidate = rsa.generate_private_key(65537, 2 * bits).private_numbers().p
        if math.gcd(candidate - 1, e) == 1 and candidate.bit_length() == bits:
            return candidate


def next_prime(odd: int, step: int = 2) -> int:
    """Return the first prime from an odd number on, in steps."""
    while math.gcd(odd, SMALL_PRIMES_PRODUCT) != 1 or not is_prime(odd):
        odd += step
    return odd


def is_prime(candidate: int) -> bool:
    """Miller-Rabin with the first primes as bases: enough for numbers that nobody chose to deceive."""
    odd = candidate - 1
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos
    for base in (2, 3, 5, 7):
        x = pow(base, odd, candidate)
        if x in (1, candidate - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % candidate
            if x == candidate - 1:
                break
        else:
            return False
    return True


def private_numbers(p: int, q: int, e: int = 65537) -> PrivateNumbers:
    """Return the key of two primes, d being the smallest one."""
    d = pow(e, -1, math.lcm(p - 1, q - 1))
    return PrivateNumbers(p * q, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))


def base64url(value: int | bytes) -> str:
    if isinstance(value, int):
        value = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def public_jwk(of: PrivateNumbers | rsa.RSAPrivateKey, **members: Any) -> dict[str, Any]:
    its = of if isinstance(of, PrivateNumbers) else numbers(of)
    return {"kty": "RSA", "n": base64url(its.n), "e": base64url(its.e), **members}


def read_by_cryptography(octets: bytes, password: bytes | None = None) -> PrivateNumbers:
    """Return the numbers of a private key file, PEM or DER."""
    load = load_pem_private_key if octets.startswith(b"-----") else load_der_private_key
    private = load(octets, password)
    assert isinstance(private, rsa.RSAPrivateKey)
    return numbers(private)


def private_jwk(of: PrivateNumbers | rsa.RSAPrivateKey, **members: Any) -> dict[str, Any]:
    its = of if isinstance(of, PrivateNumbers) else numbers(of)
    return {"kty": "RSA", **{name: base64url(value) for name, value in its._asdict().items()}, **members}


def private_file(
    of: Any,
    form: PrivateFormat = PrivateFormat.PKCS8,
    encoding: Encoding = Encoding.PEM,
    password: bytes | None = None,
) -> bytes:
    encryption = NoEncryption() if password is None else BestAvailableEncryption(password)
    octets: bytes = of.private_bytes(encoding, form, encryption)
    return octets


def public_file(
    of: Any, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo, encoding: Encoding = Encoding.PEM
) -> bytes:
    octets: bytes = of.public_key().public_bytes(encoding, form)
    return octets


@functools.cache
def certificate(of: Any, *, signer: Any = None, extensions: bool = True) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tokens.example")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(of.public_key())
        .serial_number(0x7F00000000000001)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=30))
    )
    if extensions:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName("tokens.example")]), critical=False
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(signer or of, hashes.SHA256())
