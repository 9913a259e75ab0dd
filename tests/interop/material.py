"""What all peers are given: claims that every JSON library reads alike, and encodings made without fastjwt."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

# Far enough for a test run, and no date that anybody will meet: 2100-01-01.
FAR_FUTURE = 4_102_444_800

# Integers stay within 2^53, where JavaScript is exact; 0.1 and 1e21 are spelled differently by different writers.
# There are eight, so that a batch of them fills the lanes of a vector kernel.
CLAIMS: tuple[dict[str, Any], ...] = (
    {"exp": FAR_FUTURE},
    {
        "exp": FAR_FUTURE,
        "iss": "https://issuer.example",
        "sub": "248289761001",
        "scope": "openid profile email",
    },
    {
        "exp": FAR_FUTURE,
        "name": "Zoë Ångström 東京 🙂",
        "quoted": 'a "b" \\ c / d',
        "control": "\u0000\u001f\n\u2028",
    },
    {
        "exp": FAR_FUTURE,
        "nested": {"roles": ["a", ["b", {"c": None}]], "yes": True, "no": False},
        "": "empty name",
    },
    {"exp": FAR_FUTURE, "numbers": [0, -1, 0.1, 1e21, 2**53 - 1, 1.5e-7], "long": "x" * 3000},
    {
        "exp": FAR_FUTURE,
        "iat": 0,
        "nbf": -1,
        "auth_time": 1.25,
        "amr": ["pwd", "otp"],
        "acr": "urn:example:2",
    },
    {"exp": FAR_FUTURE, "address": {"locality": "Göteborg", "postal_code": "411 06"}, "email_verified": True},
    {"exp": FAR_FUTURE + 0.5, "https://example.com/claims": [[[[[[]]]]], {}, "", " ", "\\u0041"]},
)


def encoded(data: bytes) -> str:
    """Return `data` in base64url without padding, by the standard library rather than by what is tested here."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(segment: str) -> bytes:
    """Return the bytes of one base64url segment, by the standard library."""
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def pem(label: str, der: bytes) -> str:
    """Return `der` as the PEM text that a page's "export as PEM" example builds: 64 columns between two lines."""
    body = base64.b64encode(der).decode()
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def pkcs8_pem(key: rsa.RSAPrivateKey) -> str:
    """Return `key` as unencrypted PKCS#8 PEM."""
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def spki_pem(key: rsa.RSAPublicKey) -> str:
    """Return `key` as SubjectPublicKeyInfo PEM."""
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def hs256_token(secret: bytes, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Return a token by hand, so that also claims can be signed which no library would sign."""
    signing_input = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
    return f"{signing_input}.{encoded(hmac.digest(secret, signing_input.encode(), 'sha256'))}"
