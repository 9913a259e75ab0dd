"""Authlib."""

from __future__ import annotations

import warnings
from typing import Any

import corpus as material
from corpus import Corpus

from .base import Claims, Contender, cryptography_modulus, module


class Authlib(Contender):
    """Its authlib.jose, which it deprecates in favour of joserfc."""

    id = "authlib"
    label = "Authlib"
    how = "JsonWebToken.encode() and decode() of authlib.jose with keys imported once, then validate() of the claims."
    distribution = "Authlib"
    module = "authlib"

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus)
        with warnings.catch_warnings(
            record=True
        ):  # that joserfc is its successor; it unsets a filter of ours
            self.jose = module("authlib.jose")
        if corpus.secret:
            self.private = self.public = self.jose.OctKey.import_key(corpus.secret)
        else:
            self.private = self.jose.RSAKey.import_key(corpus.private_pem)
            self.public = self.jose.RSAKey.import_key(corpus.public_pem)
        self.jwt = self.jose.JsonWebToken([corpus.alg])
        self.header = {"alg": corpus.alg, "kid": material.KEY_ID}
        self.rules = {
            "iss": {"essential": True, "value": material.ISSUER},
            "aud": {"essential": True, "value": material.AUDIENCE},
            "exp": {"essential": True},
        }

    def sign(self, claims: Claims) -> bytes:
        """Mint one token."""
        token: bytes = self.jwt.encode(self.header, claims, self.private)
        return token

    def verify(self, token: str) -> Claims:
        """Verify one token."""
        claims: Claims = self.jwt.decode(token, self.public, claims_options=self.rules)
        claims.validate()  # type: ignore[attr-defined]
        return claims

    def import_private_pem(self, pem: bytes) -> Any:
        return self.jose.RSAKey.import_key(pem).get_private_key()

    def import_public_pem(self, pem: bytes) -> Any:
        return self.jose.RSAKey.import_key(pem).get_public_key()

    def import_public_jwk(self, jwk: dict[str, str]) -> Any:
        return self.jose.RSAKey.import_key(jwk).get_public_key()

    def import_jwks(self, text: str) -> list[Any]:
        members = module("json").loads(text)
        return [key.get_public_key() for key in self.jose.JsonWebKey.import_key_set(members).keys]

    def modulus(self, key: Any) -> int:
        """Return the modulus."""
        return cryptography_modulus(key)
