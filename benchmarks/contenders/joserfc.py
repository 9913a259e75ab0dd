"""joserfc."""

from __future__ import annotations

from typing import Any

import corpus as material
from corpus import Corpus

from .base import Claims, Contender, cryptography_modulus, module


class Joserfc(Contender):
    """Keys imported once, a claims registry made once."""

    id = "joserfc"
    label = "joserfc"
    how = "jwt.encode() and jwt.decode() with keys imported once, then validate() of a claims registry made once."
    distribution = "joserfc"
    module = "joserfc"

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus)
        self.jwt, self.jwk = module("joserfc.jwt"), module("joserfc.jwk")
        if corpus.secret:
            self.private = self.public = self.jwk.OctKey.import_key(corpus.secret)
        else:
            self.private = self.jwk.RSAKey.import_key(corpus.private_pem)
            self.public = self.jwk.RSAKey.import_key(corpus.public_pem)
        self.header = {"alg": corpus.alg, "kid": material.KEY_ID}
        self.accepted = [corpus.alg]
        self.registry = self.jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": material.ISSUER},
            aud={"essential": True, "value": material.AUDIENCE},
            exp={"essential": True},
        )

    def sign(self, claims: Claims) -> str:
        """Mint one token."""
        token: str = self.jwt.encode(self.header, claims, self.private, algorithms=self.accepted)
        return token

    def verify(self, token: str) -> Claims:
        """Verify one token."""
        decoded = self.jwt.decode(token, self.public, algorithms=self.accepted)
        self.registry.validate(decoded.claims)
        claims: Claims = decoded.claims
        return claims

    def import_private_pem(self, pem: bytes) -> Any:
        return self.jwk.RSAKey.import_key(pem).raw_value

    def import_public_pem(self, pem: bytes) -> Any:
        return self.jwk.RSAKey.import_key(pem).raw_value

    def import_public_jwk(self, jwk: dict[str, str]) -> Any:
        return self.jwk.RSAKey.import_key(jwk).raw_value

    def import_jwks(self, text: str) -> list[Any]:
        members = module("json").loads(text)
        return [key.raw_value for key in self.jwk.KeySet.import_key_set(members).keys]

    def modulus(self, key: Any) -> int:
        """Return the modulus."""
        return cryptography_modulus(key)
