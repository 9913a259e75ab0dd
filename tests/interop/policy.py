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

# The present, because PyJWT cannot be told another one; the seconds of a test are far below every distance here.
NOW = int(time.time())

ISSUER = "https://issuer.example/"
FRESH = {"exp": NOW + 600}
SECRET = bytes(range(32))
EVERYBODY = frozenset({"jose", "joserfc", "pyjwt"})


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
    Case("fresh with a fraction", {"exp": NOW + 600.5}),
    Case("never expires, in milliseconds by mistake", {"exp": (NOW + 600) * 1000}),
    Case("expired", {"exp": NOW - 30}, {}, fastjwt.ExpiredSignatureError, "exp"),
    Case("expires this second", {"exp": NOW}, {}, fastjwt.ExpiredSignatureError, "exp"),
    Case("expired at the epoch", {"exp": 0}, {}, fastjwt.ExpiredSignatureError, "exp"),
    Case("expired within the leeway", {"exp": NOW - 30}, {"leeway": 120}),
    Case(
        "expired by exactly the leeway",
        {"exp": NOW - 30},
        {"leeway": 30},
        fastjwt.ExpiredSignatureError,
        "exp",
    ),
    Case("exp missing", {"sub": "a"}, {}, fastjwt.MissingRequiredClaimError, "exp"),
    Case("exp missing and not required", {"sub": "a"}, {"require": ()}),
    Case("exp is a word", {"exp": "soon"}, {}, fastjwt.DecodeError, "exp"),
    Case("exp is a list", {"exp": [NOW + 600]}, {}, fastjwt.DecodeError, "exp"),
    # PyJWT takes a string of digits and True for numbers.
    Case("exp is digits", {"exp": str(NOW + 600)}, {}, fastjwt.DecodeError, "exp", EVERYBODY - {"pyjwt"}),
    Case("exp is true", {"exp": True}, {}, fastjwt.DecodeError, "exp", EVERYBODY - {"pyjwt"}),
    # nbf and iat
    Case("nbf past", {**FRESH, "nbf": NOW - 30}),
    Case("nbf this second", {**FRESH, "nbf": NOW}),
    Case("nbf in the future", {**FRESH, "nbf": NOW + 300}, {}, fastjwt.ImmatureSignatureError, "nbf"),
    Case("nbf within the leeway", {**FRESH, "nbf": NOW + 300}, {"leeway": 400}),
    Case("nbf is a word", {**FRESH, "nbf": "soon"}, {}, fastjwt.DecodeError, "nbf"),
    Case("iat past", {**FRESH, "iat": NOW - 30}),
    Case("iat is a word", {**FRESH, "iat": "then"}, {}, fastjwt.InvalidIssuedAtError, "iat"),
    # jose looks at a future iat only when a maximum age is set.
    Case(
        "iat in the future",
        {**FRESH, "iat": NOW + 300},
        {},
        fastjwt.ImmatureSignatureError,
        "iat",
        EVERYBODY - {"jose"},
    ),
    # Only jose has a maximum age.
    Case("young enough", {**FRESH, "iat": NOW - 30}, {"max_age": 120}, peers=frozenset({"jose"})),
    Case(
        "too old",
        {**FRESH, "iat": NOW - 300},
        {"max_age": 120},
        fastjwt.ExpiredSignatureError,
        "iat",
        frozenset({"jose"}),
    ),
    Case(
        "too old but for the leeway",
        {**FRESH, "iat": NOW - 300},
        {"max_age": 120, "leeway": 200},
        peers=frozenset({"jose"}),
    ),
    Case(
        "age unknown", FRESH, {"max_age": 120}, fastjwt.MissingRequiredClaimError, "iat", frozenset({"jose"})
    ),
    # require
    Case("required and there", {**FRESH, "azp": "client"}, {"require": ("exp", "azp")}),
    Case(
        "required and missing", FRESH, {"require": ("exp", "azp")}, fastjwt.MissingRequiredClaimError, "azp"
    ),
    # jose counts a null as present.
    Case(
        "required and null",
        {**FRESH, "azp": None},
        {"require": ("exp", "azp")},
        fastjwt.MissingRequiredClaimError,
        "azp",
        EVERYBODY - {"jose"},
    ),
    # iss
    Case("issuer as expected", {**FRESH, "iss": ISSUER}, {"issuer": ISSUER}),
    Case("issuer one of several", {**FRESH, "iss": ISSUER}, {"issuer": ["https://other.example/", ISSUER]}),
    Case("issuer not expected", {**FRESH, "iss": ISSUER}),
    Case(
        "issuer another",
        {**FRESH, "iss": "https://evil.example/"},
        {"issuer": ISSUER},
        fastjwt.InvalidIssuerError,
        "iss",
    ),
    Case(
        "issuer a prefix",
        {**FRESH, "iss": ISSUER[:-1]},
        {"issuer": ISSUER},
        fastjwt.InvalidIssuerError,
        "iss",
    ),
    Case(
        "issuer in capitals",
        {**FRESH, "iss": ISSUER.upper()},
        {"issuer": ISSUER},
        fastjwt.InvalidIssuerError,
        "iss",
    ),
    Case("issuer a list", {**FRESH, "iss": [ISSUER]}, {"issuer": ISSUER}, fastjwt.InvalidIssuerError, "iss"),
    Case("issuer missing", FRESH, {"issuer": ISSUER}, fastjwt.MissingRequiredClaimError, "iss"),
    # aud
    Case("audience as expected", {**FRESH, "aud": "api"}, {"audience": "api"}),
    Case("audience among several", {**FRESH, "aud": ["web", "api"]}, {"audience": "api"}),
    Case("one of several audiences", {**FRESH, "aud": "api"}, {"audience": ["api", "admin"]}),
    Case("some of several audiences", {**FRESH, "aud": ["web", "api"]}, {"audience": ["api", "admin"]}),
    Case(
        "audience another", {**FRESH, "aud": "web"}, {"audience": "api"}, fastjwt.InvalidAudienceError, "aud"
    ),
    Case(
        "audience longer", {**FRESH, "aud": "api2"}, {"audience": "api"}, fastjwt.InvalidAudienceError, "aud"
    ),
    Case(
        "audience shorter", {**FRESH, "aud": "ap"}, {"audience": "api"}, fastjwt.InvalidAudienceError, "aud"
    ),
    Case(
        "no audience matches",
        {**FRESH, "aud": ["a", "b"]},
        {"audience": ["c", "d"]},
        fastjwt.InvalidAudienceError,
        "aud",
    ),
    Case("audience missing", FRESH, {"audience": "api"}, fastjwt.MissingRequiredClaimError, "aud"),
    # PyJWT calls an empty list missing.
    Case(
        "audience empty",
        {**FRESH, "aud": []},
        {"audience": "api"},
        fastjwt.InvalidAudienceError,
        "aud",
        EVERYBODY - {"pyjwt"},
    ),
    # jose looks for the expected string and at nothing else in the list.
    Case(
        "audience with a number",
        {**FRESH, "aud": ["api", 1]},
        {"audience": "api"},
        fastjwt.InvalidAudienceError,
        "aud",
        EVERYBODY - {"jose"},
    ),
    # joserfc and jose let a token for somebody pass where nobody is expected; RFC 7519 section 4.1.3 does not.
    Case(
        "audience not expected",
        {**FRESH, "aud": "api"},
        {},
        fastjwt.InvalidAudienceError,
        "aud",
        frozenset({"pyjwt"}),
    ),
    # sub and jti
    Case("subject as expected", {**FRESH, "sub": "alice"}, {"subject": "alice"}),
    Case(
        "subject another", {**FRESH, "sub": "bob"}, {"subject": "alice"}, fastjwt.InvalidSubjectError, "sub"
    ),
    # PyJWT takes a token without the subject that was asked for.
    Case(
        "subject missing",
        FRESH,
        {"subject": "alice"},
        fastjwt.MissingRequiredClaimError,
        "sub",
        EVERYBODY - {"pyjwt"},
    ),
    # jose takes any type for a claim that it was not asked about.
    Case(
        "subject a number", {**FRESH, "sub": 7}, {}, fastjwt.InvalidSubjectError, "sub", EVERYBODY - {"jose"}
    ),
    Case(
        "token id a number", {**FRESH, "jti": 7}, {}, fastjwt.InvalidTokenError, "jti", EVERYBODY - {"jose"}
    ),
    # typ, which only jose compares
    Case("typ as expected", FRESH, {"typ": "at+jwt"}, peers=frozenset({"jose"}), typ="at+jwt"),
    Case(
        "typ in full and capitals",
        FRESH,
        {"typ": "at+jwt"},
        peers=frozenset({"jose"}),
        typ="application/AT+JWT",
    ),
    Case(
        "typ another",
        FRESH,
        {"typ": "at+jwt"},
        fastjwt.InvalidTokenError,
        "typ",
        frozenset({"jose"}),
        typ="JWT",
    ),
    Case(
        "typ missing",
        FRESH,
        {"typ": "at+jwt"},
        fastjwt.InvalidTokenError,
        "typ",
        frozenset({"jose"}),
        typ=None,
    ),
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
