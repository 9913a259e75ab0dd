"""From a raw header segment to a decision: which keys may verify the token, or why none may.

The header is the sender's.  It is read to find the key, and for nothing else: no key, URL or certificate in it is ever
looked at, and the algorithm follows from the key, the header only has to agree (RFC 8725 sections 3.1 and 3.10).
"""

from __future__ import annotations

import string
from typing import Any, NamedTuple

from . import base64url, strict_json
from .errors import DecodeError, InvalidAlgorithmError, InvalidTokenError, InvalidTypeError, KeyNotFoundError
from .status import Status

__all__ = ["ALGORITHMS", "MAX_KID_BYTES", "Refusal", "checked_algorithm", "read_header", "shown", "typ_key"]

ALGORITHMS = ("RS256", "HS256")
MAX_KID_BYTES = 1024

_SHOWN_CHARACTERS = 64
_ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_MISSING = object()


class Refusal(Exception):
    """A header that decides against its token; `status` is the token's, `error()` what the caller gets.

    One refusal serves all tokens of a batch that carry the header, so it makes a new error for each.
    """

    def __init__(
        self, kind: type[InvalidTokenError], message: str, status: Status = Status.BAD_HEADER
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status

    def error(self) -> InvalidTokenError:
        return self.kind(self.message)


class HeaderRules(NamedTuple):
    """What a verifier asks of a header before it looks for a key."""

    typ: str | None  # as typ_key() gives it
    algorithms: frozenset[str]
    max_json_depth: int


def shown(text: str) -> str:
    """Return at most 64 escaped characters of what a sender wrote, for a message."""
    return ascii(text)[1:-1][:_SHOWN_CHARACTERS]


def typ_key(typ: str) -> str:
    """Return the form in which two media types are compared (RFC 7515 section 4.1.9, RFC 2045 section 5.1)."""
    folded = typ.translate(_ASCII_LOWER)
    rest = folded.removeprefix("application/")
    return folded if "/" in rest else rest


def read_header(segment: bytes, max_json_depth: int = strict_json.DEFAULT_MAX_DEPTH) -> dict[str, Any]:
    """Return the header that a segment of strict base64url spells.  Raises `DecodeError`."""
    raw = base64url.decode_checked(base64url.without_padding(segment))
    try:
        return strict_json.read_object(raw, max_depth=max_json_depth)
    except strict_json.JSONFault as fault:
        raise DecodeError(f"header: {fault}") from None


def checked_algorithm(segment: bytes, rules: HeaderRules) -> tuple[str, str | None]:
    """Return the header's algorithm and key id, once the rules of a header are met.  Raises `Refusal`."""
    try:
        header = read_header(segment, rules.max_json_depth)
    except DecodeError as error:
        raise Refusal(DecodeError, str(error)) from None
    if "crit" in header:
        raise Refusal(
            DecodeError, "header: crit names extensions, and none is understood (RFC 7515 section 4.1.11)"
        )
    if "b64" in header and header["b64"] is not True:
        raise Refusal(DecodeError, "header: b64 must not be used in a JWT (RFC 7797 section 7)")
    kid = _checked_kid(header)
    _check_typ(header, rules.typ)
    alg = header.get("alg", _MISSING)
    if alg not in ALGORITHMS:
        seen = f"alg {shown(alg)!r}" if isinstance(alg, str) else "no alg that is a string"
        raise Refusal(
            InvalidAlgorithmError, f"header: {seen}; expected one of RS256, HS256", Status.BAD_ALGORITHM
        )
    if alg not in rules.algorithms:
        allowed = ", ".join(name for name in ALGORITHMS if name in rules.algorithms)
        raise Refusal(
            InvalidAlgorithmError, f"header: alg {alg} is not allowed here ({allowed})", Status.BAD_ALGORITHM
        )
    return alg, kid


def _checked_kid(header: dict[str, Any]) -> str | None:
    kid = header.get("kid", _MISSING)
    if kid is _MISSING:
        return None
    if type(kid) is not str:
        raise Refusal(DecodeError, "header: kid is not a string")
    if len(kid.encode("utf-8")) > MAX_KID_BYTES:
        raise Refusal(DecodeError, f"header: kid is longer than {MAX_KID_BYTES} bytes")
    return kid


def _check_typ(header: dict[str, Any], expected: str | None) -> None:
    if "typ" not in header:
        if expected is not None:
            raise Refusal(InvalidTypeError, f"header: no typ; expected {expected}")
        return
    typ = header["typ"]
    if not isinstance(typ, str):
        raise Refusal(DecodeError, "header: typ is not a string")
    if expected is None:
        return
    if typ_key(typ) != expected:
        raise Refusal(InvalidTypeError, f"header: typ {shown(typ)!r}; expected {expected}")


def key_not_found(kid: str | None, why: str) -> Refusal:
    """Return the refusal of a token for which no single key is found."""
    which = "a token without kid" if kid is None else f"kid '{shown(kid)}'"
    return Refusal(KeyNotFoundError, f"{which}: {why}", Status.KEY_NOT_FOUND)
