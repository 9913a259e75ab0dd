"""Tokens as an OpenID Connect provider mints them, and sixteen ways to spoil one.

Each way says which error a verifier must answer with.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import Signer

__all__ = ["AUDIENCE", "ISSUER", "KID", "KINDS", "Case", "Kind", "Workshop", "choose", "claims_of"]

ISSUER = "https://id.example.com"
AUDIENCE = "orders"
KID = "demo-1"

_LIFETIME_SECONDS = 3600


def claims_of(index: int, now: int) -> dict[str, Any]:
    """Return the claims of the user with that number, as of `now`."""
    return {
        "iss": ISSUER,
        "sub": f"user-{index:07d}",
        "aud": AUDIENCE,
        "exp": now + _LIFETIME_SECONDS,
        "iat": now - index % 60,
        "nbf": now - index % 60,
        "jti": hashlib.sha256(b"%d" % index).hexdigest()[:20],
        "azp": "web",
        "scope": "openid email",
        "email": f"u{index:07d}@example.com",
        "name": f"User {index:07d}",
        "auth_time": now - index % 3600,
    }


@dataclass(frozen=True)
class Workshop:
    """What one needs to mint tokens and to spoil them."""

    signer: Signer
    forger: Signer  # another key, same kid
    stranger: Signer  # the right key under a kid that nobody knows
    public_pem: bytes
    now: int
    random: random.Random


@dataclass(frozen=True)
class Case:
    """One token that is to be spoiled."""

    shop: Workshop
    claims: dict[str, Any]
    token: str

    def parts(self) -> list[str]:
        """Return header, payload and signature, as they are spelled."""
        return self.token.split(".")


@dataclass(frozen=True)
class Kind:
    """One way to spoil a token, and the code of the error that it must lead to."""

    name: str
    error: str
    spoil: Callable[[Case], str]


# --- Good signatures over claims that the verifier does not want -----------------------------------------------------


def _with(name: str, value: object) -> Callable[[Case], str]:
    return lambda case: case.shop.signer.sign({**case.claims, name: value})


def _at(name: str, seconds_from_now: int) -> Callable[[Case], str]:
    return lambda case: case.shop.signer.sign({**case.claims, name: case.shop.now + seconds_from_now})


def _without_exp(case: Case) -> str:
    return case.shop.signer.sign({name: value for name, value in case.claims.items() if name != "exp"})


# --- Signatures that are none ----------------------------------------------------------------------------------------


def _flipped_bit(case: Case) -> str:
    header, payload, signature = case.parts()
    octets = bytearray(_unspell(signature))
    octets[case.shop.random.randrange(len(octets))] ^= 1 << case.shop.random.randrange(8)
    return f"{header}.{payload}.{_spell(octets)}"


def _other_payload(case: Case) -> str:
    header, _, signature = case.parts()
    return f"{header}.{_spell_json({**case.claims, 'sub': 'admin'})}.{signature}"


def _short_signature(case: Case) -> str:
    length = len(case.parts()[2])
    # Down to a multiple of four characters, so that what is left is still base64url.
    return case.token[: -(length % 4 + 4 * case.shop.random.randrange(1, 20))]


# --- Headers that lie ------------------------------------------------------------------------------------------------


def _alg_none(case: Case) -> str:
    return f"{_spell_json({'alg': 'none', 'kid': KID})}.{case.parts()[1]}."


def _alg_none_signed(case: Case) -> str:
    return _alg_none(case) + case.parts()[2]


def _public_key_as_secret(case: Case) -> str:
    # By hand: an HMACKey that holds a public key cannot be made.
    signing_input = f"{_spell_json({'alg': 'HS256', 'kid': KID})}.{case.parts()[1]}"
    tag = hmac.new(case.shop.public_pem, signing_input.encode("ascii"), hashlib.sha256).digest()
    return f"{signing_input}.{_spell(tag)}"


# --- Things that are no token ----------------------------------------------------------------------------------------


def _cut_in_payload(case: Case) -> str:
    token = case.token
    return token[: case.shop.random.randrange(token.index(".") + 2, token.rindex("."))]


def _garbage(case: Case) -> str:
    alphabet = string.printable + "\0\x7f\u00e9\u4e2d"
    return "".join(case.shop.random.choices(alphabet, k=case.shop.random.randrange(1, 900)))


def _spell(octets: bytes | bytearray) -> str:
    return base64.urlsafe_b64encode(octets).decode("ascii").rstrip("=")


def _unspell(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _spell_json(members: dict[str, Any]) -> str:
    return _spell(json.dumps(members, separators=(",", ":")).encode())


KINDS = (
    Kind("expired", "expired", _at("exp", -60)),
    Kind("not valid yet", "immature", _at("nbf", 600)),
    Kind("issued in the future", "immature", _at("iat", 600)),
    Kind("without an expiry", "missing_claim", _without_exp),
    Kind("from another issuer", "invalid_issuer", _with("iss", ISSUER + ".evil.example")),
    Kind("for another audience", "invalid_audience", _with("aud", ["billing", AUDIENCE + "-2"])),
    Kind("a bit of the signature flipped", "invalid_signature", _flipped_bit),
    Kind("payload altered", "invalid_signature", _other_payload),
    Kind(
        "signed by another key, same kid",
        "invalid_signature",
        lambda case: case.shop.forger.sign(case.claims),
    ),
    Kind("signature cut short", "invalid_signature", _short_signature),
    Kind("kid that nobody knows", "key_not_found", lambda case: case.shop.stranger.sign(case.claims)),
    Kind("alg none, signature kept", "invalid_algorithm", _alg_none_signed),
    Kind("HS256 with the public key as secret", "invalid_algorithm", _public_key_as_secret),
    Kind("alg none, no signature", "decode_error", _alg_none),
    Kind("cut off in its payload", "decode_error", _cut_in_payload),
    Kind("no token at all", "decode_error", _garbage),
)


def choose(count: int, source: random.Random) -> dict[int, Kind]:
    """Return which of `count` tokens are to be spoiled (1 %, at least one) in which way, each way in turn."""
    indices = source.sample(range(count), max(1, count // 100))
    return {index: KINDS[turn % len(KINDS)] for turn, index in enumerate(indices)}
