"""Random hostile input: every engine and JSON reader gives one verdict, and nothing foreign leaves the API.

Besides agreeing with each other they agree with models of the rules that are written here once more, in the plainest
words that Python has.  FASTJWT_FUZZ_EXAMPLES raises the number of examples for a long run.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import os
import re
from functools import partial
from typing import Any

import pytest
import tokens
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tokens import (
    HS256,
    LATER,
    NOW,
    RS256,
    SECRET,
    b64u,
    fast_private,
    public,
    public_jwk,
    rsa_key,
    signed,
    token,
)

import fastjwt
from fastjwt import (
    DecodeError,
    ExpiredSignatureError,
    HMACKey,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuedAtError,
    InvalidIssuerError,
    InvalidSubjectError,
    InvalidTokenError,
    JWKSet,
    MissingRequiredClaimError,
    RSAPublicKey,
    Signer,
    Status,
    Verifier,
    engines,
    strict_json,
)

EXAMPLES = int(os.environ.get("FASTJWT_FUZZ_EXAMPLES", "25"))

fuzz = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Verdict = tuple[type[BaseException] | None, str]


def verdict(ask: Any) -> Verdict:
    """Return class and words of a refusal, or None and what was read; anything else goes up and fails the test."""
    try:
        return None, repr(ask())
    except InvalidTokenError as error:
        return type(error), str(error)


def agreed_verdicts(make: Any, crowd: list[Any], now: float = NOW) -> list[Verdict]:
    """Ask for each token with all engines and readers, alone and in a batch; assert that all agree; return it."""
    agreed: list[Verdict] | None = None
    for engine in engines.available():
        for reader in strict_json.available():
            with engines.use(engine), strict_json.use(reader):
                verifier = make()
                alone = [verdict(partial(verifier.verify, each, now=now)) for each in crowd]
                for threads in (1, 2):
                    batch = verifier.verify_batch(crowd, now=now, threads=threads)
                    together: list[Verdict] = [
                        (None, repr(result.claims))
                        if result.error is None
                        else (type(result.error), str(result.error))
                        for result in batch
                    ]
                    assert together == alone
                codes = verifier.verify_signatures(crowd)
                for code, (kind, _) in zip(codes, alone, strict=True):
                    assert (code == Status.OK) >= (kind is None), "a good token with a bad signature"
            if agreed is None:
                agreed = alone
            # Readers may word a fault of JSON differently, but it is the same fault to all.
            assert [_without_words_of_json(each) for each in alone] == [
                _without_words_of_json(each) for each in agreed
            ]
    assert agreed is not None
    return agreed


def _without_words_of_json(each: Verdict) -> Verdict:
    kind, words = each
    if kind is DecodeError and words.startswith(("header: ", "payload: ")):
        return kind, words.split(":")[0]
    return each


def both_keys() -> list[Any]:
    return [RSAPublicKey.from_jwk(public_jwk(kid="r")), HMACKey(SECRET, kid="s")]


def verifier_of_both() -> Verifier:
    return Verifier(both_keys())


# --- Mutated honest tokens -----------------------------------------------------------------------------------------

LETTERS = tokens.ALPHABET.decode() + '.=+/ \n\t\x00%"\u00e9\u212a\uff0e\ud800'

HONEST = [
    lambda: token({**RS256, "kid": "r"}),
    lambda: token({**HS256, "kid": "s"}, key=SECRET),
    lambda: token(HS256, {"exp": LATER, "aud": "x"}, SECRET),
    lambda: token(RS256, b'{"exp":1}'),
    lambda: token({"alg": "none"}),
]

EDITS = st.lists(
    st.tuples(
        st.sampled_from(["replace", "insert", "delete", "swap", "cut", "double", "turn"]),
        st.integers(0, 1 << 16),
        st.sampled_from(LETTERS),
    ),
    max_size=4,
)


def edited(text: str, edits: list[tuple[str, int, str]]) -> str:
    for kind, place, letter in edits:
        if not text:
            return letter
        at = place % len(text)
        if kind == "replace":
            text = text[:at] + letter + text[at + 1 :]
        elif kind == "insert":
            text = text[:at] + letter + text[at:]
        elif kind == "delete":
            text = text[:at] + text[at + 1 :]
        elif kind == "swap":
            text = text[at:] + text[:at]
        elif kind == "cut":
            text = text[:at]
        elif kind == "double":
            text = text[:at] + text[at // 2 :]
        else:
            text = text[:at] + text[at].swapcase() + text[at + 1 :]
    return text


@fuzz
@given(st.lists(st.tuples(st.sampled_from(HONEST), EDITS, st.booleans()), max_size=20))
def test_mutated_tokens_get_one_verdict(recipes):
    """And none is accepted that nobody signed."""
    honest = {make() for make in HONEST}
    crowd: list[Any] = []
    for make, edits, in_bytes in recipes:
        text = edited(make(), edits)
        crowd.append(text.encode("utf-8", "surrogatepass") if in_bytes else text)
    for each, (kind, _) in zip(crowd, agreed_verdicts(verifier_of_both, crowd), strict=True):
        text = each.decode("utf-8", "surrogatepass") if isinstance(each, bytes) else each
        if kind is None:
            assert text in honest


@fuzz
@given(
    st.lists(st.one_of(st.text(st.sampled_from(LETTERS), max_size=60), st.binary(max_size=60)), max_size=30)
)
def test_random_text_is_refused_alike(crowd):
    assert all(kind is DecodeError for kind, _ in agreed_verdicts(verifier_of_both, crowd))


@fuzz
@given(
    st.lists(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.lists(st.text())
        | st.binary().map(bytearray)
        | st.builds(object)
        | st.just(Ellipsis)
        | st.sampled_from(HONEST).map(lambda make: make()),
        max_size=20,
    )
)
def test_items_of_any_type_harm_nobody(crowd):
    expected = [isinstance(each, str) for each in crowd]
    for engine in engines.available():
        with engines.use(engine):
            verifier = verifier_of_both()
            batch = verifier.verify_batch(crowd, now=NOW)
            for each, is_text, result in zip(crowd, expected, batch, strict=True):
                if not is_text:
                    assert type(result.error) is DecodeError
                    with pytest.raises(TypeError):
                        verifier.verify(each, now=NOW)
            assert len(verifier.verify_signatures(crowd)) == len(crowd)


# --- The form, against a model -------------------------------------------------------------------------------------


def form_is_good(text: str) -> bool:
    """Say the rules of security.md 2A once more, by the standard library."""
    parts = text.split(".")
    if not text.isascii() or len(text) > 262_144 or len(parts) != 3 or len(parts[0]) > 16_384:
        return False
    for part in parts:
        if not re.fullmatch("[A-Za-z0-9_-]+", part):
            return False
        try:
            octets = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        except binascii.Error:
            return False
        if b64u(octets) != part:
            return False
    return True


SEGMENTS = st.text(st.sampled_from("AQgwEIMYcko0489_-BCz"), max_size=70) | st.binary(
    min_size=1, max_size=60
).map(b64u)


@fuzz
@given(st.lists(st.tuples(SEGMENTS, SEGMENTS, SEGMENTS, EDITS), min_size=1, max_size=20))
def test_the_form_is_judged_as_the_model_judges_it(recipes):
    """Segments of all lengths, often canonical and often almost so."""
    crowd = [
        edited(f"{header}.{payload}.{signature}", edits[:1]) for header, payload, signature, edits in recipes
    ]
    form_faults = {
        Status.TOO_LONG,
        Status.BAD_SEGMENTS,
        Status.HEADER_TOO_LONG,
        Status.BAD_ALPHABET,
        Status.BAD_LENGTH,
        Status.BAD_BITS,
    }
    for engine in engines.available():
        with engines.use(engine):
            codes = verifier_of_both().verify_signatures(crowd)
            assert [code not in form_faults for code in codes] == [form_is_good(text) for text in crowd]


@fuzz
@given(st.integers(0, 300), st.binary(min_size=1, max_size=300), st.integers(0, 5))
def test_what_is_decoded_is_what_the_standard_library_decodes(shift, octets, tail):
    """Payloads of all lengths and offsets, through every engine, signed by hand."""
    text = json.dumps({"exp": LATER, "x": b64u(octets), "y": "y" * tail})
    one = token({**HS256, "x": "h" * shift}, text, SECRET)
    for kind, words in agreed_verdicts(lambda: Verifier(HMACKey(SECRET)), [one, one]):
        assert kind is None
        assert words == repr(json.loads(text))


# --- Headers -------------------------------------------------------------------------------------------------------

SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-(2**66), 2**66)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)

HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "alg": st.sampled_from(["RS256", "HS256", "RS256", "HS256", "none", "RS384", "rs256", ""]) | TREES,
        "kid": st.sampled_from(["r", "s", "x", ""]) | TREES,
        "typ": st.sampled_from(["JWT", "at+jwt", "application/at+jwt", ""]) | TREES,
        "crit": st.just(["exp"]) | TREES,
        "b64": st.booleans() | TREES,
        "jwk": TREES,
        "zip": st.just("DEF"),
        "x": TREES,
    },
)


def header_verdict(header: dict[str, Any], typ: str | None) -> str:
    """Say the rules of security.md 2B once more: return the step that refuses, or "good"."""
    if "crit" in header or header.get("b64", True) is not True:
        return "header"
    if not isinstance(header.get("kid", ""), str) or not isinstance(header.get("typ", ""), str):
        return "header"
    if typ is not None and header.get("typ", "").lower().removeprefix("application/") != typ:
        return "header"
    alg = header.get("alg")
    if not isinstance(alg, str) or alg not in ("RS256", "HS256"):
        return "algorithm"
    mine = {"RS256": "r", "HS256": "s"}[alg]
    kid = header.get("kid", mine)
    if kid not in ("r", "s"):
        return "key"
    return "good" if kid == mine else "algorithm"


STEPS = {
    Status.OK: "good",
    Status.BAD_HEADER: "header",
    Status.BAD_ALGORITHM: "algorithm",
    Status.KEY_NOT_FOUND: "key",
}


@fuzz
@given(st.lists(HEADERS, min_size=1, max_size=10), st.sampled_from([None, "at+jwt"]))
def test_headers_are_judged_as_the_model_judges_them(headers, typ):
    for header in headers:
        assume(
            "/" not in header["typ"].lower().removeprefix("application/")
            if _is_text(header.get("typ"))
            else True
        )
        assume(_is_text(header.get("kid")) is False or len(header["kid"].encode()) <= 1024)
    crowd = [token(header, key=SECRET if header.get("alg") == "HS256" else None) for header in headers]
    expected = [header_verdict(header, typ) for header in headers]

    def make() -> Verifier:
        return Verifier(both_keys(), typ=typ)

    assert [kind is None for kind, _ in agreed_verdicts(make, crowd)] == [step == "good" for step in expected]
    codes = make().verify_signatures(crowd)
    assert [STEPS[Status(code)] for code in codes] == expected


def _is_text(value: object) -> bool:
    return isinstance(value, str)


# --- JSON ----------------------------------------------------------------------------------------------------------


def model_of_json(raw: bytes) -> tuple[bool, Any]:
    """Say the rules of security.md 2C once more, by the standard library: whether it is good, and its value."""

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in members}) != len(members):
            raise ValueError("twice")
        return dict(members)

    def refuse(name: str) -> None:
        raise ValueError(name)

    def real(text: str) -> float:
        if math.isinf(float(text)):
            raise ValueError("beyond a double")
        return float(text)

    def whole(text: str) -> int:
        if len(text) > 400:
            raise ValueError("beyond a double")
        float(int(text))  # OverflowError beyond a double
        return int(text)

    try:
        text = raw.decode("utf-8", "strict")
        value = json.loads(
            text, object_pairs_hook=pairs, parse_constant=refuse, parse_float=real, parse_int=whole
        )
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, OverflowError, RecursionError):
        return False, None
    return isinstance(value, dict) and not text.startswith("\ufeff") and depth_of(value) <= 64, value


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


SPICES = [
    b'"',
    b"\\",
    b"\\u",
    b"\\ud800",
    b"\\udc00",
    b"\\u0000",
    b":",
    b",",
    b'":',
    b'" :',
    b'"\n:',
    b"{",
    b"}",
    b"[",
    b"]",
    b"{" * 64,
    b"[" * 63,
    b"]" * 63,
    b"e400",
    b"9" * 19,
    b"1" + b"0" * 20,
    b"9" * 400,
    b"-",
    b"-0",
    b"0",
    b".",
    b"NaN",
    b"Infinity",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\x00",
    b"\t",
    b" ",
    b"\n",
    b"\x0c",
    b"\xc2\xa0",
    b'"exp":1,',
    b'"a":1,"a":2,',
    b"null",
    b"true",
]
SPICE = st.lists(st.tuples(st.integers(0, 1 << 16), st.sampled_from(SPICES), st.integers(0, 3)), max_size=3)


def spiced(raw: bytes, spice: list[tuple[int, bytes, int]]) -> bytes:
    for place, addition, gone in spice:
        at = place % (len(raw) + 1)
        raw = raw[:at] + addition + raw[at + gone :]
    return raw


@fuzz
@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.text(max_size=4), TREES, max_size=4),
            SPICE,
            st.sampled_from([None, 1]),
            st.booleans(),
        ),
        min_size=1,
        max_size=10,
    )
)
def test_payloads_are_read_as_the_model_reads_them(recipes):
    texts = []
    for tree, spice, indent, ascii_only in recipes:
        raw = json.dumps(tree, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        texts.append(spiced(raw, spice) or b" ")
    crowd = [token(HS256, raw, SECRET) for raw in texts]

    def make() -> Verifier:
        return Verifier(
            HMACKey(SECRET),
            require=(),
            allow_any_audience=True,
            allow_nonstring_ids=True,
            allow_future_iat=True,
        )

    for raw, (kind, words) in zip(texts, agreed_verdicts(make, crowd), strict=True):
        good, value = model_of_json(raw)
        if kind is None:
            assert good
            assert words == repr(value)
        elif not good:
            assert kind is DecodeError
        else:
            assert any(name in value for name in ("exp", "nbf", "iat", "iss", "aud"))


@fuzz
@given(st.lists(st.tuples(TREES, SPICE), min_size=1, max_size=10))
def test_headers_are_read_as_the_model_reads_them(recipes):
    texts = [
        spiced(b'{"alg":"HS256","x":%s}' % json.dumps(tree).encode(), spice) or b" "
        for tree, spice in recipes
    ]
    crowd = [token(raw, {"exp": LATER}, SECRET) for raw in texts]
    for raw, (kind, _) in zip(texts, agreed_verdicts(lambda: Verifier(HMACKey(SECRET)), crowd), strict=True):
        good, value = model_of_json(raw)
        if not good:
            assert kind is DecodeError
        elif value.get("alg") == "HS256" and not {"crit", "b64", "kid", "typ"} & set(value):
            assert kind is None


@fuzz
@given(st.binary(max_size=40), SPICE)
def test_decode_unverified_raises_nothing_but_decode_error(octets, spice):
    for raw in (octets, spiced(b'{"a":[1,"x"]}', spice)):
        for text in (f"{b64u(raw)}.{b64u(raw)}.AA", raw, b64u(raw)):
            seen = set()
            for reader in strict_json.available():
                with strict_json.use(reader):
                    seen.add(verdict(partial(fastjwt.decode_unverified, text))[0])
            assert len(seen) == 1
            assert seen <= {None, DecodeError}


# --- Claims, against a model ---------------------------------------------------------------------------------------

TIMES: st.SearchStrategy[Any] = (
    st.integers(NOW - 70, NOW + 70)
    | st.floats(NOW - 70, NOW + 70)
    | st.sampled_from([None, True, 0, -1, 2**70, 1e300, -1e300, str(NOW), [], {}])
)
NAMES: st.SearchStrategy[Any] = st.sampled_from(
    ["a", "b", "", None, 5, True, [], ["a"], ["a", "b"], ["b", 5], [[]], {}]
)

CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "exp": TIMES,
        "nbf": TIMES,
        "iat": TIMES,
        "iss": NAMES,
        "aud": NAMES,
        "sub": NAMES,
        "jti": NAMES,
        "own": st.sampled_from([None, 0, "x"]),
    },
)

OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "issuer": st.sampled_from(["a", ["a", "b"], "c", "", ["", "a"]]),
        "audience": st.sampled_from(["a", ["a", "b"], "c"]),
        "subject": st.sampled_from(["a", "b", ""]),
        "leeway": st.sampled_from([0, 10, 0.5, 60]),
        "require": st.sampled_from([(), ("exp",), ("own",), ("sub", "exp", "own"), ["iat", "nbf"]]),
        "max_age": st.sampled_from([None, 0, 10, 30.5]),
        "allow_future_iat": st.booleans(),
        "allow_nonstring_ids": st.booleans(),
    },
)


def is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def claims_verdict(claims: dict[str, Any], options: dict[str, Any]) -> Any:
    """Say the rules of security.md 2D once more: return the class of the first fault, or None."""
    leeway = options.get("leeway", 0)
    for name in options.get("require", ("exp",)):
        if claims.get(name) is None:
            return MissingRequiredClaimError
    max_age = options.get("max_age")
    for name in ("iat", "nbf", "exp"):
        if name in claims and not (name == "iat" and claims[name] is None and max_age is not None):
            value = claims[name]
            if not is_time(value):
                return InvalidIssuedAtError if name == "iat" else DecodeError
            if name == "exp":
                if value <= NOW - leeway:
                    return ExpiredSignatureError
            elif value > NOW + leeway and not (name == "iat" and options.get("allow_future_iat")):
                return ImmatureSignatureError
    if max_age is not None:
        if claims.get("iat") is None:
            return MissingRequiredClaimError
        if claims["iat"] < NOW - max_age - leeway:
            return ExpiredSignatureError
    for name, expected, kind in (
        ("iss", options.get("issuer"), InvalidIssuerError),
        ("aud", options.get("audience"), InvalidAudienceError),
        ("sub", options.get("subject"), InvalidSubjectError),
        ("jti", None, InvalidTokenError),
    ):
        value = claims.get(name)
        if expected is not None and value is None:
            return MissingRequiredClaimError
        if name not in claims:
            continue
        if name == "aud":
            listed: Any = [value] if isinstance(value, str) else value
            wanted: Any = [expected] if isinstance(expected, str) else expected or []
            strings = isinstance(listed, list) and all(isinstance(member, str) for member in listed)
            if not strings or not set(listed) & set(wanted):
                return kind
        elif expected is not None:
            if not isinstance(value, str) or value not in (
                [expected] if isinstance(expected, str) else expected
            ):
                return kind
        elif not isinstance(value, str) and not (
            name in ("sub", "jti") and options.get("allow_nonstring_ids")
        ):
            return kind
    return None


@fuzz
@given(st.lists(CLAIMS, min_size=1, max_size=15), OPTIONS)
def test_claims_are_judged_as_the_model_judges_them(crowd, options):
    expected = [claims_verdict(claims, options) for claims in crowd]
    seen = agreed_verdicts(
        lambda: Verifier(HMACKey(SECRET), **options), [token(HS256, claims, SECRET) for claims in crowd]
    )
    for claims, kind, (got, _) in zip(crowd, expected, seen, strict=True):
        if kind is InvalidTokenError:
            assert got is not None, claims
            assert issubclass(got, kind)
        else:
            assert got is kind, claims


# --- Signatures ----------------------------------------------------------------------------------------------------


@fuzz
@given(st.lists(st.binary(min_size=1, max_size=300) | st.integers(0, 2**2048 - 1), min_size=1, max_size=20))
def test_random_signatures_are_refused_by_all_engines(made):
    """Of any length and number, also those below n that only differ from a good one in what they decrypt to."""
    honest = token(RS256)
    crowd = [
        tokens.with_signature(honest, each if isinstance(each, bytes) else each.to_bytes(256, "big"))
        for each in made
    ]
    for kind, _ in agreed_verdicts(lambda: Verifier(public()), crowd):
        assert kind is fastjwt.InvalidSignatureError


@fuzz
@given(st.lists(st.binary(max_size=200), min_size=1, max_size=20), st.sampled_from([2048, 2050, 3072]))
def test_all_engines_make_the_same_signature_which_all_accept(messages, bits):
    """RS256 is deterministic; the judge is `cryptography`, asked by hand."""
    key = rsa_key("fuzz", bits)
    expected = [
        signed(b64u(b'{"alg":"RS256","typ":"JWT"}'), b64u(_claims_of(each)), key) for each in messages
    ]
    for engine in engines.available():
        with engines.use(engine):
            made = Signer(fast_private(key)).sign_batch([_claims_of(each) for each in messages])
            assert made == expected
            verifier = Verifier(public(key), require=())
            assert set(verifier.verify_signatures(expected)) == {Status.OK}


def _claims_of(message: bytes) -> bytes:
    return json.dumps({"x": b64u(message)}).encode()


# --- What is minted ------------------------------------------------------------------------------------------------


@fuzz
@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), TREES, max_size=5))
def test_whatever_is_minted_verifies_with_the_same_values_and_bytes(claims):
    """Over both writers and all engines: one token, and what was put in comes out, with its types."""
    for name in ("exp", "nbf", "iat", "iss", "sub", "aud", "jti"):
        claims.pop(name, None)
    seen = set()
    for engine in engines.available():
        for writer in strict_json.available():
            with engines.use(engine), strict_json.use(writer):
                minted = Signer(fast_private()).sign(claims)
                seen.add(minted)
                assert repr(Verifier(public(), require=()).verify(minted, now=NOW)) == repr(claims)
    assert len(seen) == 1


@fuzz
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_float_has_the_same_bytes_with_either_writer(number):
    seen = set()
    for writer in strict_json.available():
        with strict_json.use(writer):
            seen.add(strict_json.write({"x": [number]}))
    assert len(seen) == 1
    assert repr(json.loads(seen.pop())["x"][0]) == repr(number)


# --- Key sets ------------------------------------------------------------------------------------------------------

MEMBERS = st.one_of(
    TREES,
    st.fixed_dictionaries(
        {},
        optional={
            "kty": st.sampled_from(["RSA", "oct", "EC", "rsa"]) | TREES,
            "n": st.sampled_from([public_jwk()["n"], "AQAB", ""]) | TREES,
            "e": st.sampled_from(["AQAB", "Aw", "AQ"]) | TREES,
            "kid": st.sampled_from(["a", "b"]) | TREES,
            "alg": st.sampled_from(["RS256", "RS512"]) | TREES,
            "use": st.sampled_from(["sig", "enc"]) | TREES,
            "key_ops": st.just(["verify"]) | TREES,
            "d": TREES,
            "k": st.just(b64u(SECRET)) | TREES,
            "x5c": TREES,
        },
    ),
)


@fuzz
@given(st.lists(MEMBERS, max_size=6))
def test_a_set_of_anything_skips_what_it_cannot_use(members):
    """Every member is used or skipped, the good one lives, and only a published secret takes its kid away."""
    members.append(public_jwk(kid="good"))
    keys = JWKSet.from_dict({"keys": members})
    assert len(keys.skipped) + len(keys.keys) <= len(members)
    assert len({skipped.index for skipped in keys.skipped}) == len(keys.skipped)
    assert all(isinstance(skipped.reason, str) and skipped.reason.isprintable() for skipped in keys.skipped)
    last = len(members) - 1
    if last not in {skipped.index for skipped in keys.skipped}:
        good = token({**RS256, "kid": "good"})
        assert Verifier(keys).verify(good, now=NOW)["exp"] == LATER
    else:
        same = [
            each for each in members[:-1] if isinstance(each, dict) and each.get("n") == public_jwk()["n"]
        ]
        assert same, "the good member was skipped without a reason"
