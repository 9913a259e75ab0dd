"""PyJWT, with a key object and with PEM text in each call."""

from __future__ import annotations

from typing import Any

import corpus as material
from corpus import Corpus

from .base import Claims, Contender, cryptography_keys, cryptography_modulus, module


class PyJWT(Contender):
    """Keys as objects of the cryptography package, parsed once."""

    id = "pyjwt"
    label = "PyJWT, key object"
    how = "encode() and decode() with key objects of the cryptography package that were loaded once."
    distribution = "PyJWT"
    module = "jwt"

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus)
        self.jwt = module("jwt")
        self.private: Any = corpus.secret
        self.public: Any = corpus.secret
        if not corpus.secret:
            self.private, self.public = cryptography_keys(corpus)
        self.headers = {"kid": material.KEY_ID}
        self.accepted = [corpus.alg]
        self.required = {"require": ["exp"]}

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
            options=self.required,
        )
        return claims

    def import_private_pem(self, pem: bytes) -> Any:
        return self.jwt.algorithms.RSAAlgorithm(self.jwt.algorithms.RSAAlgorithm.SHA256).prepare_key(pem)

    def import_public_pem(self, pem: bytes) -> Any:
        return self.import_private_pem(pem)

    def import_public_jwk(self, jwk: dict[str, str]) -> Any:
        return self.jwt.PyJWK(jwk).key

    def import_jwks(self, text: str) -> list[Any]:
        return [member.key for member in self.jwt.PyJWKSet.from_json(text).keys]

    def modulus(self, key: Any) -> int:
        """Return the modulus."""
        return cryptography_modulus(key)


class PyJWTWithPEM(PyJWT):
    """PEM text in each call, as the first page of the documentation shows it."""

    id = "pyjwt-pem"
    label = "PyJWT, PEM"
    how = "encode() and decode() with the PEM text in each call, as most introductions show it."
    algorithms = ("RS256",)

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus)
        self.private, self.public = corpus.private_pem, corpus.public_pem

    # Its keys are the other's.
    import_private_pem = import_public_pem = import_public_jwk = import_jwks = None  # type: ignore[assignment]
