"""What is signed and verified: one key, claims as an OpenID Connect provider issues them, and their tokens.

What is compared with is made without fastjwt, by the cryptography package, so that no measurement can agree with its
own mistake.  Where many tokens are wanted fastjwt mints them, and a sample is compared with that package's, byte by
byte.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import random
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ISSUER = "https://issuer.example.com/"
AUDIENCE = "https://api.example.com/orders"
KEY_ID = "signing-key-2"

# The header that every token of the corpus has, member by member as fastjwt's Signer writes it.
HEADER = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID}

# Sizes of keys in bits: of RSA moduli, and of the secret of HS256.
RSA_BITS = (2048, 3072, 4096)
SECRET_BITS = 256

# So many tokens of a large corpus are compared with those of another library.
_SAMPLE = 200


class Corpus(NamedTuple):
    """A key, and claims with the token of each; picklable, so that one corpus serves several processes.

    RS256 has a key pair as PEM, HS256 a secret.
    """

    private_pem: bytes
    public_pem: bytes
    claims: list[dict[str, Any]]
    tokens: list[str]
    alg: str = "RS256"
    bits: int = 2048
    secret: bytes = b""

    @property
    def mean_token_bytes(self) -> float:
        """Average length of a token."""
        return sum(map(len, self.tokens)) / len(self.tokens)


def oidc_claims(number: int, issued_at: int) -> dict[str, Any]:
    """Return the access token claims of user `number`: about 300 bytes of JSON, no two alike."""
    user = hashlib.sha256(b"user %d" % number).hexdigest()
    return {
        "iss": ISSUER,
        "sub": f"auth0|{user[:24]}",
        "aud": AUDIENCE,
        "azp": "orders-web",
        "iat": issued_at,
        "exp": issued_at + 86_400,
        "jti": user[24:40],
        "scope": "openid profile email",
        "email": f"user{number}@example.com",
    }


def segment(data: bytes) -> str:
    """Return a segment of a token: base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(value: dict[str, Any]) -> bytes:
    """Return JSON without spaces, as tokens carry it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _signing_inputs(claims: Iterable[dict[str, Any]], alg: str) -> Iterable[str]:
    header = segment(compact({**HEADER, "alg": alg}))
    return (f"{header}.{segment(compact(each))}" for each in claims)


def _signed_by_key(private: rsa.RSAPrivateKey, claims: Iterable[dict[str, Any]]) -> list[str]:
    """Return the tokens of `claims`, made by the cryptography package."""
    tokens = []
    for signing_input in _signing_inputs(claims, "RS256"):
        signature = private.sign(signing_input.encode(), padding.PKCS1v15(), hashes.SHA256())
        tokens.append(f"{signing_input}.{segment(signature)}")
    return tokens


def _signed_by_secret(secret: bytes, claims: Iterable[dict[str, Any]]) -> list[str]:
    """Return the tokens of `claims`, made by the standard library."""
    return [
        f"{signing_input}.{segment(hmac.digest(secret, signing_input.encode(), 'sha256'))}"
        for signing_input in _signing_inputs(claims, "HS256")
    ]


def _an_hour_ago() -> int:
    return int(time.time()) - 3600


def make(count: int, bits: int) -> Corpus:
    """Return a corpus of `count` tokens, signed one hour ago by a fresh key of `bits` bits and good for a day."""
    key = rsa.generate_private_key(65537, bits)
    issued_at = _an_hour_ago()
    claims = [oidc_claims(number, issued_at) for number in range(count)]
    encoding, spki = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return Corpus(
        private_pem=key.private_bytes(encoding, pkcs8, plain),
        public_pem=key.public_key().public_bytes(encoding, spki),
        claims=claims,
        tokens=_signed_by_key(key, claims),
        bits=bits,
    )


def make_with_secret(count: int) -> Corpus:
    """Return a corpus of HS256 tokens, likewise."""
    secret = random.SystemRandom().randbytes(SECRET_BITS // 8)
    issued_at = _an_hour_ago()
    claims = [oidc_claims(number, issued_at) for number in range(count)]
    return Corpus(b"", b"", claims, _signed_by_secret(secret, claims), "HS256", SECRET_BITS, secret)


def enlarged(small: Corpus, count: int) -> Corpus:
    """Return a corpus of `count` distinct tokens by the same key, minted by fastjwt on all CPUs of this process.

    Raises AssertionError if a token of the sample is not what the cryptography package (the standard library) makes.
    """
    import fastjwt

    issued_at = small.claims[0]["iat"]
    claims = small.claims + [oidc_claims(number, issued_at) for number in range(len(small.claims), count)]
    key = fastjwt.HMACKey(small.secret) if small.secret else fastjwt.RSAPrivateKey.from_pem(small.private_pem)
    minted = fastjwt.Signer(key, kid=KEY_ID).sign_batch(claims[len(small.claims) :])
    large = small._replace(claims=claims, tokens=small.tokens + minted)
    check_sample(large, range(0, count, max(1, count // _SAMPLE)))
    return large


def check_sample(large: Corpus, numbers: Sequence[int]) -> None:
    """Raise AssertionError unless the tokens with these numbers are what another library makes of the claims."""
    claims = [large.claims[number] for number in numbers]
    if large.secret:
        expected = _signed_by_secret(large.secret, claims)
    else:
        private = serialization.load_pem_private_key(large.private_pem, None)
        assert isinstance(private, rsa.RSAPrivateKey)
        expected = _signed_by_key(private, claims)
    if expected != [large.tokens[number] for number in numbers]:
        raise AssertionError("a minted token differs from another library's")


def key_set(count: int) -> list[dict[str, str]]:
    """Return `count` public keys of 2048 bits as JWKs with distinct moduli and key ids.

    Each modulus is a product of two primes out of a few: to import them costs the same as with primes of their own.
    """
    primes: list[int] = []
    while len(primes) * (len(primes) - 1) // 2 < count:
        numbers = rsa.generate_private_key(65537, 2048).private_numbers()
        primes += [numbers.p, numbers.q]
    keys = []
    for number, (p, q) in enumerate(itertools.islice(itertools.combinations(primes, 2), count)):
        modulus = (p * q).to_bytes(256, "big").lstrip(b"\0")
        keys.append(
            {
                "kty": "RSA",
                "n": segment(modulus),
                "e": "AQAB",
                "kid": f"key-{number}",
                "alg": "RS256",
                "use": "sig",
            }
        )
    return keys


def spoil(token: str) -> str:
    """Return `token` with one bit of its signature changed, still strict base64url."""
    body, _, signature = token.rpartition(".")
    return f"{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
