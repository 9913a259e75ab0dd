"""What a verifier asks of the claims of a token whose signature is good (RFC 7519 section 4.1).

The order of the checks is fixed, so that one token has one verdict on every engine: required claims, then iat, nbf,
exp, max_age, iss, aud, sub, jti.  Times are NumericDate: seconds since 1970-01-01T00:00:00Z, whole or not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

from . import strict_json
from .backends.base import Expected, Shape
from .errors import (
    DecodeError,
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuedAtError,
    InvalidIssuerError,
    InvalidJTIError,
    InvalidSubjectError,
    MissingRequiredClaimError,
)
from .exact import exact_str
from .strict_json import read_plain

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["ClaimsPolicy", "finite_seconds", "moment_after"]

MAX_LEEWAY_SECONDS = 86_400
MAX_JSON_DEPTH = 256

_USUALLY_REQUIRED = ("exp",)

# Claims whose values engines can look at, and with how many expected values they are compared one by one.
_SHOWN = {"exp", "iat", "nbf", "iss", "aud", "sub", "jti"}
_MOST_VALUES = 16
# The numbers that fit where engines keep the bounds are more than those of which they read the digits.
_INT64 = 2**63


def finite_seconds(value: Any, what: str) -> int | float:
    """Return `value` as a number of seconds, an int or float by its exact type.

    Raises TypeError for another type, ValueError if it is not finite, or an int beyond the range of a double.
    """
    kind = type(value)
    seconds: int | float
    if kind is int or kind is float:
        seconds = value
    elif isinstance(value, timedelta):
        seconds = value.total_seconds()
    # By the types' own methods: what a subclass says of itself does not count.
    elif issubclass(kind, int) and kind is not bool:
        seconds = int.__index__(value)
    elif issubclass(kind, float):
        seconds = float.__float__(value)
    else:
        raise TypeError(f"{what} must be a number of seconds, got {kind.__name__}")
    try:
        finite = math.isfinite(seconds)
    except OverflowError:
        finite = False
    if not finite:
        raise ValueError(f"{what} must be a finite number of seconds")
    return seconds


# Below, a double tells at least half seconds apart, and a sum of two is as good as any clock.
_EXACT_ENOUGH = 2**52


def moment_after(moment: int | float | Fraction, seconds: int | float) -> int | float | Fraction:
    """Return `moment + seconds`, both finite; where a sum of doubles would be off by a second or overflow, exactly.

    Python compares numbers of all three types by their exact values, and never overflows over that.
    """
    if -_EXACT_ENOUGH < moment < _EXACT_ENOUGH and -_EXACT_ENOUGH < seconds < _EXACT_ENOUGH:
        return moment + seconds
    if type(moment) is int and type(seconds) is int:
        return moment + seconds
    from fractions import Fraction  # rare, and takes milliseconds to import

    return Fraction(moment) + Fraction(seconds)


def _names(value: str | Iterable[str] | None, what: str) -> frozenset[str] | None:
    """Return the expected values of a claim: None if nothing is expected, a set of at least one name otherwise.

    Of subclasses of `str` their characters count, in each way that a claim is compared with them.
    """
    if value is None:
        return None
    if isinstance(value, str):
        names: frozenset[str] = frozenset((exact_str(value),))
    else:
        if isinstance(value, bytes) or not isinstance(value, Iterable):
            raise TypeError(f"{what} must be a str or a list of str, got {type(value).__name__}")
        members = list(value)
        for member in members:
            if not isinstance(member, str):
                raise TypeError(f"{what} must hold str only, got {type(member).__name__}")
        names = frozenset(map(exact_str, members))
    if not names:
        raise ValueError(f"{what} is empty: no token could match")
    return names


class ClaimsPolicy:
    """The rules for claims, checked once when the verifier is made.

    They stand here three times: `judge` says them, in order; `doubtful` and `expected` only pass over claims, or bytes,
    that plainly meet all of them, so that most tokens need no more.  What those two do not know goes to `judge`: a new
    rule has to make them refuse it first.
    """

    def __init__(
        self,
        *,
        issuer: str | Iterable[str] | None,
        audience: str | Iterable[str] | None,
        subject: str | None,
        leeway: float | timedelta,
        require: Iterable[str],
        max_age: float | timedelta | None,
        max_json_depth: int,
        allow_duplicate_claims: bool,
        allow_future_iat: bool,
        allow_any_audience: bool,
        allow_nonstring_ids: bool,
    ) -> None:
        self.issuers = _names(issuer, "issuer")
        self.audiences = _names(audience, "audience")
        if self.audiences is not None and "" in self.audiences:
            raise ValueError("audience must not be an empty string")
        if self.audiences is not None and allow_any_audience:
            raise ValueError("audience and allow_any_audience contradict each other")
        if subject is not None and not isinstance(subject, str):
            raise TypeError(f"subject must be a str, got {type(subject).__name__}")
        self.subject = None if subject is None else exact_str(subject)
        self.leeway = finite_seconds(leeway, "leeway")
        if not 0 <= self.leeway <= MAX_LEEWAY_SECONDS:
            raise ValueError(f"leeway must be from 0 to {MAX_LEEWAY_SECONDS} seconds")
        self.max_age = None if max_age is None else finite_seconds(max_age, "max_age")
        if self.max_age is not None and self.max_age < 0:
            raise ValueError("max_age must not be negative")
        if isinstance(require, str | bytes) or not isinstance(require, Iterable):
            raise TypeError("require must be a list of claim names")
        required = tuple(require)
        if not all(isinstance(name, str) for name in required):
            raise TypeError("require must hold str only")
        self.require = tuple(map(exact_str, required))
        if type(max_json_depth) is not int:
            raise TypeError("max_json_depth must be an int")
        if not 1 <= max_json_depth <= MAX_JSON_DEPTH:
            raise ValueError(f"max_json_depth must be from 1 to {MAX_JSON_DEPTH}")
        self.max_json_depth = max_json_depth
        self.allow_duplicate_claims = allow_duplicate_claims
        self.allow_future_iat = allow_future_iat
        self.allow_any_audience = allow_any_audience
        self.allow_nonstring_ids = allow_nonstring_ids

        # What the quick look asks, at hand in one piece.
        self._expected = (
            # Rules that it does not know: each token is judged in full.
            subject is not None or max_age is not None or allow_any_audience,
            () if self.require == _USUALLY_REQUIRED else self.require,
            self.issuers,
            # What is expected may be the empty string, and a missing issuer is not that.
            "" if self.issuers is None else None,
            self.audiences,
            self.leeway,
        )
        # What is plain to the native engine may still be nested deeper than this verifier allows.
        self.reads_plain = max_json_depth >= strict_json.DEFAULT_MAX_DEPTH

    def claims_of(self, payload: bytes, names: int, now: int | float) -> dict[str, Any]:
        """Return the claims that a verified payload spells, if they meet every rule as of `now`.

        `names` is what the engine counted in the payload, or 0.  Raises the `InvalidTokenError` of the first rule that
        is broken.
        """
        claims = read_plain(payload, names) if self.reads_plain else None
        if claims is None:
            claims = self._read(payload)
        if self.doubtful((claims,), now):
            self.judge(claims, now)
        return claims

    def doubtful(self, many: Sequence[dict[str, Any]], now: int | float) -> list[int]:
        """Return which claims do not plainly meet every rule as of `now`: `judge` has to say of each.

        Most tokens of a batch are good.  Where every rule is plainly met the order of the rules does not matter, so
        this quick look asks in the cheapest order, and in one loop.
        """
        rare, more_required, issuers, absent_issuer, audiences, leeway = self._expected
        if rare:
            return list(range(len(many)))
        earliest: int | float | Fraction = now
        latest: int | float | Fraction = now
        if leeway:
            earliest = moment_after(now, -leeway)
            latest = moment_after(now, leeway)
        doubts = []
        for number, claims in enumerate(many):
            get = claims.get
            audience = get("aud")
            if not (
                type(exp := get("exp")) is int
                and exp > earliest
                and type(iat := get("iat", 0)) is int
                and iat <= latest
                and type(nbf := get("nbf", 0)) is int
                and nbf <= latest
                and type(issuer := get("iss", absent_issuer)) is str
                and (issuers is None or issuer in issuers)
                and (
                    audience in audiences
                    if audiences is not None and type(audience) is str
                    else audience is None and audiences is None and "aud" not in claims
                )
                and type(get("sub", "")) is str
                and type(get("jti", "")) is str
            ) or (more_required and any(get(name) is None for name in more_required)):
                doubts.append(number)
        return doubts

    def expected(self) -> list[Expected] | None:
        """Return what a payload shows that plainly meets every rule; None where that cannot be said so.

        Its integers are meant from and until the `whole_bounds` of a moment.
        """
        required = set(self.require)
        if self.max_age is not None or not required <= _SHOWN:
            return None
        members = [
            Expected("exp", Shape.INTEGER_FROM, True),
            Expected("iat", Shape.INTEGER_UNTIL, "iat" in required),
            _expected_string("iss", self.issuers, required),
            Expected("aud", Shape.NOTHING, "aud" in required)
            if self.audiences is None and not self.allow_any_audience
            else _expected_string("aud", self.audiences, required),
            _expected_string("sub", None if self.subject is None else (self.subject,), required),
            _expected_string("jti", None, required),
            Expected("nbf", Shape.INTEGER_UNTIL, "nbf" in required),
        ]
        if any(len(member.values) > _MOST_VALUES for member in members):
            return None
        return members if all(map(_is_shown_as_it_is, chain(*(m.values for m in members)))) else None

    def whole_bounds(self, now: int | float) -> tuple[int, int]:
        """Return from which integer on `exp`, and until which one `iat` and `nbf`, meet the rules as of `now`."""
        least = math.floor(moment_after(now, -self.leeway)) + 1
        most = math.floor(moment_after(now, self.leeway))
        return max(-_INT64, min(least, _INT64 - 1)), max(-_INT64, min(most, _INT64 - 1))

    def _read(self, payload: bytes) -> dict[str, Any]:
        try:
            return strict_json.read_object(
                payload, max_depth=self.max_json_depth, allow_duplicates=self.allow_duplicate_claims
            )
        except strict_json.JSONFault as fault:
            raise DecodeError(f"payload: {fault}") from None

    def judge(self, claims: dict[str, Any], now: int | float) -> None:
        """Raise the error of the first rule that is broken, in the order that the module's docstring gives."""
        for name in self.require:
            if claims.get(name) is None:
                raise MissingRequiredClaimError(name)
        earliest = moment_after(now, -self.leeway)
        latest = moment_after(now, self.leeway)
        if "iat" in claims:
            iat = claims["iat"]
            if type(iat) is not int and type(iat) is not float:
                # A null counts as missing where it is expected, and max_age expects it, further down.
                if iat is not None or self.max_age is None:
                    raise InvalidIssuedAtError("iat is not a number")
            elif iat > latest and not self.allow_future_iat:
                raise ImmatureSignatureError("the token was issued in the future (iat)")
        if "nbf" in claims:
            nbf = claims["nbf"]
            if type(nbf) is not int and type(nbf) is not float:
                raise DecodeError("payload: nbf is not a number")
            if nbf > latest:
                raise ImmatureSignatureError("the token is not valid yet (nbf)")
        if "exp" in claims:
            exp = claims["exp"]
            if type(exp) is not int and type(exp) is not float:
                raise DecodeError("payload: exp is not a number")
            if exp <= earliest:
                raise ExpiredSignatureError("the token has expired (exp)")
        if self.max_age is not None:
            self._check_age(claims, now, self.max_age)
        if "iss" in claims or self.issuers is not None:
            self._check_issuer(claims)
        if "aud" in claims or self.audiences is not None:
            self._check_audience(claims)
        if "sub" in claims or self.subject is not None:
            self._check_subject(claims)
        if "jti" in claims and type(claims["jti"]) is not str and not self.allow_nonstring_ids:
            raise InvalidJTIError("jti is not a string")

    def _check_age(self, claims: dict[str, Any], now: int | float, max_age: int | float) -> None:
        iat = claims.get("iat")
        if iat is None:
            raise MissingRequiredClaimError("iat")
        if iat < moment_after(moment_after(now, -max_age), -self.leeway):
            raise ExpiredSignatureError("the token was issued longer ago than max_age allows (iat)")

    def _check_issuer(self, claims: dict[str, Any]) -> None:
        issuer = claims.get("iss")
        if self.issuers is not None:
            if issuer is None:
                raise MissingRequiredClaimError("iss")
            if type(issuer) is str and issuer in self.issuers:
                return
            raise InvalidIssuerError("iss is not the expected issuer")
        if type(issuer) is not str:
            raise InvalidIssuerError("iss is not a string")

    def _check_audience(self, claims: dict[str, Any]) -> None:
        audience = claims.get("aud")
        if self.audiences is None:
            if not self.allow_any_audience:
                raise InvalidAudienceError(
                    "the token is for an audience (aud), and this verifier expects none"
                )
            if not _is_audience(audience):
                raise InvalidAudienceError("aud is not a string or a list of strings")
            return
        if audience is None:
            raise MissingRequiredClaimError("aud")
        if not _is_audience(audience):
            raise InvalidAudienceError("aud is not a string or a list of strings")
        named = (audience,) if type(audience) is str else audience
        if self.audiences.isdisjoint(named):
            raise InvalidAudienceError("aud does not name the expected audience")

    def _check_subject(self, claims: dict[str, Any]) -> None:
        subject = claims.get("sub")
        if self.subject is not None:
            if subject is None:
                raise MissingRequiredClaimError("sub")
            if type(subject) is not str or subject != self.subject:
                raise InvalidSubjectError("sub is not the expected subject")
        elif type(subject) is not str and not self.allow_nonstring_ids:
            raise InvalidSubjectError("sub is not a string")


def _expected_string(name: str, values: Iterable[str] | None, required: set[str]) -> Expected:
    if values is None:
        return Expected(name, Shape.STRING, name in required)
    return Expected(name, Shape.STRING, True, tuple(values))


def _is_shown_as_it_is(value: str) -> bool:
    """Return whether every JSON text that holds this string without a backslash holds its characters so."""
    return not any(c in '"\\' or "\ud800" <= c <= "\udfff" for c in value)


def _is_audience(audience: object) -> bool:
    if type(audience) is list:
        return all(type(member) is str for member in audience)
    return type(audience) is str
