"""oxyjwt, in Rust on aws-lc."""

from __future__ import annotations

import corpus as material
from corpus import Corpus

from .base import Claims, Contender, module


class OxyJWT(Contender):
    """Its own key objects; text is refused for RSA."""

    id = "oxyjwt"
    label = "oxyjwt"
    how = "encode() and decode() with EncodingKey and DecodingKey objects made once."
    distribution = "oxyjwt"
    module = "oxyjwt"

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus)
        self.oxyjwt = module("oxyjwt")
        encoding, decoding = self.oxyjwt.EncodingKey, self.oxyjwt.DecodingKey
        if corpus.secret:
            self.private, self.public = (
                encoding.from_secret(corpus.secret),
                decoding.from_secret(corpus.secret),
            )
        else:
            self.private = encoding.from_rsa_pem(corpus.private_pem)
            self.public = decoding.from_rsa_pem(corpus.public_pem)
        self.headers = {"kid": material.KEY_ID}
        self.accepted = [corpus.alg]
        self.required = {"require": ["exp"]}

    @classmethod
    def library(cls) -> str:
        return "aws-lc (Rust)"

    def sign(self, claims: Claims) -> str:
        """Mint one token."""
        token: str = self.oxyjwt.encode(claims, self.private, self.corpus.alg, headers=self.headers)
        return token

    def verify(self, token: str) -> Claims:
        """Verify one token."""
        claims: Claims = self.oxyjwt.decode(
            token,
            self.public,
            algorithms=self.accepted,
            issuer=material.ISSUER,
            audience=material.AUDIENCE,
            options=self.required,
        )
        return claims

    # Its keys show nothing of themselves, so an import cannot be checked and is not measured.
