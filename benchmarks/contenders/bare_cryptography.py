"""The cryptography package by hand, without a JWT library."""

from __future__ import annotations

import binascii
import hmac
import time
from typing import Any

import corpus as material
from corpus import Corpus

from .base import Claims, Contender, cryptography_keys, cryptography_modulus, module

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


class BareCryptography(Contender):
    """What one writes who wants no dependency: about the most that a library on that package can reach."""

    id = "cryptography"
    label = "cryptography, by hand"
    how = "Twenty lines by hand around sign() and verify() of the package, with orjson, and checks of exp, iss and aud."
    distribution = "cryptography"
    module = "cryptography"

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus)
        self.orjson = module("orjson")
        hashes = module("cryptography.hazmat.primitives.hashes")
        self.padding = module("cryptography.hazmat.primitives.asymmetric.padding").PKCS1v15()
        self.sha256 = hashes.SHA256()
        if not corpus.secret:
            self.private, self.public = cryptography_keys(corpus)
        header = self.orjson.dumps({**material.HEADER, "alg": corpus.alg})
        self.header = _encoded(header)

    def sign(self, claims: Claims) -> str:
        """Mint one token."""
        signing_input = self.header + b"." + _encoded(self.orjson.dumps(claims))
        if self.corpus.secret:
            signature = hmac.digest(self.corpus.secret, signing_input, "sha256")
        else:
            signature = self.private.sign(signing_input, self.padding, self.sha256)
        return (signing_input + b"." + _encoded(signature)).decode("ascii")

    def verify(self, token: str) -> Claims:
        """Verify one token; a bad one raises ValueError, or InvalidSignature of the package."""
        signing_input, _, signature = token.encode("ascii").rpartition(b".")
        header, _, payload = signing_input.partition(b".")
        if self.orjson.loads(_decoded(header)).get("alg") != self.corpus.alg:
            raise ValueError("alg")
        if self.corpus.secret:
            expected = hmac.digest(self.corpus.secret, signing_input, "sha256")
            if not hmac.compare_digest(expected, _decoded(signature)):
                raise ValueError("signature")
        else:
            self.public.verify(_decoded(signature), signing_input, self.padding, self.sha256)
        claims: Claims = self.orjson.loads(_decoded(payload))
        if (
            claims["exp"] <= time.time()
            or claims["iss"] != material.ISSUER
            or claims["aud"] != material.AUDIENCE
        ):
            raise ValueError("claims")
        return claims

    def import_private_pem(self, pem: bytes) -> Any:
        return module("cryptography.hazmat.primitives.serialization").load_pem_private_key(pem, None)

    def import_public_pem(self, pem: bytes) -> Any:
        return module("cryptography.hazmat.primitives.serialization").load_pem_public_key(pem)

    def modulus(self, key: Any) -> int:
        """Return the modulus."""
        return cryptography_modulus(key)


def _encoded(octets: bytes) -> bytes:
    return binascii.b2a_base64(octets, newline=False).translate(_TO_URL, b"=")


def _decoded(text: bytes) -> bytes:
    return binascii.a2b_base64(text.translate(_FROM_URL) + b"=" * (-len(text) % 4))
