"""Claims whose bytes show that every rule is met are not looked at again: that is never so of claims that break one.

A native engine compares the bytes of a plain payload with what a policy expects (csrc/members.h).  What it says is held
here against the verdicts on each token alone, which come from the claims themselves.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import tokens
from hypothesis import given
from hypothesis import strategies as st
from scale import cases

import fastjwt
from fastjwt import Verifier, engines
from fastjwt.jws import Chunk

NATIVE = [name for name in engines.available() if name != "pure"]
NOW, LATER = tokens.NOW, tokens.LATER

POLICIES: dict[str, dict[str, Any]] = {
    "exp alone": {},
    "issuer and audience": {"issuer": "joe", "audience": "api"},
    "any of several": {"issuer": ["moe", "joe", ""], "audience": ["web", "api"]},
    "subject": {"subject": "42", "audience": "api"},
    "all required": {"require": ["exp", "iat", "nbf", "iss", "aud", "sub", "jti"], "audience": "api"},
    "nothing required": {"require": []},
    "an audience required and refused": {"issuer": "joe", "require": ["exp", "aud"]},
    "leeway": {"leeway": 60},
    "any audience": {"allow_any_audience": True},
    "lax": {"allow_future_iat": True, "allow_nonstring_ids": True},
    "age": {"max_age": 600},
    "a claim of one's own": {"require": ["exp", "role"]},
    "beyond ASCII": {"issuer": "jöe", "audience": ["\U0001f511", "api"]},
    "quoted": {"issuer": ['joe","aud":"api', "jo\\e"], "audience": 'a"pi'},
    "unpaired": {"issuer": "\ud800", "audience": "api"},
    "many": {"issuer": [f"joe{i}" for i in range(40)] + ["joe"], "audience": "api"},
}


def verifier_of(policy: str) -> Verifier:
    return Verifier(fastjwt.HMACKey(tokens.SECRET), **POLICIES[policy])


def token_of(payload: bytes) -> str:
    return tokens.token(tokens.HS256, payload, tokens.SECRET)


def shown(verifier: Verifier, payload: bytes, now: float = NOW) -> bytes:
    """Return what the engine says of payloads with this one alone in the batch: nothing if it is not plain."""
    chunk = Chunk(verifier._signatures, [token_of(payload)], None, want_payloads=True)
    chunk.start(1, None)
    chunk.finish()
    return chunk.gathered(verifier._expected, *verifier._policy.whole_bounds(now))[2]


def alone(verifier: Verifier, token: str, now: float) -> Any:
    try:
        return verifier.verify(token, now=now)
    except fastjwt.InvalidTokenError as error:
        return f"{error.code}: {error}"


def together(verifier: Verifier, batch: list[str], now: float) -> list[Any]:
    result = verifier.verify_batch(batch, now=now)
    return [
        claims if claims is not None else f"{result.errors[index].code}: {result.errors[index]}"
        for index, claims in enumerate(result.claims)
    ]


# --- What is shown ---------------------------------------------------------------------------------------------------

GOOD = b'{"iss":"joe","sub":"42","aud":"api","exp":1700003600,"iat":1700000000,"nbf":1700000000,"jti":"x"}'


@pytest.mark.parametrize("name", NATIVE)
@pytest.mark.parametrize(
    "payload",
    [
        GOOD,
        GOOD.replace(b":", b": ").replace(b",", b", "),
        b'{"aud":"api","exp":1700000001,"iss":"joe"}',
        b'{"exp":999999999999999999,"iss":"joe","aud":"api"}',
        b'{"role":["a","b"],"ok":true,"nothing":null,"x":1.5e3,"exp":1700003600,"iss":"joe","aud":"api"}',
        b'{"url":"https://joe.example:8080/exp:1","exp":1700003600,"iss":"joe","aud":"api"}',
        b'{"expiry":1,"iat_":"","xexp":1,"ex":2,"":3,"exp":1700003600,"iss":"joe","aud":"api"}',
    ],
)
def test_an_honest_payload_shows_that_it_is_good(name: str, payload: bytes) -> None:
    """Where this fails every verdict is still right, and late: the claims are asked one by one."""
    with engines.use(name):
        assert shown(verifier_of("issuer and audience"), payload) == b"\x01"


REFUSED_OR_UNCLEAR = {
    "expired": GOOD.replace(b"1700003600", b"1700000000"),
    "issued later": GOOD.replace(b'"iat":1700000000', b'"iat":1700000001'),
    "not yet": GOOD.replace(b'"nbf":1700000000', b'"nbf":1700000001'),
    "no exp": GOOD.replace(b'"exp"', b'"ex"'),
    "no issuer": GOOD.replace(b'"iss"', b'"isr"'),
    "no audience": GOOD.replace(b'"aud"', b'"adu"'),
    "another issuer": GOOD.replace(b"joe", b"jim"),
    "an issuer that begins so": GOOD.replace(b"joe", b"joes"),
    "an issuer that ends early": GOOD.replace(b"joe", b"jo"),
    "an empty issuer": GOOD.replace(b"joe", b""),
    "another audience": GOOD.replace(b"api", b"apx"),
    "a list of audiences": GOOD.replace(b'"api"', b'["api"]'),
    "exp negative": GOOD.replace(b"1700003600", b"-1700003600"),
    "exp with a fraction": GOOD.replace(b"1700003600", b"1700003600.5"),
    "exp with an exponent": GOOD.replace(b"1700003600", b"1700003600e1"),
    "exp of 19 digits": GOOD.replace(b"1700003600", b"1000000000000000000"),
    "exp in quotes": GOOD.replace(b"1700003600", b'"1700003600"'),
    "exp null": GOOD.replace(b"1700003600", b"null"),
    "exp in a list": GOOD.replace(b"1700003600", b"[1700003600]"),
    "exp as a value": GOOD.replace(b'"exp":1700003600', b'"a":"exp","b":1700003600'),
    "a number for sub": GOOD.replace(b'"42"', b"42"),
    "a number for jti": GOOD.replace(b'"x"', b"7"),
    "an escape in a value": GOOD.replace(b"joe", b"\\u006aoe"),
    "an escape in a name": GOOD.replace(b'"nbf":1700000000', b'"\\u006ebf":1700003600'),
    "an escape elsewhere": GOOD.replace(b'"x"', b'"\\/"'),
    "two spaces": GOOD.replace(b":17", b":  17"),
    "a space behind exp": GOOD.replace(b"3600,", b"3600 ,"),
}


@pytest.mark.parametrize("name", NATIVE)
@pytest.mark.parametrize("case", REFUSED_OR_UNCLEAR)
def test_what_breaks_a_rule_or_is_spelled_otherwise_does_not_show_that_it_is_good(
    name: str, case: str
) -> None:
    payload = REFUSED_OR_UNCLEAR[case]
    assert payload != GOOD
    with engines.use(name):
        assert shown(verifier_of("issuer and audience"), payload) in (b"", b"\x00")


@pytest.mark.parametrize("name", NATIVE)
@pytest.mark.parametrize("member", [b'"exp":1700003600', b'"nbf":1700003600', b'"a":":"', b'":":1'])
def test_what_is_shown_does_not_count_where_a_name_may_stand_twice(name: str, member: bytes) -> None:
    """Bytes show too many names for the members that are read, so each payload is read by itself."""
    payload = GOOD[:-1] + b"," + member + b"}"
    with engines.use(name):
        verifier = verifier_of("issuer and audience")
        assert (
            together(verifier, [token_of(payload)] * 3, NOW) == [alone(verifier, token_of(payload), NOW)] * 3
        )


@pytest.mark.parametrize("now", [-1e300, -1.0, 0, 0.5, NOW, NOW + 0.5, 2.0**62, 2.0**63, 1e300, 10**300])
@pytest.mark.parametrize("policy", ["exp alone", "leeway"])
def test_bounds_hold_at_any_moment(engine: str, policy: str, now: float) -> None:
    verifier = verifier_of(policy)
    around = {0, 1, 2, 59, 60, 61, 10**18 - 1}
    around |= {int(now) + i for i in (-61, -60, -59, -1, 0, 1, 59, 60, 61) if 0 <= now < 10**18}
    batch = [
        token_of(b'{"exp":%d,"iat":%d,"nbf":%d}' % (exp, iat, iat))
        for exp in sorted(around)
        for iat in sorted(around)
        if exp >= 0 and iat >= 0
    ]
    assert together(verifier, batch, now) == [alone(verifier, token, now) for token in batch]


@pytest.mark.parametrize("policy", ["quoted", "unpaired", "many", "age", "a claim of one's own"])
def test_policies_that_bytes_cannot_tell_of_expect_nothing_of_them(policy: str) -> None:
    """An expected issuer that holds quotes could be found across members that an attacker chose."""
    assert verifier_of(policy)._policy.expected() is None
    assert verifier_of("beyond ASCII")._policy.expected() is not None


def test_an_issuer_with_quotes_is_not_found_across_members(engine: str) -> None:
    verifier = verifier_of("quoted")
    (error,) = verifier.verify_batch([token_of(GOOD)], now=NOW).errors.values()
    assert isinstance(error, fastjwt.InvalidIssuerError)
    honest = json.dumps({"iss": 'joe","aud":"api', "aud": 'a"pi', "exp": LATER}).encode()
    assert verifier.verify_batch([token_of(honest)], now=NOW).claims[0] is not None


@pytest.mark.parametrize("policy", POLICIES)
def test_each_payload_has_the_verdict_together_that_it_has_alone(engine: str, policy: str) -> None:
    claims = json.loads(GOOD)
    fewer = [{name: claims[name] for name in claims if name != left_out} for left_out in claims]
    fewer += [{"exp": LATER}, {"exp": LATER, "iss": "joe"}, {"exp": LATER, "role": "a"}, {}]
    many = [GOOD, *REFUSED_OR_UNCLEAR.values()]
    many += [json.dumps(some, separators=(",", ":")).encode() for some in fewer]
    batch = [token_of(payload) for payload in many]
    verifier = verifier_of(policy)
    verdicts = [alone(verifier, token, NOW) for token in batch]
    assert together(verifier, batch, NOW) == verdicts
    for token, verdict in zip(batch, verdicts, strict=True):  # also where nothing unclear stands beside it
        assert together(verifier, [token], NOW) == [verdict]


class Strange(str):
    """Says of itself what it is not."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True

    def __iter__(self) -> Any:
        return iter("abc")

    def encode(self, *_: str) -> bytes:
        return b"jim"


@pytest.mark.parametrize("claim", ["iss", "aud", "sub"])
@pytest.mark.parametrize("value", ["joe", 'a","exp":1,"b":"c', "\ud800"])
def test_of_a_subclass_of_str_the_characters_are_expected(engine: str, claim: str, value: str) -> None:
    expected = {"iss": "issuer", "aud": "audience", "sub": "subject"}[claim]
    policy: dict[str, Any] = {"audience": "api", expected: Strange(value), "require": [Strange("exp")]}
    verifier = Verifier(fastjwt.HMACKey(tokens.SECRET), **policy)
    for said in ("joe", "jim", "abc"):
        token = token_of(json.dumps({"aud": "api", "exp": LATER, claim: said}).encode())
        (together_,) = together(verifier, [token], NOW)
        assert together_ == alone(verifier, token, NOW)
        assert isinstance(together_, dict) == (said == value)


# --- Any payloads, any policy ----------------------------------------------------------------------------------------

names = st.sampled_from(
    ["exp", "iat", "nbf", "iss", "aud", "sub", "jti", "role", "ex", "xexp", "Exp", "\\u0065xp", "\\u006ebf"]
)
numbers = st.sampled_from(["0", "1", str(NOW), str(NOW + 1), str(NOW + 60), str(NOW + 61), str(LATER), "-1"])
texts = st.sampled_from(
    ["joe", "moe", "", "joes", "api", "web", "42", "jöe", "\U0001f511", "joe39", "j\\u006fe", ":"]
)
others = st.sampled_from(
    [
        "null",
        "true",
        "[]",
        '["api"]',
        '["api",1]',
        f"{LATER}.5",
        f"{NOW}.0",
        "1e10",
        "1e400",
        "9" * 18,
        "9" * 19,
        "{}",
    ]
)
values = st.one_of(numbers, texts.map(lambda text: f'"{text}"'), others)
spaces = st.sampled_from(["", "", "", " ", "  ", "\n"])
members = st.tuples(names, spaces, values, spaces).map(lambda m: f'"{m[0]}":{m[1]}{m[2]}{m[3]}')
honest = st.fixed_dictionaries(
    {"exp": st.just(LATER)},
    optional={
        "iat": st.just(NOW),
        "nbf": st.just(NOW),
        "iss": st.sampled_from(["joe", "moe", "", "jöe"]),
        "aud": st.sampled_from(["api", "web", "\U0001f511", ["api"]]),
        "sub": st.sampled_from(["42", "43"]),
        "jti": st.just("x"),
        "role": st.sampled_from(["a", None, ["b"]]),
    },
).map(lambda claims: json.dumps(claims, ensure_ascii=False, separators=(",", ":")))
payloads = st.one_of(
    st.lists(members, max_size=9).map(lambda some: "{" + ",".join(some) + "}"),
    honest,
    st.tuples(honest, members).map(lambda two: two[0][:-1] + "," + two[1] + "}"),
).map(lambda text: text.encode())


@pytest.mark.parametrize("name", engines.available())
@cases(200)
@given(st.sampled_from(sorted(POLICIES)), st.lists(payloads, min_size=1, max_size=8))
def test_claims_have_the_verdicts_together_that_they_have_alone(
    name: str, policy: str, many: list[bytes]
) -> None:
    batch = [token_of(payload) for payload in many]
    with engines.use("pure"):
        verifier = verifier_of(policy)
        expected = [alone(verifier, token, NOW) for token in batch]
    with engines.use(name):
        verifier = verifier_of(policy)
        assert together(verifier, batch, NOW) == expected
        assert [alone(verifier, token, NOW) for token in batch] == expected
