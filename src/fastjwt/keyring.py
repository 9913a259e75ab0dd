"""From what a caller gives as keys to a source of keys for each header."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .jwks import JWKSet
from .jws import KeySource
from .keys import HMACKey, RSAPrivateKey, RSAPublicKey

__all__ = ["VerifyingKey", "algorithms_of", "source_of"]

VerifyingKey = RSAPublicKey | HMACKey


class _OneKey:
    """One key given directly: its `kid` is not compared, as there is nothing to choose."""

    generation = 0

    def __init__(self, key: VerifyingKey) -> None:
        self.keys = (key,)

    def candidates(self, kid: str | None, alg: str) -> Sequence[VerifyingKey]:
        return self.keys if self.keys[0].alg == alg else ()


class _KeyList:
    """Keys in the caller's order: those that carry the token's `kid`, then those that carry none and fit any token."""

    generation = 0

    def __init__(self, keys: Sequence[VerifyingKey]) -> None:
        self.keys = tuple(keys)

    def candidates(self, kid: str | None, alg: str) -> Sequence[VerifyingKey]:
        fitting = [key for key in self.keys if key.alg == alg]
        if kid is not None:
            fitting = [key for key in fitting if key.kid == kid] or [
                key for key in fitting if key.kid is None
            ]
        return list(dict.fromkeys(fitting))  # one key under two names counts once

    def spares(self, kid: str | None, alg: str) -> Sequence[VerifyingKey]:
        """Return the keys to try after those that carry the token's `kid`, as far as so many may be tried."""
        return [key for key in self.keys if key.alg == alg and key.kid is None and kid is not None]


def _checked(key: object) -> VerifyingKey:
    if isinstance(key, RSAPublicKey | HMACKey):
        return key
    if isinstance(key, RSAPrivateKey):
        raise TypeError("verifying takes the public key: say private.public_key()")
    raise TypeError(
        f"expected an RSAPublicKey, an HMACKey, a list of them or a JWKSet, got {type(key).__name__}"
    )


def source_of(keys: Any) -> KeySource:
    """Return the source for one key, a list of keys, a JWKSet, or an object that is such a source itself."""
    if isinstance(keys, JWKSet):
        return keys
    is_source = callable(getattr(keys, "candidates", None)) and hasattr(keys, "generation")
    if is_source and not isinstance(keys, type):  # JWKSet itself, where a set was meant, has both as well
        source: KeySource = keys
        return source
    if isinstance(keys, Sequence) and not isinstance(keys, str | bytes | bytearray | memoryview):
        if not keys:
            raise ValueError("the list of keys is empty: no token could be verified")
        return _KeyList([_checked(key) for key in keys])
    return _OneKey(_checked(keys))


def algorithms_of(source: KeySource) -> frozenset[str] | None:
    """Return the algorithms that the keys of a fixed source are for; None where it has none or may change."""
    if isinstance(source, _OneKey | _KeyList | JWKSet) and source.keys:
        return frozenset(key.alg for key in source.keys)
    return None
