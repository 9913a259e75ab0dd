"""What is signed and verified: one key, claims as an OpenID Connect provider issues them, and their tokens.

Everything is made without fastjwt, by the cryptography package, so that no measurement can agree with its own mistake.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ISSUER = "https://issuer.example.com/"
AUDIENCE = "https://api.example.com/orders"
KEY_ID = "signing-key-2"

# The header that every token of the corpus has, member by member as fastjwt's Signer writes it.
HEADER = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID}


class Corpus(NamedTuple):
    """A key as PEM, and claims with the token of each; picklable, so that one corpus serves several processes."""

    private_pem: bytes
    public_pem: bytes
    claims: list[dict[str, Any]]
    tokens: list[str]

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


def _segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _compact(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def make(count: int, bits: int) -> Corpus:
    """Return a corpus of `count` tokens, signed one hour ago by a fresh key of `bits` bits and good for a day."""
    key = rsa.generate_private_key(65537, bits)
    issued_at = int(time.time()) - 3600
    claims = [oidc_claims(number, issued_at) for number in range(count)]
    header = _segment(_compact(HEADER))
    tokens = []
    for each in claims:
        signing_input = f"{header}.{_segment(_compact(each))}"
        signature = key.sign(signing_input.encode(), padding.PKCS1v15(), hashes.SHA256())
        tokens.append(f"{signing_input}.{_segment(signature)}")
    encoding, spki = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return Corpus(
        private_pem=key.private_bytes(encoding, pkcs8, plain),
        public_pem=key.public_key().public_bytes(encoding, spki),
        claims=claims,
        tokens=tokens,
    )


def spoil(token: str) -> str:
    """Return `token` with one bit of its signature changed, still strict base64url."""
    body, _, signature = token.rpartition(".")
    return f"{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
