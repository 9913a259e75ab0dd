"""webtoken, in Rust on aws-lc."""

from __future__ import annotations

from typing import Any

import corpus as material
from corpus import Corpus

from .base import Claims, Contender, module


class WebToken(Contender):
    """Takes text or its own PyJWK in each call, and nothing else; text is as fast."""

    id = "webtoken"
    label = "webtoken"
    how = (
        "encode() and decode() with the PEM text in each call, which is as fast as its PyJWK objects. Version 0.5.0"
        " prints a left-over word at each encode(), which is silenced here."
    )
    distribution = "webtoken"
    module = "webtoken"

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus)
        self.webtoken = module("webtoken")
        module("webtoken.webtoken").print = lambda *_: None
        self.private: Any = corpus.secret or corpus.private_pem
        self.public: Any = corpus.secret or corpus.public_pem
        self.headers = {"kid": material.KEY_ID}
        self.accepted = [corpus.alg]
        self.required = {"require": ["exp"]}

    @classmethod
    def library(cls) -> str:
        return "aws-lc (Rust)"

    def sign(self, claims: Claims) -> str:
        """Mint one token."""
        token: str = self.webtoken.encode(claims, self.private, self.corpus.alg, headers=self.headers)
        return token

    def verify(self, token: str) -> Claims:
        """Verify one token."""
        claims: Claims = self.webtoken.decode(
            token,
            self.public,
            algorithms=self.accepted,
            issuer=material.ISSUER,
            audience=material.AUDIENCE,
            options=self.required,
        )
        return claims
