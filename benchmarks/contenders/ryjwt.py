"""ryjwt, in Rust on aws-lc."""

from __future__ import annotations

import base64
from typing import Any

import corpus as material
from corpus import Corpus

from .base import Claims, Contender, module


class RyJWT(Contender):
    """Key objects that hold the policy."""

    id = "ryjwt"
    label = "ryjwt"
    how = "encode() and decode() of key objects made once, which hold algorithm, issuer and audience."
    distribution = "ryjwt"
    module = "ryjwt"
    needs_python = (3, 12)

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus)
        self.ryjwt = module("ryjwt")
        policy = {"algorithms": [corpus.alg], "audience": material.AUDIENCE, "issuer": material.ISSUER}
        if corpus.secret:
            self.private = self.public = self.ryjwt.SecretKey(corpus.secret, **policy)
        else:
            self.private = self.ryjwt.PrivateKey(corpus.private_pem, **policy, kid=material.KEY_ID)
            self.public = self.ryjwt.PublicKey(corpus.public_pem, **policy)
        self.rs256 = ["RS256"]

    @classmethod
    def library(cls) -> str:
        return "aws-lc (Rust)"

    def sign(self, claims: Claims) -> str:
        """Mint one token."""
        token: str = self.private.encode(claims)
        return token

    def verify(self, token: str) -> Claims:
        """Verify one token; its exp is required by default."""
        claims: Claims = self.public.decode(token)
        return claims

    def import_private_pem(self, pem: bytes) -> Any:
        return self.ryjwt.PrivateKey(pem, algorithms=self.rs256)

    def import_public_pem(self, pem: bytes) -> Any:
        return self.ryjwt.PublicKey(pem, algorithms=self.rs256)

    def modulus(self, key: Any) -> int:
        """Return the modulus."""
        return int.from_bytes(base64.urlsafe_b64decode(key.jwk()["n"] + "=="), "big")
