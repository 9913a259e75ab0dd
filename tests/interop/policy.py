"""Claims, what is expected of them, and the verdict that fastjwt shares with its peers.

Each case names the peers that give the same verdict. Where one is left out, it is laxer or words its refusal
differently, and the reason stands beside the case; the cases that are ours alone are in the tests of the modules.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from material import hs256_token

import fastjwt
from fastjwt import (
    DecodeError,
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuedAtError,
    InvalidIssuerError,
    InvalidSubjectError,
    InvalidTokenError,
    MissingRequiredClaimError,
)

# The present, because PyJWT cannot be told another one.  It is the moment of the import, and a long run of all tests
# may come to these much later: so every distance is an hour or more.
NOW = int(time.time())
HOUR = 3600

ISSUER = "https://issuer.example/"
FRESH = {"exp": NOW + 10 * HOUR}
SECRET = bytes(range(32))

EVERYBODY = frozenset({"jose", "joserfc", "pyjwt"})
NOT_JOSE = EVERYBODY - {"jose"}
NOT_PYJWT = EVERYBODY - {"pyjwt"}
ONLY_JOSE = frozenset({"jose"})
ONLY_PYJWT = frozenset({"pyjwt"})


class Case(NamedTuple):
    """One set of claims under one set of expectations.

    `options` are keyword arguments of `fastjwt.Verifier`; `error` is None when the claims must pass, and `claim` is the
    one that a peer has to blame.
    """

    name: str
    claims: dict[str, Any]
    options: Mapping[str, Any] = MappingProxyType({})
    error: type[fastjwt.InvalidTokenError] | None = None
    claim: str | None = None
    peers: frozenset[str] = EVERYBODY
    typ: str | None = "JWT"

    @property
    def token(self) -> str:
        """The claims under a header with `typ`, authenticated with SECRET."""
        return hs256_token(
            SECRET, {"alg": "HS256"} | ({} if self.typ is None else {"typ": self.typ}), self.claims
        )

    @property
    def required(self) -> list[str]:
        """Names of the claims that must be there, fastjwt's default included."""
        return list(self.options.get("require", ("exp",)))


CASES = (
    # exp
    Case("fresh", FRESH),
    Case("fresh with a fraction", {"exp": NOW + 10 * HOUR + 0.5}),
    Case("never expires, in milliseconds by mistake", {"exp": (NOW + 10 * HOUR) * 1000}),
    Case("expired", {"exp": NOW - HOUR}, {}, ExpiredSignatureError, "exp"),
    Case("expires this second", {"exp": NOW}, {}, ExpiredSignatureError, "exp"),
    Case("expired at the epoch", {"exp": 0}, {}, ExpiredSignatureError, "exp"),
    Case("expired within the leeway", {"exp": NOW - HOUR}, {"leeway": 3 * HOUR}),
    Case(
        "expired by exactly the leeway", {"exp": NOW - HOUR}, {"leeway": HOUR}, ExpiredSignatureError, "exp"
    ),
    Case("exp missing", {"sub": "a"}, {}, MissingRequiredClaimError, "exp"),
    Case("exp missing and not required", {"sub": "a"}, {"require": ()}),
    Case("exp is a word", {"exp": "soon"}, {}, DecodeError, "exp"),
    Case("exp is a list", {"exp": [NOW + 10 * HOUR]}, {}, DecodeError, "exp"),
    # PyJWT takes a string of digits and True for numbers.
    Case("exp is digits", {"exp": str(NOW + 10 * HOUR)}, {}, DecodeError, "exp", NOT_PYJWT),
    Case("exp is true", {"exp": True}, {}, DecodeError, "exp", NOT_PYJWT),
    # nbf and iat
    Case("nbf past", {**FRESH, "nbf": NOW - HOUR}),
    Case("nbf this second", {**FRESH, "nbf": NOW}),
    Case("nbf in the future", {**FRESH, "nbf": NOW + 10 * HOUR}, {}, ImmatureSignatureError, "nbf"),
    Case("nbf within the leeway", {**FRESH, "nbf": NOW + 10 * HOUR}, {"leeway": 12 * HOUR}),
    Case("nbf is a word", {**FRESH, "nbf": "soon"}, {}, DecodeError, "nbf"),
    Case("iat past", {**FRESH, "iat": NOW - HOUR}),
    Case("iat is a word", {**FRESH, "iat": "then"}, {}, InvalidIssuedAtError, "iat"),
    # jose looks at a future iat only when a maximum age is set.
    Case("iat in the future", {**FRESH, "iat": NOW + 10 * HOUR}, {}, ImmatureSignatureError, "iat", NOT_JOSE),
    # Only jose has a maximum age.
    Case("young enough", {**FRESH, "iat": NOW - HOUR}, {"max_age": 2 * HOUR}, peers=ONLY_JOSE),
    Case(
        "too old",
        {**FRESH, "iat": NOW - 3 * HOUR},
        {"max_age": 2 * HOUR},
        ExpiredSignatureError,
        "iat",
        ONLY_JOSE,
    ),
    Case(
        "too old but for the leeway",
        {**FRESH, "iat": NOW - 3 * HOUR},
        {"max_age": 2 * HOUR, "leeway": 3 * HOUR},
        peers=ONLY_JOSE,
    ),
    Case("age unknown", FRESH, {"max_age": 2 * HOUR}, MissingRequiredClaimError, "iat", ONLY_JOSE),
    # require
    Case("required and there", {**FRESH, "azp": "client"}, {"require": ("exp", "azp")}),
    Case("required and missing", FRESH, {"require": ("exp", "azp")}, MissingRequiredClaimError, "azp"),
    # jose counts a null as present.
    Case(
        "required and null",
        {**FRESH, "azp": None},
        {"require": ("exp", "azp")},
        MissingRequiredClaimError,
        "azp",
        NOT_JOSE,
    ),
    # iss
    Case("issuer as expected", {**FRESH, "iss": ISSUER}, {"issuer": ISSUER}),
    Case("issuer one of several", {**FRESH, "iss": ISSUER}, {"issuer": ["https://other.example/", ISSUER]}),
    Case("issuer not expected", {**FRESH, "iss": ISSUER}),
    Case(
        "issuer another",
        {**FRESH, "iss": "https://evil.example/"},
        {"issuer": ISSUER},
        InvalidIssuerError,
        "iss",
    ),
    Case("issuer a prefix", {**FRESH, "iss": ISSUER[:-1]}, {"issuer": ISSUER}, InvalidIssuerError, "iss"),
    Case(
        "issuer in capitals", {**FRESH, "iss": ISSUER.upper()}, {"issuer": ISSUER}, InvalidIssuerError, "iss"
    ),
    Case("issuer a list", {**FRESH, "iss": [ISSUER]}, {"issuer": ISSUER}, InvalidIssuerError, "iss"),
    Case("issuer missing", FRESH, {"issuer": ISSUER}, MissingRequiredClaimError, "iss"),
    # aud
    Case("audience as expected", {**FRESH, "aud": "api"}, {"audience": "api"}),
    Case("audience among several", {**FRESH, "aud": ["web", "api"]}, {"audience": "api"}),
    Case("one of several audiences", {**FRESH, "aud": "api"}, {"audience": ["api", "admin"]}),
    Case("some of several audiences", {**FRESH, "aud": ["web", "api"]}, {"audience": ["api", "admin"]}),
    Case("audience another", {**FRESH, "aud": "web"}, {"audience": "api"}, InvalidAudienceError, "aud"),
    Case("audience longer", {**FRESH, "aud": "api2"}, {"audience": "api"}, InvalidAudienceError, "aud"),
    Case("audience shorter", {**FRESH, "aud": "ap"}, {"audience": "api"}, InvalidAudienceError, "aud"),
    Case(
        "no audience matches",
        {**FRESH, "aud": ["a", "b"]},
        {"audience": ["c", "d"]},
        InvalidAudienceError,
        "aud",
    ),
    Case("audience missing", FRESH, {"audience": "api"}, MissingRequiredClaimError, "aud"),
    # PyJWT calls an empty list missing.
    Case("audience empty", {**FRESH, "aud": []}, {"audience": "api"}, InvalidAudienceError, "aud", NOT_PYJWT),
    # jose looks for the expected string and at nothing else in the list.
    Case(
        "audience with a number",
        {**FRESH, "aud": ["api", 1]},
        {"audience": "api"},
        InvalidAudienceError,
        "aud",
        NOT_JOSE,
    ),
    # joserfc and jose let a token for somebody pass where nobody is expected; RFC 7519 section 4.1.3 does not.
    Case("audience not expected", {**FRESH, "aud": "api"}, {}, InvalidAudienceError, "aud", ONLY_PYJWT),
    # sub and jti
    Case("subject as expected", {**FRESH, "sub": "alice"}, {"subject": "alice"}),
    Case("subject another", {**FRESH, "sub": "bob"}, {"subject": "alice"}, InvalidSubjectError, "sub"),
    # PyJWT takes a token without the subject that was asked for.
    Case("subject missing", FRESH, {"subject": "alice"}, MissingRequiredClaimError, "sub", NOT_PYJWT),
    # jose takes any type for a claim that it was not asked about.
    Case("subject a number", {**FRESH, "sub": 7}, {}, InvalidSubjectError, "sub", NOT_JOSE),
    Case("token id a number", {**FRESH, "jti": 7}, {}, InvalidTokenError, "jti", NOT_JOSE),
    # typ, which only jose compares
    Case("typ as expected", FRESH, {"typ": "at+jwt"}, peers=ONLY_JOSE, typ="at+jwt"),
    Case("typ in full and capitals", FRESH, {"typ": "at+jwt"}, peers=ONLY_JOSE, typ="application/AT+JWT"),
    Case("typ another", FRESH, {"typ": "at+jwt"}, InvalidTokenError, "typ", ONLY_JOSE, typ="JWT"),
    Case("typ missing", FRESH, {"typ": "at+jwt"}, InvalidTokenError, "typ", ONLY_JOSE, typ=None),
)


def cases_shared_with(peer: str) -> list[Case]:
    """Return the cases on which `peer` gives our verdict."""
    return [case for case in CASES if peer in case.peers]


def assert_our_verdict(case: Case) -> None:
    """Check that fastjwt gives the verdict of `case`, alone and in a batch."""
    verifier = fastjwt.Verifier(fastjwt.HMACKey(SECRET), **case.options)
    batch = verifier.verify_batch([case.token], now=NOW)
    if case.error is None:
        assert verifier.verify(case.token, now=NOW) == batch.claims[0] == case.claims, case.name
        return
    with pytest.raises(case.error):
        verifier.verify(case.token, now=NOW)
    assert isinstance(batch.errors[0], case.error), case.name
