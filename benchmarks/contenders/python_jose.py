"""python-jose."""

from __future__ import annotations

from typing import Any

import corpus as material
from corpus import Corpus

from .base import Claims, Contender, cryptography_modulus, module


class PythonJose(Contender):
    """With its backend on the cryptography package, and key objects made once."""

    id = "python-jose"
    label = "python-jose"
    how = "jwt.encode() and jwt.decode() with key objects of jwk.construct(), on its cryptography backend."
    distribution = "python-jose"
    module = "jose"

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus)
        self.jwt, self.jwk = module("jose.jwt"), module("jose.jwk")
        self.private = self.jwk.construct(corpus.secret or corpus.private_pem, corpus.alg)
        self.public = self.jwk.construct(corpus.secret or corpus.public_pem, corpus.alg)
        self.headers = {"kid": material.KEY_ID}
        self.accepted = [corpus.alg]
        self.rules = {"require_exp": True, "require_iss": True, "require_aud": True}

    def sign(self, claims: Claims) -> str:
        """Mint one token."""
        token: str = self.jwt.encode(claims, self.private, self.corpus.alg, headers=self.headers)
        return token

    def verify(self, token: str) -> Claims:
        """Verify one token."""
        claims: Claims = self.jwt.decode(
            token,
            self.public,
            algorithms=self.accepted,
            issuer=material.ISSUER,
            audience=material.AUDIENCE,
            options=self.rules,
        )
        return claims

    def import_private_pem(self, pem: bytes) -> Any:
        return self.jwk.construct(pem, "RS256").prepared_key

    def import_public_pem(self, pem: bytes) -> Any:
        return self.jwk.construct(pem, "RS256").prepared_key

    def import_public_jwk(self, jwk: dict[str, str]) -> Any:
        return self.jwk.construct(jwk, "RS256").prepared_key

    def modulus(self, key: Any) -> int:
        """Return the modulus."""
        return cryptography_modulus(key)
