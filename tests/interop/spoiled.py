"""Tokens spoiled in ways that every peer must notice."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from material import decoded, encoded, spki_pem

import fastjwt


class Spoiled(NamedTuple):
    """One token that nobody may accept, and the error that fastjwt owes for it."""

    how: str
    token: str
    error: type[fastjwt.InvalidTokenError]


def spoiled_signatures(token: str, key: rsa.RSAPrivateKey, stranger: rsa.RSAPrivateKey) -> Iterator[Spoiled]:
    """Yield tokens with one fault each in what the signature covers or in the signature itself.

    `token` is a good RS256 token by `key`, with an object as header and claims; `stranger` is any other key.
    """
    header, payload, signature_segment = token.split(".")
    signing_input = f"{header}.{payload}".encode()
    signature = decoded(signature_segment)
    wrong = fastjwt.InvalidSignatureError

    def with_signature(octets: bytes) -> str:
        return f"{header}.{payload}.{encoded(octets)}"

    def flipped(index: int) -> bytes:
        octets = bytearray(signature)
        octets[index] ^= 1
        return bytes(octets)

    yield Spoiled("first octet of the signature changed", with_signature(flipped(0)), wrong)
    yield Spoiled("last octet of the signature changed", with_signature(flipped(-1)), wrong)
    yield Spoiled("signature one octet short", with_signature(signature[:-1]), wrong)
    yield Spoiled("signature one octet long", with_signature(b"\0" + signature), wrong)
    yield Spoiled("signature all zeros", with_signature(bytes(len(signature))), wrong)
    yield Spoiled("signature of one", with_signature((1).to_bytes(len(signature), "big")), wrong)
    yield Spoiled("signature empty", f"{header}.{payload}.", fastjwt.DecodeError)

    by_stranger = stranger.sign(signing_input, padding.PKCS1v15(), hashes.SHA256())
    yield Spoiled("signed by another key", with_signature(by_stranger), wrong)
    as_pss = key.sign(signing_input, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    yield Spoiled("signed as PS256", with_signature(as_pss), wrong)
    as_rs512 = key.sign(signing_input, padding.PKCS1v15(), hashes.SHA512())
    yield Spoiled("signed as RS512", with_signature(as_rs512), wrong)

    other_claims = encoded(json.dumps({**json.loads(decoded(payload)), "admin": True}).encode())
    yield Spoiled("claims changed", f"{header}.{other_claims}.{signature_segment}", wrong)
    other_header = encoded(json.dumps({**json.loads(decoded(header)), "x": 1}).encode())
    yield Spoiled("header changed", f"{other_header}.{payload}.{signature_segment}", wrong)


def spoiled_algorithms(token: str, key: rsa.RSAPrivateKey) -> Iterator[Spoiled]:
    """Yield tokens whose header asks for another algorithm than the key's, for peers that read headers."""
    header, payload, signature = token.split(".")
    wrong = fastjwt.InvalidAlgorithmError

    def header_with(algorithm: str) -> str:
        return encoded(json.dumps({**json.loads(decoded(header)), "alg": algorithm}).encode())

    yield Spoiled("alg none, signature kept", f"{header_with('none')}.{payload}.{signature}", wrong)
    yield Spoiled("alg RS512, signature kept", f"{header_with('RS512')}.{payload}.{signature}", wrong)
    signing_input = f"{header_with('HS256')}.{payload}"
    tag = encoded(hmac.digest(spki_pem(key.public_key()).encode(), signing_input.encode(), "sha256"))
    yield Spoiled("HS256 with the public key as secret", f"{signing_input}.{tag}", wrong)


def assert_refused(public: fastjwt.RSAPublicKey, good: str, spoiled: Sequence[Spoiled]) -> None:
    """Check that each spoiled token gets its error from fastjwt, alone and between good ones, which pass unharmed."""
    verifier = fastjwt.Verifier(public)
    for each in spoiled:
        with pytest.raises(each.error):
            verifier.verify(each.token)
    mixed = [token for each in spoiled for token in (good, each.token)]
    batch = verifier.verify_batch(mixed)
    errors = {each.how: type(batch.errors[2 * index + 1]) for index, each in enumerate(spoiled)}
    assert errors == {each.how: each.error for each in spoiled}
    assert list(batch.claims) == [verifier.verify(good), None] * len(spoiled)
