"""fastjwt, once for each engine."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import corpus as material
from corpus import Corpus

import fastjwt
from fastjwt import engines

from .base import Claims, Contender, Unavailable, short_openssl


class FastJWT(Contender):
    """A signer and a verifier made once; keys, signer and verifier belong to the engine in use when they are made."""

    engine: ClassVar[str]
    how = (
        "A Signer and a Verifier made once; one token a call, or lists of tokens with threads=N (the engine `pure`"
        " works on one thread). Key import checks the key in full and hands it to the engine."
    )

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus)
        with engines.use(self.engine):
            key: fastjwt.RSAPrivateKey | fastjwt.HMACKey
            keys: fastjwt.JWKSet | fastjwt.HMACKey
            if corpus.secret:
                key = keys = fastjwt.HMACKey(corpus.secret)
            else:
                key = fastjwt.RSAPrivateKey.from_pem(corpus.private_pem)
                public = fastjwt.RSAPublicKey.from_pem(corpus.public_pem)
                # A set, as a service has it that fetched one from its provider.
                keys = fastjwt.JWKSet.from_dict({"keys": [{**public.to_jwk(), "kid": material.KEY_ID}]})
            self.signer = fastjwt.Signer(key, kid=material.KEY_ID)
            self.verifier = fastjwt.Verifier(keys, issuer=material.ISSUER, audience=material.AUDIENCE)

    @classmethod
    def check_available(cls) -> None:
        if cls.engine not in engines.available():
            raise Unavailable(engines.why_not(cls.engine))

    @classmethod
    def version(cls) -> str | None:
        return fastjwt.__version__

    @classmethod
    def library(cls) -> str:
        with engines.use(cls.engine):
            openssl = short_openssl(fastjwt.engine().openssl_version)
        return {
            "avx512ifma": f"own kernel, {openssl}",
            "openssl": openssl,
            "pure": f"{super().library()}, {openssl}",
        }[cls.engine]

    def sign(self, claims: Claims) -> str:
        """Mint one token."""
        return self.signer.sign(claims)

    def verify(self, token: str) -> Claims:
        """Verify one token."""
        return self.verifier.verify(token)

    def function(self, operation: str) -> Callable[..., Any]:
        direct: dict[str, Callable[..., Any]] = {"sign": self.signer.sign, "verify": self.verifier.verify}
        return direct.get(operation) or super().function(operation)

    def sign_batch(self, claims: Sequence[Claims], threads: int) -> list[str]:
        """Mint many tokens in one call."""
        return self.signer.sign_batch(claims, threads=threads)

    def verify_batch(self, tokens: Sequence[str], threads: int) -> list[Claims | None]:
        """Verify many tokens in one call."""
        return self.verifier.verify_batch(tokens, threads=threads).claims

    def verify_signatures(self, tokens: Sequence[str], threads: int) -> bytes:
        """Verify the signatures of many tokens in one call."""
        return self.verifier.verify_signatures(tokens, threads=threads)

    def counted(self) -> dict[str, int]:
        return engines.counters()

    # A key is made for the engine when that first needs it, which belongs to the import.

    def _for_engine(self, key: Any) -> Any:
        with engines.use(self.engine) as backend:
            key._handle(backend)
        return key

    def import_private_pem(self, pem: bytes) -> Any:
        with engines.use(self.engine):
            return self._for_engine(fastjwt.RSAPrivateKey.from_pem(pem))

    def import_public_pem(self, pem: bytes) -> Any:
        with engines.use(self.engine):
            return self._for_engine(fastjwt.RSAPublicKey.from_pem(pem))

    def import_public_jwk(self, jwk: dict[str, str]) -> Any:
        with engines.use(self.engine):
            return self._for_engine(fastjwt.RSAPublicKey.from_jwk(jwk))

    def import_jwks(self, text: str) -> list[Any]:
        with engines.use(self.engine):
            return list(fastjwt.JWKSet.from_json(text))

    def modulus(self, key: Any) -> int:
        """Return the modulus."""
        public = key.public_key() if isinstance(key, fastjwt.RSAPrivateKey) else key
        text: str = public.to_jwk()["n"]
        return int.from_bytes(base64.urlsafe_b64decode(text + "=="), "big")


class FastJWTKernel(FastJWT):
    """The 8-lane kernel."""

    id = "fastjwt-avx512ifma"
    label = "fastjwt, AVX-512 kernel"
    engine = "avx512ifma"


class FastJWTOpenSSL(FastJWT):
    """C on libcrypto."""

    id = "fastjwt-openssl"
    label = "fastjwt on OpenSSL"
    engine = "openssl"


class FastJWTPure(FastJWT):
    """The cryptography package."""

    id = "fastjwt-pure"
    label = "fastjwt, pure"
    engine = "pure"
    threaded_batches = False
