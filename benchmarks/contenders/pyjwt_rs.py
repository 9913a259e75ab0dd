"""pyjwt-rs, PyJWT's interface in Rust."""

from __future__ import annotations

from corpus import Corpus

from .base import module
from .pyjwt import PyJWT


class PyJWTRust(PyJWT):
    """Text in each call, as it takes no key objects of the cryptography package."""

    id = "pyjwt-rs"
    label = "pyjwt-rs"
    how = "encode() and decode() with the PEM text in each call."
    distribution = "pyjwt-rs"
    module = "jwt_rs"

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus)
        self.jwt = module("jwt_rs")
        self.private = corpus.secret or corpus.private_pem
        self.public = corpus.secret or corpus.public_pem

    @classmethod
    def library(cls) -> str:
        return "Rust"

    import_private_pem = import_public_pem = import_public_jwk = import_jwks = None  # type: ignore[assignment]
