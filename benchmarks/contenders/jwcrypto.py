"""jwcrypto."""

from __future__ import annotations

import json
from typing import Any

import corpus as material
from corpus import Corpus

from .base import Claims, Contender, cryptography_modulus, module


class JWCrypto(Contender):
    """A JWT object for each token, which is its only way."""

    id = "jwcrypto"
    label = "jwcrypto"
    how = "A JWT object a token, with JWK objects made once; its claims come as text and are read by json.loads()."
    distribution = "jwcrypto"
    module = "jwcrypto"

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus)
        self.jwt, self.jwk = module("jwcrypto.jwt"), module("jwcrypto.jwk")
        if corpus.secret:
            self.private = self.public = self.jwk.JWK(kty="oct", k=material.segment(corpus.secret))
        else:
            self.private = self.jwk.JWK.from_pem(corpus.private_pem)
            self.public = self.jwk.JWK.from_pem(corpus.public_pem)
        self.header = {"alg": corpus.alg, "kid": material.KEY_ID}
        self.accepted = [corpus.alg]
        self.rules = {"iss": material.ISSUER, "aud": material.AUDIENCE, "exp": None}

    def sign(self, claims: Claims) -> str:
        """Mint one token."""
        made = self.jwt.JWT(header=self.header, claims=claims)
        made.make_signed_token(self.private)
        token: str = made.serialize()
        return token

    def verify(self, token: str) -> Claims:
        """Verify one token."""
        read = self.jwt.JWT(jwt=token, key=self.public, algs=self.accepted, check_claims=self.rules)
        claims: Claims = json.loads(read.claims)
        return claims

    def import_private_pem(self, pem: bytes) -> Any:
        return self.jwk.JWK.from_pem(pem)

    def import_public_pem(self, pem: bytes) -> Any:
        return self.jwk.JWK.from_pem(pem)

    def import_public_jwk(self, jwk: dict[str, str]) -> Any:
        return self.jwk.JWK(**jwk)

    def import_jwks(self, text: str) -> list[Any]:
        # A set keeps its members in no order; the check wants them in the text's.
        members = self.jwk.JWKSet.from_json(text)["keys"]
        return sorted(members, key=lambda key: int(key["kid"].removeprefix("key-")))

    def modulus(self, key: Any) -> int:
        """Return the modulus."""
        return cryptography_modulus(key.get_op_key("verify"))
