"""What a signer puts into a token: the header's bytes, and the claims as JSON.

Nothing is minted that the default verifier would refuse for its form, and nothing is written that another JSON reader
might read differently: each rule of reading has its counterpart here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from . import base64url, strict_json
from .backends.base import Limits
from .claims import finite_seconds, moment_after
from .header import MAX_KID_BYTES

__all__ = ["ClaimsWriter", "header_segment"]

_LIMITS = Limits()
_RESERVED_MEMBERS = ("alg", "crit", "b64")
_TIMES = ("exp", "nbf", "iat")
_STRINGS = ("iss", "sub", "jti")
_NAMES = frozenset((str,))
_FLAT = frozenset((str, int, bool, type(None)))
_PLAIN = _FLAT | {float, dict, list, tuple}
_JTI_OCTETS = 16

# Shapes of claims that a signer remembers at once, and how large each may be: 256 KiB at most.
_REMEMBERED_SHAPES = 64
_REMEMBERED_MEMBERS = 64
_REMEMBERED_CHARACTERS = 1024


def header_segment(alg: str, kid: str | None, headers: Mapping[str, Any] | None) -> bytes:
    """Return the encoded header of a signer, and the dot behind it.

    `typ` is "JWT" unless `headers` says otherwise (None leaves it out).  Raises TypeError and ValueError.
    """
    if headers is not None and not isinstance(headers, Mapping):
        raise TypeError(f"headers must be a dict, got {type(headers).__name__}")
    extra = dict(headers or {})
    for name in _RESERVED_MEMBERS:
        if name in extra:
            raise ValueError(f"headers must not hold {name!r}: it follows from the key, or is not supported")
    if "kid" in extra:
        own = extra.pop("kid")
        if kid is None or own != kid:
            raise ValueError("headers hold another kid than the signer's: pass kid= instead")
    header: dict[str, Any] = {"alg": alg, "typ": extra.pop("typ", "JWT")}
    if header["typ"] is None:
        del header["typ"]
    elif not isinstance(header["typ"], str):
        raise TypeError("typ must be a str")
    if kid is not None:
        if len(kid.encode("utf-8", "surrogatepass")) > MAX_KID_BYTES:
            raise ValueError(f"kid is longer than {MAX_KID_BYTES} bytes")
        header["kid"] = kid
    header.update(extra)
    segment = base64url.encode(strict_json.write(header)).encode("ascii")
    if len(segment) > _LIMITS.max_header_bytes:
        raise ValueError(
            f"the header is longer than {_LIMITS.max_header_bytes} bytes, which verifiers refuse"
        )
    return segment + b"."


class ClaimsWriter:
    """A signer's settings, and the way from claims to payload bytes."""

    def __init__(
        self,
        *,
        issuer: str | None,
        audience: str | Iterable[str] | None,
        ttl: float | timedelta | None,
        jti: bool,
        clock: Callable[[], float],
        max_payload_bytes: int,
    ) -> None:
        if issuer is not None and not isinstance(issuer, str):
            raise TypeError(f"issuer must be a str, got {type(issuer).__name__}")
        if type(jti) is not bool:
            raise TypeError("jti must be a bool")
        if not callable(clock):
            raise TypeError("clock must be callable")
        self._fixed: dict[str, Any] = {}
        if issuer is not None:
            self._fixed["iss"] = strict_json.underneath(issuer)
        if audience is not None:
            several = isinstance(audience, Iterable) and not isinstance(audience, str | bytes | Mapping)
            self._fixed["aud"] = _checked_audience(list(audience) if several else audience)
        # Raises for lone surrogates now rather than with the first token.
        strict_json.write(self._fixed)
        self._ttl = None if ttl is None else finite_seconds(ttl, "ttl")
        if self._ttl is not None and self._ttl <= 0:
            raise ValueError("ttl must be more than 0 seconds")
        self._jti = jti
        self._clock = clock
        self._max_payload_bytes = max_payload_bytes
        self._adds = bool(self._fixed) or self._ttl is not None or jti
        self._shapes: dict[tuple[Any, ...], tuple[str, ...]] = {}

    def write(self, claims: Mapping[str, Any] | bytes, kept: bool = False) -> bytes:
        """Return the payload for `claims`: a dict, or bytes that are already a JSON object.

        `kept` says that it will be held with many others.

        Raises TypeError for claims of a type that JSON or RFC 7519 does not give them, and ValueError for values that
        cannot be written, contradict the signer's settings, or would be refused by a verifier.
        """
        given: Any = claims
        kind = type(given)
        if kind is dict:
            payload = self._of_members(given, kept)
        elif issubclass(kind, bytes):
            payload = self._checked_bytes(bytes.__getitem__(given, slice(None)))
        elif isinstance(given, Mapping):
            payload = self._of_members(dict(given), kept)
        else:
            raise TypeError(f"claims must be a dict, or bytes that are JSON, got {kind.__name__}")
        if len(payload) > self._max_payload_bytes:
            raise ValueError(
                f"the token would be longer than {_LIMITS.max_token_bytes} bytes, which verifiers refuse"
            )
        return payload

    def _of_members(self, claims: dict[str, Any], kept: bool) -> bytes:
        if self._adds:
            claims = self._completed(dict(claims))
        # A signer's claims have few shapes: which names, in which order, and of which type each value is.  Where one
        # was all right before, nothing is left to ask of it but what lies deeper, and what the writer asks anyway.
        shape = (*claims, *map(type, claims.values()))
        nested = self._shapes.get(shape)
        if nested is not None:
            payload = strict_json.write_known(claims, nested, kept)
            if payload is not None:
                return payload
        elif not self._remembers(shape, claims) and not self._adds:
            claims = self._completed(dict(claims))
        return strict_json.write(claims)

    def _remembers(self, shape: tuple[Any, ...], claims: dict[str, Any]) -> bool:
        """Return whether claims of this shape need no completing; remember it then, and what is nested in it."""
        kinds = shape[len(claims) :]
        if not (_PLAIN.issuperset(kinds) and _NAMES.issuperset(map(type, claims)) and _is_plain(claims)):
            return False
        if len(shape) <= _REMEMBERED_MEMBERS and sum(map(len, claims)) <= _REMEMBERED_CHARACTERS:
            if len(self._shapes) >= _REMEMBERED_SHAPES:
                self._shapes.clear()
            self._shapes[shape] = tuple(name for name, member in claims.items() if type(member) not in _FLAT)
        return True

    def _checked_bytes(self, payload: bytes) -> bytes:
        if self._adds:
            raise ValueError(
                "claims that are bytes are signed as they are: this signer's settings would add to them"
            )
        if len(payload) > self._max_payload_bytes:
            raise ValueError(
                f"the token would be longer than {_LIMITS.max_token_bytes} bytes, which verifiers refuse"
            )
        try:
            strict_json.read_object(payload)
        except strict_json.JSONFault as fault:
            raise ValueError(f"claims: {fault}") from None
        return payload

    def _completed(self, claims: dict[str, Any]) -> dict[str, Any]:
        """Return the claims with the signer's settings, and dates as NumericDate.  `claims` is ours to change."""
        for name in _TIMES:
            if name in claims:
                claims[name] = _numeric_date(name, claims[name])
        for name in _STRINGS:
            if name in claims and type(claims[name]) is not str:
                if not isinstance(claims[name], str):
                    raise TypeError(f"{name} must be a str, got {type(claims[name]).__name__}")
                claims[name] = strict_json.underneath(claims[name])
        if "aud" in claims:
            claims["aud"] = _checked_audience(claims["aud"])
        for name, value in self._fixed.items():
            if claims.setdefault(name, value) != value:
                raise ValueError(f"{name} in the claims is not the signer's")
        if self._ttl is not None and ("exp" not in claims or "iat" not in claims):
            now = int(finite_seconds(self._clock(), "the clock's time"))
            claims.setdefault("iat", now)
            claims.setdefault("exp", int(moment_after(now, self._ttl)))
        if self._jti and "jti" not in claims:
            claims["jti"] = base64url.encode(os.urandom(_JTI_OCTETS))
        return claims


def _is_plain(claims: dict[str, Any]) -> bool:
    """Return whether the registered claims that are there need no look beyond their types: most tokens' do not."""
    get = claims.get
    return (
        type(get("exp", 0)) is int
        and type(get("iat", 0)) is int
        and type(get("nbf", 0)) is int
        and type(get("iss", "")) is str
        and type(get("sub", "")) is str
        and type(get("aud", "")) is str
        and type(get("jti", "")) is str
    )


def _numeric_date(name: str, value: object) -> int | float:
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise ValueError(f"{name} is a datetime without time zone: which moment is meant?")
        return int(value.timestamp() // 1)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number of seconds or a datetime, got {type(value).__name__}")
    return value


def _checked_audience(audience: object) -> str | list[str]:
    if not isinstance(audience, str | list | tuple):
        raise TypeError(f"aud must be a str or a list of str, got {type(audience).__name__}")
    # Plain ones, so that what is looked at here is what is written, and compared with the signer's.
    plain = strict_json.underneath(audience)
    if isinstance(plain, str):
        return plain
    members: list[str] = []
    for member in plain:
        if not isinstance(member, str):
            raise TypeError(f"aud must hold str only, got {type(member).__name__}")
        members.append(strict_json.underneath(member))
    if not members:
        raise ValueError("aud is an empty list: no verifier could accept the token")
    return members
