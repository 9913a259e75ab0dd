"""security.md 2D: what the claims of a token with a good signature must be, as of one moment."""

from __future__ import annotations

import math
import time
from fractions import Fraction
from functools import partial
from typing import Any

import pytest
from stack import outcomes_near_the_limit
from tokens import LATER, NOW, public, token, with_claims
from verdicts import Judge, judge

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
    Verifier,
)

pytestmark = pytest.mark.usefixtures("engine")

HUGE = [2**53, 2**63 - 1, 2**63, 2**64, 2**64 + 1, 10**20, 10**100, 10**308, 1e19, 1e100, 1.7e308, NOW * 1000]

NOT_STRINGS: list[Any] = [None, True, False, 0, 5, 1.5, [], ["https://id.example"], {}, {"a": 1}]


def refuse(
    asked: Judge,
    bad: str,
    kind: type[InvalidTokenError],
    claim: str | None = None,
    *,
    or_subclass: bool = False,
) -> None:
    asked.refuses(bad, kind, "claims", claim=claim, or_subclass=or_subclass)


# --- Types of times ------------------------------------------------------------------------------------------------

NOT_TIMES: list[Any] = [
    str(LATER),
    "",
    "tomorrow",
    "2033-05-18T03:33:20Z",
    "1e10",
    True,
    False,
    [],
    [LATER],
    {},
    {"seconds": LATER},
]


@pytest.mark.parametrize("value", NOT_TIMES, ids=repr)
def test_exp_and_nbf_that_are_no_number_are_a_decode_error(value):
    """An int or a finite float, even where nothing is required; a bool is no number."""
    refuse(judge(), with_claims(exp=value), DecodeError)
    refuse(judge(require=()), with_claims(exp=value), DecodeError)
    refuse(judge(), with_claims(nbf=value), DecodeError)


@pytest.mark.parametrize("value", NOT_TIMES, ids=repr)
def test_iat_that_is_no_number_is_an_invalid_issued_at(value):
    refuse(judge(), with_claims(iat=value), InvalidIssuedAtError)
    refuse(judge(allow_future_iat=True), with_claims(iat=value), InvalidIssuedAtError)
    refuse(judge(None, with_claims(iat=NOW), max_age=60), with_claims(iat=value), InvalidIssuedAtError)


@pytest.mark.parametrize("value", [LATER, float(LATER), LATER + 0.25, 2e9, 1e300])
def test_a_time_is_an_int_or_a_float(value):
    judge().accepts(with_claims(exp=value), {"exp": value})
    judge().accepts(with_claims(nbf=-value))
    judge().accepts(with_claims(iat=-value))


# --- null ----------------------------------------------------------------------------------------------------------


def test_a_null_claim_is_missing_where_it_is_required_or_expected():
    honest = with_claims(iat=NOW, nbf=NOW, iss="i", aud="a", sub="s", jti="j", own="x")
    names = ("exp", "iat", "nbf", "iss", "sub", "jti", "own")
    asked = judge(None, honest, require=(*names, "aud"), audience="a")
    for name in (*names, "aud"):
        claims = {
            "iat": NOW,
            "nbf": NOW,
            "iss": "i",
            "aud": "a",
            "sub": "s",
            "jti": "j",
            "own": "x",
            "exp": LATER,
        }
        refuse(asked, token(None, {**claims, name: None}), MissingRequiredClaimError, claim=name)
    for option, name, value in (("issuer", "iss", "i"), ("audience", "aud", "a"), ("subject", "sub", "s")):
        asked = judge(None, with_claims(**{name: value}), **{option: value})
        refuse(asked, with_claims(**{name: None}), MissingRequiredClaimError, claim=name)
    asked = judge(None, with_claims(iat=NOW), max_age=60)
    refuse(asked, with_claims(iat=None), MissingRequiredClaimError, claim="iat")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("exp", DecodeError),
        ("nbf", DecodeError),
        ("iat", InvalidIssuedAtError),
        ("iss", InvalidIssuerError),
        ("aud", InvalidAudienceError),
        ("sub", InvalidSubjectError),
        ("jti", InvalidTokenError),
    ],
)
def test_a_null_claim_is_of_a_wrong_type_where_nobody_asks_for_it(name, kind):
    asked = judge(require=())
    refuse(asked, with_claims(**{name: None}), kind, or_subclass=kind is InvalidTokenError)


def test_other_claims_may_be_null():
    judge().accepts(with_claims(own=None, Exp=None), {"exp": LATER, "own": None, "Exp": None})


# --- exp -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "exp",
    [
        NOW,
        NOW - 1,
        NOW - 0.001,
        float(NOW),
        NOW - 1e6,
        0,
        0.0,
        -0.0,
        1,
        -1,
        -1e300,
        -(2**63),
        -(2**64),
        -(10**300),
    ],
)
def test_exp_must_lie_after_now(exp):
    """`exp == now`, 0 and negative ones are over."""
    refuse(judge(), with_claims(exp=exp), ExpiredSignatureError)


@pytest.mark.parametrize("exp", [NOW + 1, NOW + 0.001, NOW + 1.0, LATER, *HUGE])
def test_an_exp_after_now_is_good_however_far(exp):
    """No date conversion, no overflow, no ceiling."""
    judge().accepts(with_claims(exp=exp), {"exp": exp})


@pytest.mark.parametrize(
    ("exp", "now", "good"),
    [
        (NOW, NOW - 0.001, True),
        (NOW, NOW + 0.001, False),
        (NOW + 0.5, NOW, True),
        (NOW + 0.5, NOW + 0.25, True),
        (NOW + 0.5, NOW + 0.5, False),
        (NOW + 0.5, NOW + 0.75, False),
        (2**53 + 1, 2**53, True),
        (2**53 + 1, float(2**53), True),
        (2**64 + 1, 2**64, True),
        (2**64, 2**64, False),
        (5, 4, True),
        (-5, -6, True),
        (-5, -5, False),
        (0, -1, True),
    ],
)
def test_fractions_of_a_second_are_not_truncated(exp, now, good):
    """`exp` is compared with `now` as numbers are, exactly."""
    asked = judge(None, token(None, {"exp": 10**30}), now=now)
    if good:
        asked.accepts(with_claims(exp=exp))
    else:
        refuse(asked, with_claims(exp=exp), ExpiredSignatureError)


@pytest.mark.parametrize("leeway", [1, 10, 0.5, 86_400, 86_400.0])
def test_leeway_widens_exp_nbf_iat_and_max_age(leeway):
    asked = judge(leeway=leeway)
    asked.accepts(with_claims(exp=NOW - leeway + 0.25))
    refuse(asked, with_claims(exp=NOW - leeway), ExpiredSignatureError)
    refuse(asked, with_claims(exp=NOW - leeway - 0.25), ExpiredSignatureError)
    for name in ("nbf", "iat"):
        asked.accepts(with_claims(**{name: NOW + leeway}))
        refuse(asked, with_claims(**{name: NOW + leeway + 0.25}), ImmatureSignatureError)
    asked = judge(None, with_claims(iat=NOW), leeway=leeway, max_age=60)
    asked.accepts(with_claims(iat=NOW - 60 - leeway))
    refuse(asked, with_claims(iat=NOW - 60 - leeway - 0.25), ExpiredSignatureError)


# --- nbf and iat ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize("when", [NOW + 1, NOW + 0.001, LATER, *HUGE])
def test_a_token_from_the_future_is_immature(name, when):
    refuse(judge(), with_claims(**{name: when}), ImmatureSignatureError)


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize("when", [NOW, NOW - 1, NOW - 0.001, 0, -1, -1.5, *[-value for value in HUGE]])
def test_a_past_or_negative_nbf_or_iat_passes(name, when):
    judge().accepts(with_claims(**{name: when}), {"exp": LATER, name: when})


@pytest.mark.parametrize("when", [NOW + 1, LATER, *HUGE])
def test_allow_future_iat_is_the_way_out_for_iat_alone(when):
    asked = judge(allow_future_iat=True)
    asked.accepts(with_claims(iat=when))
    refuse(asked, with_claims(nbf=when), ImmatureSignatureError)


# --- now, clock, leeway, max_age -----------------------------------------------------------------------------------

NOT_FINITE = [math.nan, math.inf, -math.inf, 10**400, -(10**400)]
NOT_NUMBERS: list[Any] = ["5", b"5", True, [], {}, 5j]


@pytest.mark.parametrize(
    "leeway", [-1, -0.001, 86_400.001, 86_401, 10**30, *NOT_FINITE], ids=lambda v: repr(v)[:20]
)
def test_leeway_out_of_its_range_is_a_value_error(leeway):
    with pytest.raises(ValueError, match="leeway"):
        Verifier(public(), leeway=leeway)


@pytest.mark.parametrize("value", NOT_FINITE, ids=lambda v: repr(v)[:20])
def test_now_clock_and_max_age_that_are_not_finite_are_a_value_error(value):
    """Compared with NaN, every token would be neither too old nor too young."""
    verifier = judge().verifier
    for ask in _ways_to_ask(verifier):
        with pytest.raises(ValueError, match="finite"):
            ask(value)
    with pytest.raises(ValueError, match="max_age"):
        Verifier(public(), max_age=value)
    stopped = Verifier(public(), clock=lambda: value)
    for ask in _ways_to_ask(stopped):
        with pytest.raises(ValueError, match="finite"):
            ask(None)


def _ways_to_ask(verifier: Verifier) -> list[Any]:
    honest = token()
    return [
        lambda now: verifier.verify(honest, now=now),
        lambda now: verifier.verify_complete(honest, now=now),
        lambda now: verifier.verify_batch([honest], now=now),
        lambda now: list(verifier.verify_stream([honest], now=now)),
    ]


@pytest.mark.parametrize("value", NOT_NUMBERS, ids=repr)
def test_times_of_another_type_are_wrong_use(value):
    verifier = judge().verifier
    for ask in _ways_to_ask(verifier):
        with pytest.raises((TypeError, ValueError)):
            ask(value)
    for name in ("leeway", "max_age"):
        with pytest.raises((TypeError, ValueError)):
            Verifier(public(), **{name: value})
    stopped = Verifier(public(), clock=lambda: value)
    with pytest.raises((TypeError, ValueError)):
        stopped.verify(token())
    with pytest.raises((TypeError, ValueError)):
        Verifier(public(), clock=value)


def test_a_bad_token_and_a_bad_now_together_are_wrong_use_or_a_verdict_and_nothing_else():
    verifier = judge().verifier
    for bad in ("", "a.b.c", with_claims(exp=1)):
        with pytest.raises((ValueError, InvalidTokenError)):
            verifier.verify(bad, now=math.nan)


def test_a_wrong_now_is_wrong_use_before_the_token_is_looked_at():
    """Whatever the token is: a wrong call must not depend on what a stranger sends."""
    verifier = judge().verifier
    of_another_type: Any = str(NOW)
    stopped = Verifier(public(), clock=lambda: math.nan)
    for bad in ("", "a.b.c", "e30.e30.AAAA", token()[:-9] + "AAAAAAAAA", with_claims(exp=1), "\u00e9"):
        for ask in (verifier.verify, verifier.verify_complete):
            with pytest.raises(ValueError, match="now must be a finite"):
                ask(bad, now=math.inf)
            with pytest.raises(TypeError, match="now must be a number"):
                ask(bad, now=of_another_type)
        for ask in (stopped.verify, stopped.verify_complete):
            with pytest.raises(ValueError, match="clock"):
                ask(bad)


# --- Times without end ---------------------------------------------------------------------------------------------

LARGEST = math.nextafter(math.inf, 0)
MOMENTS: list[int | float] = [
    0,
    -1,
    NOW,
    NOW + 0.25,
    2**53 + 3,
    -(2**53) - 3,
    float(2**53),
    1e300,
    int(1.7e308),
]
MOMENTS += [-int(1.7e308), LARGEST, -LARGEST, int(LARGEST), -int(LARGEST), 5e-324]
LEEWAYS: list[int | float] = [0, 0.0, 5, 0.5, 86_400]
CLAIMED: list[int | float] = [*MOMENTS, 2**53 + 2, 2**53 + 4, int(LARGEST) - 1, -int(LARGEST) + 1]


def _due(claims: dict[str, Any], now: float, leeway: float, max_age: float | None) -> type[Exception] | None:
    """Return what a verifier must say of these claims, computed without any rounding."""
    at, grace = Fraction(now), Fraction(leeway)
    if "iat" in claims and claims["iat"] > at + grace:
        return ImmatureSignatureError
    if "nbf" in claims and claims["nbf"] > at + grace:
        return ImmatureSignatureError
    if "exp" in claims and claims["exp"] <= at - grace:
        return ExpiredSignatureError
    if max_age is not None and claims["iat"] < at - Fraction(max_age) - grace:
        return ExpiredSignatureError
    return None


@pytest.mark.parametrize("leeway", LEEWAYS, ids=repr)
@pytest.mark.parametrize("now", MOMENTS, ids=repr)
def test_finite_times_of_any_size_get_the_exact_verdict(now, leeway):
    """Neither an OverflowError nor a double's rounding decides."""
    verifier = Verifier(public(), require=(), leeway=leeway)
    cases = [{name: value} for name in ("exp", "nbf", "iat") for value in CLAIMED]
    batch = verifier.verify_batch([token(None, claims) for claims in cases], now=now)
    for number, claims in enumerate(cases):
        error = batch.errors.get(number)
        assert (None if error is None else type(error)) is _due(claims, now, leeway, None), claims
        assert batch.claims[number] == (claims if error is None else None)


@pytest.mark.parametrize("max_age", [each for each in MOMENTS if each >= 0], ids=repr)
@pytest.mark.parametrize("leeway", [0, 0.5], ids=repr)
def test_a_max_age_of_any_size_gets_the_exact_verdict(max_age, leeway):
    verifier = Verifier(public(), require=(), leeway=leeway, max_age=max_age)
    cases = [{"iat": value} for value in CLAIMED]
    crowd = [token(None, claims) for claims in cases]
    for now in MOMENTS:
        batch = verifier.verify_batch(crowd, now=now)
        for number, claims in enumerate(cases):
            error = batch.errors.get(number)
            assert (None if error is None else type(error)) is _due(claims, now, leeway, max_age), (
                claims,
                now,
            )
    with pytest.raises(ExpiredSignatureError):
        verifier.verify(token(None, {"iat": -LARGEST}), now=int(LARGEST))


def test_numbers_of_subclasses_count_as_what_they_are_underneath():
    class Late(int):
        """Adds and compares as it likes."""

        def __sub__(self, other: object) -> int:
            return 0

        __add__ = __radd__ = __rsub__ = __sub__

        def __lt__(self, other: object) -> bool:
            return True

        __gt__ = __le__ = __ge__ = __lt__

        def __float__(self) -> float:
            raise OverflowError

    for leeway in (0, Late(5)):
        verifier = Verifier(public(), leeway=leeway)
        assert verifier.verify(token(), now=Late(NOW))["exp"] == LATER
        with pytest.raises(ExpiredSignatureError):
            verifier.verify(token(), now=Late(LATER + 5))
        with pytest.raises(ExpiredSignatureError):
            Verifier(public(), leeway=leeway, clock=lambda: Late(LATER + 5)).verify(token())


def test_the_clock_is_asked_where_no_now_is_given():
    times = [NOW, LATER]
    verifier = Verifier(public(), clock=lambda: times[0])
    honest = token()
    assert verifier.verify(honest)["exp"] == LATER
    assert verifier.verify_batch([honest]).ok[0]
    times.pop(0)
    with pytest.raises(ExpiredSignatureError):
        verifier.verify(honest)
    assert type(verifier.verify_batch([honest]).errors[0]) is ExpiredSignatureError
    assert verifier.verify(honest, now=NOW)["exp"] == LATER


def test_now_of_zero_is_a_moment_and_not_the_lack_of_one():
    judge(None, token(None, {"exp": 1}), now=0).accepts(token(None, {"exp": 1}))


# --- Required claims -----------------------------------------------------------------------------------------------


def test_exp_is_required_unless_nothing_is():
    bare = token(None, {"sub": "alice"})
    refuse(judge(), bare, MissingRequiredClaimError, claim="exp")
    refuse(judge(), token(None, {}), MissingRequiredClaimError, claim="exp")
    nothings: list[Any] = [(), [], set()]
    for nothing in nothings:
        judge(require=nothing).accepts(bare, {"sub": "alice"})
    refuse(judge(require=()), with_claims(exp=NOW), ExpiredSignatureError)


@pytest.mark.parametrize("name", ["iat", "nbf", "iss", "aud", "sub", "jti", "own", "", "\u00e9", "a.b"])
def test_any_claim_can_be_required(name):
    whole = with_claims(**{name: "x" if name not in ("iat", "nbf") else NOW})
    asked = judge(None, whole, require=["exp", name], allow_any_audience=True)
    refuse(asked, with_claims(), MissingRequiredClaimError, claim=name)
    refuse(asked, with_claims(**{name.upper() + " ": "x"}), MissingRequiredClaimError, claim=name)


@pytest.mark.parametrize("value", [False, 0, 0.0, "", [], {}], ids=repr)
def test_a_required_claim_that_is_empty_is_there(value):
    asked = judge(None, with_claims(own="x"), require=("exp", "own"))
    asked.accepts(with_claims(own=value), {"exp": LATER, "own": value})


def test_the_first_missing_claim_is_named():
    asked = judge(None, with_claims(a=1, b=2, c=3), require=("c", "a", "exp", "b"))
    refuse(asked, token(None, {"b": 1}), MissingRequiredClaimError, claim="c")
    refuse(asked, token(None, {"c": 1}), MissingRequiredClaimError, claim="a")
    refuse(asked, token(None, {"c": 1, "a": 1}), MissingRequiredClaimError, claim="exp")
    refuse(asked, token(None, {"c": 1, "a": 1, "exp": LATER}), MissingRequiredClaimError, claim="b")


@pytest.mark.parametrize("require", ["exp", b"exp", 5, None, [5], [None], [b"exp"], [["exp"]]], ids=repr)
def test_require_that_is_no_list_of_names_is_wrong_use(require):
    """`require="exp"` would ask for the claims e, x and p."""
    with pytest.raises((TypeError, ValueError)):
        Verifier(public(), require=require)


# --- max_age -------------------------------------------------------------------------------------------------------


def test_max_age_bounds_the_age_by_iat():
    asked = judge(None, with_claims(iat=NOW), max_age=60)
    for iat in (NOW, NOW - 59, NOW - 60, NOW - 59.75):
        asked.accepts(with_claims(iat=iat))
    for iat in (NOW - 61, NOW - 60.25, 0, -1, -1e300, -(10**300)):
        refuse(asked, with_claims(iat=iat), ExpiredSignatureError)
    refuse(asked, with_claims(), MissingRequiredClaimError, claim="iat")
    judge().accepts(with_claims(iat=0))


def test_max_age_with_a_future_iat_that_is_allowed():
    asked = judge(None, with_claims(iat=NOW), max_age=60, allow_future_iat=True)
    asked.accepts(with_claims(iat=LATER))
    refuse(asked, with_claims(iat=NOW - 61), ExpiredSignatureError)


def test_max_age_of_nothing_takes_what_was_issued_this_very_moment():
    asked = judge(None, with_claims(iat=NOW), max_age=0)
    refuse(asked, with_claims(iat=NOW - 0.25), ExpiredSignatureError)


# --- aud -----------------------------------------------------------------------------------------------------------

API = "https://api.example"

MATCHING_AUDIENCES: list[Any] = [
    API,
    [API],
    ["x", API],
    [API, "x"],
    [API, API],
    ["", API],
    [*"abcdefgh", API],
]


@pytest.mark.parametrize("aud", MATCHING_AUDIENCES, ids=repr)
@pytest.mark.parametrize("audience", [API, [API], [API, "other"], ("other", API), {API}], ids=repr)
def test_one_exact_match_of_an_audience_suffices(aud, audience):
    judge(None, with_claims(aud=API), audience=audience).accepts(
        with_claims(aud=aud), {"exp": LATER, "aud": aud}
    )


OTHER_AUDIENCES: list[Any] = [
    "",
    [],
    [""],
    [[]],
    "other",
    ["other"],
    ["other", "another"],
    API[:-1],
    API + "/",
    API + " ",
    " " + API,
    API + "\x00",
    API.upper(),
    "https://api.example:443",
    "https://API.example",
    "https://api%2Eexample",
    "https://api.example.evil",
    "https://evil/https://api.example",
    "*",
    ".*",
    "https://*.example",
    f"{API} other",
    f"{API},other",
    5,
    0,
    True,
    False,
    1.5,
    {},
    {API: True},
    {"aud": API},
    [API, 5],
    [5, API],
    [API, None],
    [API, True],
    [API, [API]],
    [API, {}],
    [[API]],
    [{"aud": API}],
]


@pytest.mark.parametrize("aud", OTHER_AUDIENCES, ids=repr)
@pytest.mark.parametrize("audience", [API, [API, "https://x.example"]], ids=["str", "list"])
def test_an_audience_that_does_not_match_exactly_is_refused(aud, audience):
    """No prefix, substring, pattern or URL normalisation; one bad member spoils the list."""
    refuse(judge(None, with_claims(aud=API), audience=audience), with_claims(aud=aud), InvalidAudienceError)


def test_a_missing_audience_is_named_where_one_is_expected():
    asked = judge(None, with_claims(aud=API), audience=API)
    refuse(asked, with_claims(), MissingRequiredClaimError, claim="aud")


@pytest.mark.parametrize("aud", [API, [API], ["a", "b"], "", [], [""], 5, None, True, {}, [5]], ids=repr)
def test_an_audience_is_refused_where_none_is_expected(aud):
    """RFC 7519 section 4.1.3: a token for others is not for us."""
    refuse(judge(), with_claims(aud=aud), InvalidAudienceError)


@pytest.mark.parametrize("aud", [API, [API], ["a", "b"]], ids=repr)
def test_allow_any_audience_is_the_way_out(aud):
    judge(allow_any_audience=True).accepts(with_claims(aud=aud))
    judge(allow_any_audience=True).accepts(with_claims())


@pytest.mark.parametrize("audience", [[], (), set(), {}], ids=repr)
def test_an_empty_list_of_audiences_is_a_value_error(audience):
    with pytest.raises(ValueError, match="audience"):
        Verifier(public(), audience=audience)


@pytest.mark.parametrize("option", ["audience", "issuer"])
@pytest.mark.parametrize("value", [5, True, b"api", [5], [None], [b"api"], [["api"]]], ids=repr)
def test_expected_names_that_are_no_str_are_wrong_use(value, option):
    with pytest.raises((TypeError, ValueError)):
        Verifier(public(), **{option: value})


def test_a_list_of_audiences_that_changes_later_changes_no_verdict():
    names = [API]
    asked = judge(None, with_claims(aud=API), audience=names)
    names[0] = "other"
    asked.accepts(with_claims(aud=API))
    refuse(asked, with_claims(aud="other"), InvalidAudienceError)


# --- iss and sub ---------------------------------------------------------------------------------------------------

ISSUER = "https://id.example"


@pytest.mark.parametrize(
    ("name", "option", "kind"),
    [("iss", "issuer", InvalidIssuerError), ("sub", "subject", InvalidSubjectError)],
)
class TestIssuerAndSubject:
    """`iss` and `sub` are strings, and equal to what is expected."""

    @pytest.mark.parametrize("value", NOT_STRINGS, ids=repr)
    def test_what_is_no_string_is_refused_even_where_nothing_is_expected(self, name, option, kind, value):
        refuse(judge(), with_claims(**{name: value}), kind)

    @pytest.mark.parametrize("value", ["", "x", ISSUER, "\u00e9"])
    def test_any_string_is_taken_where_nothing_is_expected(self, name, option, kind, value):
        judge().accepts(with_claims(**{name: value}))

    @pytest.mark.parametrize(
        "value",
        [
            "",
            ISSUER[:-1],
            ISSUER[1:],
            ISSUER + "/",
            ISSUER + " ",
            ISSUER + "\x00",
            ISSUER + "\n",
            ISSUER.upper(),
            "https://id.example.evil",
            "https://id.example@evil",
            "https://id\u3002example",
            "https://evil",
            "id.example",
            ".*",
            5,
            True,
            [],
            [ISSUER],
            {ISSUER: 1},
        ],
        ids=repr,
    )
    def test_what_is_not_equal_is_refused(self, name, option, kind, value):
        refuse(
            judge(None, with_claims(**{name: ISSUER}), **{option: ISSUER}), with_claims(**{name: value}), kind
        )

    def test_a_missing_one_is_named_where_it_is_expected(self, name, option, kind):
        asked = judge(None, with_claims(**{name: ISSUER}), **{option: ISSUER})
        refuse(asked, with_claims(), MissingRequiredClaimError, claim=name)

    def test_an_expected_one_that_is_empty_is_missing_all_the_same(self, name, option, kind):
        """An unset variable of the environment, passed on as an empty string, expects something."""
        asked = judge(None, with_claims(**{name: ""}), **{option: ""})
        refuse(asked, with_claims(), MissingRequiredClaimError, claim=name)
        refuse(asked, with_claims(**{name: None}), MissingRequiredClaimError, claim=name)
        refuse(asked, with_claims(**{name: "x"}), kind)

    def test_the_expected_one_is_taken(self, name, option, kind):
        good = with_claims(**{name: ISSUER})
        judge(None, good, **{option: ISSUER}).accepts(good, {"exp": LATER, name: ISSUER})


def test_a_list_of_issuers_that_holds_an_empty_one_expects_one_all_the_same():
    asked = judge(None, with_claims(iss=ISSUER), issuer=[ISSUER, ""])
    asked.accepts(with_claims(iss=""))
    refuse(asked, with_claims(), MissingRequiredClaimError, claim="iss")


def test_a_list_of_issuers_means_any_of_them():
    for names in ([ISSUER, "https://b"], (ISSUER, "https://b"), {ISSUER, "https://b"}):
        asked = judge(None, with_claims(iss=ISSUER), issuer=names)
        asked.accepts(with_claims(iss="https://b"))
        for other in (
            "https://",
            "",
            ISSUER[:-1],
            f"{ISSUER}, https://b",
            str(names),
            [ISSUER],
            [ISSUER, "https://b"],
        ):
            refuse(asked, with_claims(iss=other), InvalidIssuerError)
        refuse(asked, with_claims(), MissingRequiredClaimError, claim="iss")


@pytest.mark.parametrize("subject", [5, b"alice", True, ["alice"], ("alice",)], ids=repr)
def test_an_expected_subject_that_is_no_str_is_wrong_use(subject):
    with pytest.raises((TypeError, ValueError)):
        Verifier(public(), subject=subject)


@pytest.mark.parametrize("value", [0, 5, -1, 2**70, 1.5, True, [], ["a"], {}, {"a": 1}], ids=repr)
def test_allow_nonstring_ids_is_the_way_out_for_sub_and_jti(value):
    for name, kind in (("sub", InvalidSubjectError), ("jti", InvalidTokenError)):
        refuse(judge(), with_claims(**{name: value}), kind, or_subclass=name == "jti")
        judge(allow_nonstring_ids=True).accepts(with_claims(**{name: value}), {"exp": LATER, name: value})


def test_allow_nonstring_ids_does_not_reach_iss_nor_an_expected_subject():
    asked = judge(allow_nonstring_ids=True)
    refuse(asked, with_claims(iss=5), InvalidIssuerError)
    asked = judge(None, with_claims(sub="5"), subject="5", allow_nonstring_ids=True)
    for value in (5, 5.0, ["5"], {"5": 5}, True):
        refuse(asked, with_claims(sub=value), InvalidSubjectError)


# --- jti -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", NOT_STRINGS, ids=repr)
def test_jti_must_be_a_string(value):
    """`InvalidTokenError` or a subclass."""
    refuse(judge(), with_claims(jti=value), InvalidTokenError, or_subclass=True)


@pytest.mark.parametrize("value", ["", "x", "0", "\u00e9" * 1000])
def test_any_string_is_a_jti(value):
    judge().accepts(with_claims(jti=value))


# --- Order ---------------------------------------------------------------------------------------------------------

FAULTS_IN_ORDER: list[tuple[str, Any, type[InvalidTokenError]]] = [
    ("own", None, MissingRequiredClaimError),
    ("iat", "x", InvalidIssuedAtError),
    ("nbf", LATER, ImmatureSignatureError),
    ("exp", NOW, ExpiredSignatureError),
    ("iss", "other", InvalidIssuerError),
    ("aud", "other", InvalidAudienceError),
    ("sub", "other", InvalidSubjectError),
    ("jti", 5, InvalidTokenError),
]


@pytest.mark.parametrize("first", range(len(FAULTS_IN_ORDER)), ids=[fault[0] for fault in FAULTS_IN_ORDER])
def test_the_first_of_many_faults_names_the_error(first):
    """Order: require, iat, nbf, exp, max_age, iss, aud, sub, jti."""
    good = {"own": 1, "iat": NOW, "nbf": NOW, "exp": LATER, "iss": "i", "aud": "a", "sub": "s", "jti": "j"}
    asked = judge(
        None, token(None, good), require=("exp", "own"), issuer="i", audience="a", subject="s", max_age=60
    )
    kind = FAULTS_IN_ORDER[first][2]
    for last in range(first, len(FAULTS_IN_ORDER)):
        faulty = {name: value for name, value, _ in FAULTS_IN_ORDER[first : last + 1]}
        bad = token(None, {**good, **faulty})
        refuse(asked, bad, kind, or_subclass=kind is InvalidTokenError)
        scrambled = token(None, dict(reversed({**good, **faulty}.items())))
        refuse(asked, scrambled, kind, or_subclass=kind is InvalidTokenError)


def test_max_age_stands_between_exp_and_iss():
    good = {"iat": NOW, "exp": LATER, "iss": "i"}
    asked = judge(None, token(None, good), issuer="i", max_age=60)
    refuse(asked, token(None, {**good, "iat": NOW - 61, "iss": "x"}), ExpiredSignatureError)
    refuse(asked, token(None, {"exp": LATER, "iss": "x"}), MissingRequiredClaimError, claim="iat")
    refuse(asked, token(None, {"exp": NOW, "iss": "x"}), ExpiredSignatureError)
    refuse(asked, token(None, {"nbf": LATER, "exp": NOW, "iss": "x"}), ImmatureSignatureError)


def test_types_are_judged_in_the_place_of_their_claim():
    asked = judge(None, with_claims(iss="i"), issuer="i")
    refuse(asked, with_claims(iat=LATER, nbf="x", exp="x", iss=5), ImmatureSignatureError)
    refuse(asked, with_claims(nbf="x", exp="y", iss=5), DecodeError)
    refuse(asked, with_claims(nbf=LATER, exp="y", iss=5), ImmatureSignatureError)
    refuse(asked, with_claims(exp=True, iss=5), DecodeError)
    refuse(asked, with_claims(iss=5, aud=5), InvalidIssuerError)
    refuse(asked, with_claims(iss="i", aud=5, sub=5), InvalidAudienceError)
    refuse(asked, with_claims(iss="i", sub=5, jti=5), InvalidSubjectError)


# --- What is said --------------------------------------------------------------------------------------------------


def test_messages_show_no_value_of_a_claim():
    """Claims are somebody's data, and messages end up in logs."""
    secret = "Zq7-very-private"
    good = {"iat": NOW, "exp": LATER, "iss": "i", "aud": "a", "sub": "s", "jti": "j"}
    verifier = Verifier(public(), issuer="i", audience="a", subject="s")
    for claims in (
        {"iss": secret},
        {"iss": [secret]},
        {"aud": secret},
        {"aud": [secret, 5]},
        {"sub": secret},
        {"jti": [secret]},
        {"exp": secret},
        {"nbf": [secret]},
        {"iat": {secret: secret}},
    ):
        bad = token(None, {**good, **claims})
        with pytest.raises(InvalidTokenError) as caught:
            verifier.verify(bad, now=NOW)
        batch = verifier.verify_batch([bad], now=NOW)
        for text in (str(caught.value), repr(caught.value), repr(batch), repr(batch[0]), repr(batch.errors)):
            assert secret not in text


def test_hostile_numbers_of_any_kind_raise_nothing_foreign():
    """Times that no machine integer and no date can hold, against extreme moments."""
    for now in (0, -1, 1e308, -1e308, 5e-324, 2**63, 10**308, NOW):
        verifier = Verifier(public(), require=(), leeway=86_400, max_age=1e308)
        crowd = [
            token(None, {name: value})
            for name in ("exp", "nbf", "iat")
            for value in (0, -1, 5e-324, 1e308, -1e308, 2**1023, -(2**1023), 10**308, 2**64, -(2**64))
        ]
        batch = verifier.verify_batch(crowd, now=now)
        assert all(isinstance(error, InvalidTokenError) for error in batch.errors.values())
        for bad, good in zip(crowd, batch.ok, strict=True):
            if good:
                verifier.verify(bad, now=now)
            else:
                with pytest.raises(InvalidTokenError):
                    verifier.verify(bad, now=now)


def test_an_unknown_option_is_a_type_error():
    for name in ("verify_exp", "options", "allow_none", "verify_signature", "allow_everything"):
        options: dict[str, Any] = {name: True}
        with pytest.raises(TypeError):
            Verifier(public(), **options)


@pytest.mark.parametrize(
    "name",
    [
        "allow_padding",
        "allow_duplicate_claims",
        "allow_future_iat",
        "allow_any_audience",
        "allow_nonstring_ids",
    ],
)
def test_a_way_out_is_keyword_only_and_a_bool(name):
    values: list[Any] = [None, 0, 1, "False", "no", []]
    for value in values:
        with pytest.raises((TypeError, ValueError)):
            fastjwt.Verifier(public(), **{name: value})
    arguments: list[Any] = [public(), None, None, None, 0, ("exp",), None, None, None, time.time, True]
    with pytest.raises(TypeError):
        Verifier(*arguments)


# --- Deep stacks ---------------------------------------------------------------------------------------------------


def test_close_to_the_end_of_the_stack_only_documented_errors_are_raised(
    json_reader,
):
    """Where the caller has used up the stack, a MemoryError says so; reading JSON has its own word for that."""
    deep: Any = 1
    for _ in range(60):
        deep = {"a": deep}
    flat, nested = token(), token(None, {"exp": LATER, "x": deep})
    verifier = judge().verifier
    for honest in (flat, nested):
        for ask in (
            partial(verifier.verify, now=NOW),
            partial(verifier.verify_complete, now=NOW),
            fastjwt.decode_unverified,
        ):
            said = {outcome.split(":")[0] for outcome in outcomes_near_the_limit(partial(ask, honest))}
            assert said <= {"MemoryError", "DecodeError"}
            assert ask(honest)
    assert verifier.verify_batch([flat, nested], now=NOW).ok == [True, True]
