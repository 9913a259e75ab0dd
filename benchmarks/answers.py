"""Whether an answer is right, judged without whoever gave it: a wrong one ends the run."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from corpus import KEY_ID, Corpus
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

# Tokens of an answer that are read and verified; those that equal the corpus' own need no more than that.
_SAMPLE = 5


class WrongAnswer(AssertionError):
    """A contender answered wrongly, so its time says nothing."""


def octets(text: str) -> bytes:
    """Return what a segment spells."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(text: str) -> int:
    """Return the number that a member of a JWK spells."""
    return int.from_bytes(octets(text), "big")


@cache
def public_key(pem: bytes) -> rsa.RSAPublicKey:
    """Return the public key of a PEM text."""
    key = serialization.load_pem_public_key(pem)
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def check_token(corpus: Corpus, token: Any, claims: dict[str, Any]) -> None:
    """Raise `WrongAnswer` unless `token` carries these claims, the corpus' algorithm and a good signature."""
    text = token.decode("ascii") if isinstance(token, bytes) else token
    try:
        header, payload, signature = text.split(".")
        read = json.loads(octets(header))
        right = read["alg"] == corpus.alg and read.get("kid", KEY_ID) == KEY_ID
        right = right and json.loads(octets(payload)) == claims
    except (AttributeError, ValueError, KeyError) as error:
        raise WrongAnswer(f"not a token: {type(error).__name__}") from None
    if not right:
        raise WrongAnswer("a token with another header or other claims")
    signing_input = f"{header}.{payload}".encode()
    if corpus.secret:
        good = hmac.compare_digest(octets(signature), hmac.digest(corpus.secret, signing_input, "sha256"))
    else:
        try:
            public_key(corpus.public_pem).verify(
                octets(signature), signing_input, padding.PKCS1v15(), hashes.SHA256()
            )
            good = True
        except InvalidSignature:
            good = False
    if not good:
        raise WrongAnswer("a token whose signature is not the key's")


def check_tokens(corpus: Corpus, tokens: Sequence[Any], start: int = 0) -> None:
    """Raise `WrongAnswer` unless these are tokens of the corpus' claims from number `start` on.

    Signatures of RS256 and HS256 depend on nothing but the text: who writes header and claims as the corpus does makes
    equal tokens, and they are compared.  Of other spellings a sample is verified.
    """
    expected = corpus.tokens[start : start + len(tokens)]
    if list(tokens) == expected:
        return
    if len(set(tokens)) != len(expected):
        raise WrongAnswer(f"{len(set(tokens))} distinct tokens where {len(expected)} were to be made")
    for number in range(0, len(tokens), max(1, len(tokens) // _SAMPLE)):
        check_token(corpus, tokens[number], corpus.claims[start + number])


def check_claims(corpus: Corpus, claims: Sequence[Any], start: int = 0) -> None:
    """Raise `WrongAnswer` unless these are the corpus' claims from number `start` on."""
    if list(claims) != corpus.claims[start : start + len(claims)]:
        raise WrongAnswer("other claims than the token's")


def must_refuse(verify: Callable[[str], Any], spoiled: str) -> None:
    """Raise `WrongAnswer` if a spoiled token is taken."""
    try:
        verify(spoiled)
    except Exception:  # noqa: BLE001 - each library has exceptions of its own, and any of them will do
        return
    raise WrongAnswer("a spoiled token was taken")
