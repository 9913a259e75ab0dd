"""security.md 2H: what a signer refuses to put into a token, and how it spells the rest."""

from __future__ import annotations

import dataclasses
import decimal
import enum
import fractions
import json
import math
import uuid
from collections import OrderedDict, UserDict
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import tokens
from stack import outcomes_near_the_limit
from tokens import LATER, NOW, SECRET, fast_private, public, unb64u
from verdicts import judge

from fastjwt import Signer, engines, strict_json

pytestmark = pytest.mark.usefixtures("engine", "json_reader")


def signer(**options: Any) -> Signer:
    return Signer(fast_private(), **options)


def parts(token: str) -> tuple[bytes, bytes]:
    """Return header and payload as they were written."""
    header, payload, _ = token.split(".")
    return unb64u(header), unb64u(payload)


def written(claims: Any, **options: Any) -> bytes:
    """Return the payload that a signer writes, the same by each way of signing."""
    made = signer(**options)
    one = parts(made.sign(claims))[1]
    assert [parts(each)[1] for each in made.sign_batch([claims, claims], threads=1)] == [one, one]
    assert [parts(each)[1] for each in made.sign_stream(iter([claims]))] == [one]
    return one


def refuses(claims: Any, kind: type[Exception], **options: Any) -> None:
    """Assert that the claims are refused with this class in every way of signing, in a batch by their index."""
    __tracebackhide__ = True
    made = signer(**options)
    harmless: dict[str, Any] = {"n": 1}
    with pytest.raises(kind) as alone:
        made.sign(claims)
    assert type(alone.value) in (kind, *_KINDS_OF_VALUE_ERROR)
    assert not isinstance(alone.value, UnicodeError)
    assert type(made.sign(harmless)) is str
    for place in (0, 1, 2):
        crowd = [harmless, harmless]
        crowd.insert(place, claims)
        before = engines.counters()
        for ask in (made.sign_batch, lambda items: list(made.sign_stream(items))):
            with pytest.raises(kind, match=rf"\b{place}\b") as caught:
                ask(crowd)
            assert not isinstance(caught.value, UnicodeError)
        assert engines.counters() == before, "something was signed"


_KINDS_OF_VALUE_ERROR = (strict_json.JSONFault,)


# --- Numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [math.nan, -math.nan, math.inf, -math.inf], ids=repr)
def test_nan_and_infinity_are_refused_anywhere(number):
    """`orjson` would write null without a word."""
    shapes: list[Any] = [number, [number], {"y": number}, [1, {"y": [number]}], (number,)]
    for shape in shapes:
        refuses({"x": shape}, ValueError)
        with pytest.raises(ValueError):  # noqa: PT011 - the words are ours to choose
            signer(headers={"x": shape})
    for name in ("exp", "nbf", "iat"):
        refuses({name: number}, ValueError)


@pytest.mark.parametrize(
    "number",
    [
        *(
            0,
            -1,
            2**53 + 1,
            2**63 - 1,
            -(2**63),
            2**63,
            -(2**63) - 1,
            2**64 - 1,
            2**64,
            2**64 + 1,
            2**100,
            -(10**100),
        ),
        *(10**308, 2**1024 - 2**970 - 1, -(2**1024) + 2**970 + 1),
    ],
    ids=lambda number: f"{number.bit_length()} bits",
)
def test_an_integer_within_the_range_of_a_double_is_written_exactly(number):
    shapes: list[Any] = [number, [number], {"y": [number, {"z": number}]}]
    for shape in shapes:
        payload = written({"x": shape, "exp": LATER})
        assert payload == json.dumps({"x": shape, "exp": LATER}, separators=(",", ":")).encode()
    token = signer(headers={"x": number}).sign({"exp": number if number > NOW else LATER})
    assert json.loads(parts(token)[0])["x"] == number
    judge().accepts(token)


@pytest.mark.parametrize(
    "number", [2**1024, 2**1024 - 2**970, 10**309, -(10**309), 10**5000], ids=lambda n: f"{n.bit_length()}"
)
def test_an_integer_beyond_a_double_is_refused(number):
    for claims in ({"x": number}, {"x": [1, {"y": number}]}, {"exp": number}):
        refuses(claims, ValueError)
    with pytest.raises(ValueError):  # noqa: PT011
        signer(headers={"x": number})


FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 1e16, 1e17, 1e-5, 0.0001, 1e15, 123456789012345680.0, 5e-324, 1e22, 1e21]
FLOATS += [
    1.7976931348623157e308,
    2.5e-8,
    1e100,
    1e-100,
    float(2**63),
    3.141592653589793,
    1e23,
    9007199254740993.0,
]


def test_floats_have_the_same_bytes_with_either_writer(json_reader):
    """One spelling, and the same number when it is read again."""
    del json_reader
    claims = {"exp": LATER + 0.5, "x": FLOATS, "y": {str(number): number for number in FLOATS}}
    by_writer = {}
    for writer in strict_json.available():
        with strict_json.use(writer):
            by_writer[writer] = signer(headers={"x": FLOATS}).sign(claims)
    assert len(set(by_writer.values())) == 1
    read = json.loads(parts(by_writer["stdlib"])[1])
    assert repr(read) == repr(claims)


# --- Text and cycles -----------------------------------------------------------------------------------------------


LONE_SURROGATES = ["\ud800", "\udfff", "a\udc80b", "\ude00\ud83d", "\ud83d \ude00"]


@pytest.mark.parametrize("text", LONE_SURROGATES, ids=ascii)
def test_a_lone_surrogate_is_refused_anywhere(text):
    shapes: list[Any] = [
        {"x": text},
        {"x": [text]},
        {text: 1},
        {"x": {text: 1}},
        {"iss": text},
        {"aud": [text]},
    ]
    for claims in [*shapes, {"sub": text, "x": 2**70}, {"x": [1.5, text]}]:
        refuses(claims, ValueError)
    with pytest.raises(ValueError):  # noqa: PT011
        signer(headers={"x": text})
    with pytest.raises(ValueError):  # noqa: PT011
        signer(headers={text: 1})
    with pytest.raises(ValueError):  # noqa: PT011
        signer(kid=text)
    with pytest.raises(ValueError):  # noqa: PT011
        signer(issuer=text).sign({})
    with pytest.raises(ValueError):  # noqa: PT011
        signer(audience=text).sign({})


@pytest.mark.parametrize(
    "text",
    ["", "\u00e9", "\U0001f600", "\x00", "\x1f\x7f", '"\\/', "\u2028\ufeff\uffff", "</script>"],
    ids=ascii,
)
def test_any_other_text_is_written_so_that_it_is_read_again(text):
    token = signer().sign({"exp": LATER, "x": text, f"name {text}": [text]})
    judge().accepts(token, {"exp": LATER, "x": text, f"name {text}": [text]})


def test_either_writer_escapes_alike(json_reader):
    del json_reader
    text = "".join(chr(code) for code in [*range(0x100), 0x2028, 0x2029, 0xFEFF, 0xFFFF, 0x1F600])
    seen = set()
    for writer in strict_json.available():
        with strict_json.use(writer):
            seen.add(signer().sign({"x": text, text: 1}))
    assert len(seen) == 1


def _cycles() -> dict[str, dict[str, Any]]:
    a_list: list[Any] = []
    a_list.append(a_list)
    a_dict: dict[str, Any] = {}
    a_dict["x"] = a_dict
    through: dict[str, Any] = {"x": [1, {}]}
    through["x"][1]["y"] = through
    return {"list": {"x": a_list}, "dict": a_dict, "through both": through}


@pytest.mark.parametrize("claims", _cycles().values(), ids=_cycles().keys())
def test_a_cycle_is_refused(claims):
    refuses(claims, ValueError)
    with pytest.raises(ValueError):  # noqa: PT011
        signer(headers=claims)


def test_the_same_object_twice_is_no_cycle():
    shared = {"a": [1]}
    assert json.loads(written({"x": shared, "y": [shared, shared]})) == {"x": shared, "y": [shared, shared]}


# --- Types ---------------------------------------------------------------------------------------------------------


class Colour(enum.Enum):
    """Not for JSON."""

    RED = "red"


class Level(enum.IntEnum):
    """An int to Python, but not quite."""

    HIGH = 3


class Word(str, enum.Enum):
    """A str to Python."""

    YES = "yes"


class Flags(enum.IntFlag):
    """An int to Python."""

    ONE = 1


@dataclasses.dataclass
class Point:
    """`orjson` writes these."""

    x: int = 1


class Slotted:
    """Has no `__dict__`."""

    __slots__ = ("x",)


FOREIGN: dict[str, Any] = {
    "UUID": uuid.UUID(int=5),
    "dataclass": Point(),
    "Enum": Colour.RED,
    "IntEnum": Level.HIGH,
    "str Enum": Word.YES,
    "IntFlag": Flags.ONE,
    "set": {1},
    "frozenset": frozenset({1}),
    "bytes": b"x",
    "bytearray": bytearray(b"x"),
    "memoryview": memoryview(b"x"),
    "datetime": datetime(2030, 1, 1, tzinfo=timezone.utc),
    "date": date(2030, 1, 1),
    "time": datetime(2030, 1, 1, tzinfo=timezone.utc).time(),
    "timedelta": timedelta(seconds=5),
    "Decimal": decimal.Decimal("1.5"),
    "Fraction": fractions.Fraction(1, 2),
    "complex": 1j,
    "object": object(),
    "type": int,
    "function": len,
    "generator": (each for each in "ab"),
    "range": range(3),
    "dict keys": {"a": 1}.keys(),
    "Path": Path("x"),
    "Ellipsis": ...,
    "slots": Slotted(),
    "exception": ValueError("x"),
    "key": SECRET,
}


@pytest.mark.parametrize("value", FOREIGN.values(), ids=FOREIGN.keys())
def test_what_json_has_no_type_for_is_a_type_error_with_either_writer(value):
    """`orjson` would write some of them."""
    for claims in ({"x": value}, {"x": [value]}, {"x": {"y": value}}, {"x": (1, value)}):
        refuses(claims, TypeError)
    with pytest.raises(TypeError):
        signer(headers={"x": value})


@pytest.mark.parametrize(
    "name",
    [
        1,
        0,
        1.5,
        None,
        True,
        b"x",
        ("x",),
        Colour.RED,
        Level.HIGH,
        Word.YES,
        uuid.UUID(int=5),
        date(2030, 1, 1),
    ],
    ids=repr,
)
def test_a_name_that_is_no_str_is_a_type_error_with_either_writer(name):
    """The stdlib would stringify names, and `{1: "a", "1": "b"}` become the same name twice."""
    for claims in ({name: 1}, {"x": {name: 1}}, {"x": [{name: 1}]}, {"exp": LATER, name: 1, "x": 2**70}):
        refuses(claims, TypeError)
    with pytest.raises(TypeError):
        signer(headers={name: 1})


@pytest.mark.parametrize(
    "claims", [None, 5, "{}", '{"exp":1}', [], [("exp", 1)], {"a"}, 1.5, True, object(), bytearray(b"{}")]
)
def test_claims_are_a_dict_or_bytes(claims):
    refuses(claims, TypeError)


def test_other_mappings_are_taken_for_what_they_hold():
    for claims in (OrderedDict(x=1), MappingProxyType({"x": 1}), UserDict({"x": 1})):
        assert written(claims) == b'{"x":1}'


def test_claims_of_the_caller_are_not_changed():
    claims = {"x": 1, "exp": datetime.fromtimestamp(LATER, timezone.utc)}
    before = dict(claims)
    signer(issuer="i", audience="a", ttl=60, jti=True).sign(claims)
    assert claims == before


# --- Registered claims ---------------------------------------------------------------------------------------------

WRONG_FOR: dict[str, list[Any]] = {
    "exp": [
        "1700000000",
        "",
        None,
        True,
        False,
        [],
        [1],
        {},
        timedelta(1),
        date(2030, 1, 1),
        decimal.Decimal(5),
        b"5",
    ],
    "iss": [None, 5, True, 1.5, [], ["i"], {}, b"i", uuid.UUID(int=5), Colour.RED],
    "aud": [None, 5, True, {}, {"a": 1}, [5], ["a", 5], ["a", None], [["a"]], [b"a"], {"a"}, b"a"],
}
WRONG_FOR["nbf"] = WRONG_FOR["iat"] = WRONG_FOR["exp"]
WRONG_FOR["sub"] = WRONG_FOR["jti"] = WRONG_FOR["iss"]


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in sorted(WRONG_FOR) for value in WRONG_FOR[name]], ids=repr
)
def test_a_registered_claim_of_a_type_that_a_verifier_refuses_is_a_type_error(name, value):
    refuses({name: value}, TypeError)
    refuses({"x": 1, name: value}, TypeError, issuer=None, ttl=60)


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_an_aware_datetime_becomes_whole_seconds(name):
    for moment, seconds in (
        (datetime(2030, 1, 1, tzinfo=timezone.utc), 1_893_456_000),
        (datetime(2030, 1, 1, 0, 0, 0, 999_999, tzinfo=timezone.utc), 1_893_456_000),
        (datetime(2030, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), 1_893_456_000),
        (datetime(2029, 12, 31, 18, 30, tzinfo=timezone(timedelta(hours=-5, minutes=-30))), 1_893_456_000),
        (datetime(1970, 1, 1, tzinfo=timezone.utc), 0),
        (datetime(1969, 12, 31, 23, 59, 59, tzinfo=timezone.utc), -1),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc), 253_402_300_799),
        (datetime(1, 1, 1, tzinfo=timezone.utc), -62_135_596_800),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), -62_135_596_800 - 14 * 3600),
        (
            datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-14))),
            253_402_300_799 + 14 * 3600,
        ),
    ):
        assert written({name: moment}) == f'{{"{name}":{seconds}}}'.encode()


class NoOffset(tzinfo):
    """A time zone that does not say where it is: the datetime is naive all the same."""

    def utcoffset(self, when: datetime | None) -> timedelta | None:
        return None

    def dst(self, when: datetime | None) -> timedelta | None:
        return None

    def tzname(self, when: datetime | None) -> str | None:
        return None


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_a_naive_datetime_is_a_value_error(name):
    """It does not say which moment is meant."""
    refuses({name: datetime(2030, 1, 1)}, ValueError)  # noqa: DTZ001 - that is the point
    refuses({name: datetime(2030, 1, 1, tzinfo=NoOffset())}, ValueError)


# --- Headers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alg", "crit", "b64"])
@pytest.mark.parametrize("value", ["RS256", "none", None, True, False, [], ["b64"], ["exp"]], ids=repr)
def test_headers_must_not_say_what_follows_from_the_key_or_is_not_supported(name, value):
    with pytest.raises(ValueError, match=name):
        signer(headers={name: value})


@pytest.mark.parametrize("value", ["other", "", "K", "k ", None, 5, ["k"]], ids=repr)
def test_headers_must_not_hold_another_kid_than_the_signers(value):
    with pytest.raises((ValueError, TypeError)):
        signer(kid="k", headers={"kid": value})
    with pytest.raises((ValueError, TypeError)):
        signer(headers={"kid": value})


def test_the_signers_own_kid_may_be_said_twice_and_is_written_once():
    token = signer(kid="k", headers={"kid": "k"}).sign({"exp": LATER})
    assert parts(token)[0].count(b'"kid"') == 1
    judge().accepts(token)


def test_claims_named_alg_or_kid_stay_claims():
    claims = {"alg": "none", "kid": "x", "typ": "y", "crit": ["z"], "b64": False, "exp": LATER}
    token = signer(kid="k").sign(claims)
    assert json.loads(parts(token)[0])["alg"] == "RS256"
    assert json.loads(parts(token)[0])["kid"] == "k"
    judge().accepts(token, claims)


@pytest.mark.parametrize("headers", [5, "typ", [("typ", "JWT")], b"{}", True], ids=repr)
def test_headers_of_another_type_are_a_type_error(headers):
    with pytest.raises(TypeError):
        signer(headers=headers)


@pytest.mark.parametrize("typ", [5, True, [], {}, b"JWT"], ids=repr)
def test_a_typ_that_a_verifier_refuses_is_refused(typ):
    with pytest.raises((TypeError, ValueError)):
        signer(headers={"typ": typ})


def test_a_header_that_the_default_verifier_would_refuse_for_its_form_is_a_value_error():
    """Its size, its depth, the length of its kid."""
    with pytest.raises(ValueError):  # noqa: PT011
        signer(headers={"x": "h" * 12_300})
    deep: Any = []
    for _ in range(63):
        deep = [deep]
    with pytest.raises(ValueError):  # noqa: PT011
        signer(headers={"x": deep})
    with pytest.raises(ValueError):  # noqa: PT011
        signer(kid="k" * 1025)
    with pytest.raises(ValueError):  # noqa: PT011
        signer(kid="\u00e9" * 513)
    judge().accepts(signer(kid="k" * 1024, headers={"x": "h" * 11_000, "y": deep[0]}).sign({"exp": LATER}))


def test_the_longest_header_that_is_written_is_the_longest_that_is_read():
    longest = None
    for filler in range(12_180, 12_300):
        try:
            token = signer(headers={"x": "h" * filler}).sign({"exp": LATER})
        except ValueError:
            break
        longest = token
    assert longest is not None
    assert 16_382 <= longest.index(".") <= 16_384
    judge().accepts(longest)


# --- Shapes that were seen before ----------------------------------------------------------------------------------


class Name(str):
    """A str by descent: no name of a member."""

    __slots__ = ()


def _of_one_shape() -> list[Any]:
    """Return claims whose names are the same, or say so, and whose values differ in all that matters."""
    plain = {"iss": "i", "exp": LATER, "n": 5, "x": "x", "none": None, "yes": True, "in": ["a", {"b": 1}]}
    changed: list[dict[Any, Any]] = [plain]
    changed += [
        {**plain, "n": n} for n in (2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**308, 10**309, True, 1.5, None)
    ]
    changed += [{**plain, "exp": exp} for exp in (2**70, 10**400, True, None, "1", 1.5, [1], math.nan)]
    changed += [
        {**plain, "x": x} for x in ("\ud800", Word.YES, Name("x"), b"x", {1}, 1e16, math.inf, Level.HIGH)
    ]
    changed += [{**plain, "iss": iss} for iss in (None, 5, Name("i"), Word.YES, ["i"])]
    changed += [
        {**plain, "in": x}
        for x in (("a",), [1.5], [{1}], _deep(63), _deep(64), [{1: 2}], {"\ud800": 1}, [10**400])
    ]
    changed += [{Name("iss") if name == "iss" else name: value for name, value in plain.items()}]
    changed += [
        dict(reversed(plain.items())),
        {**plain, 5: 1},
        {"x": plain},
        {},
        {"aud": "a"},
        {"aud": ["a", "b"]},
    ]
    return changed


def _outcome(made: Signer, claims: Any) -> str:
    try:
        return made.sign(claims)
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def test_what_a_signer_saw_before_changes_neither_tokens_nor_refusals():
    """A shape that was all right once is not looked at so closely again: a fresh signer must always say the same."""
    crowd = _of_one_shape()
    made = signer(kid="k")
    for _ in range(3):
        for claims in crowd:
            assert _outcome(made, claims) == _outcome(signer(kid="k"), claims), claims
    for claims in crowd:
        fresh = signer(issuer="i")
        assert _outcome(fresh, crowd[0]) == _outcome(fresh, crowd[0])
        assert _outcome(fresh, claims) == _outcome(signer(issuer="i"), claims), claims


def test_either_writer_signs_or_refuses_alike_what_was_seen_before(json_reader):
    del json_reader
    outcomes = []
    for writer in strict_json.available():
        with strict_json.use(writer):
            made = signer()
            outcomes.append([_outcome(made, claims) for claims in _of_one_shape() * 2])
    assert outcomes[0] == outcomes[-1]


def test_the_memory_for_shapes_of_claims_is_bounded():
    """Whoever chooses the names of claims fills it, and no more than that."""
    made = signer()
    for number in range(300):
        made.sign({f"claim {number}": number})
    made.sign({str(number): 0 for number in range(5000)})
    made.sign({"x" * 100_000: 0})
    shapes = made._writer._shapes
    assert len(shapes) <= 64
    assert all(len(shape) <= 64 and sum(map(len, shape[0])) <= 1024 for shape in shapes)


# --- Settings ------------------------------------------------------------------------------------------------------


def test_claims_may_repeat_the_signers_issuer_and_audience():
    """Equal passes."""
    assert json.loads(written({"iss": "i"}, issuer="i")) == {"iss": "i"}
    assert json.loads(written({"aud": "a"}, audience="a")) == {"aud": "a"}
    assert json.loads(written({"aud": ["a", "b"]}, audience=["a", "b"])) == {"aud": ["a", "b"]}
    assert json.loads(written({}, issuer="i", audience=["a", "b"])) == {"iss": "i", "aud": ["a", "b"]}


@pytest.mark.parametrize("issuer", ["x", "", "I", "i ", "i/", "\u0456"], ids=ascii)
def test_claims_must_not_change_the_issuer(issuer):
    """Data of a caller must not change who speaks."""
    refuses({"iss": issuer}, ValueError, issuer="i")


def test_a_signers_audience_may_be_any_iterable_of_names():
    for audience in ({"a": 1}.keys(), frozenset({"a"}), iter(["a"])):
        assert json.loads(written({}, audience=audience)) == {"aud": ["a"]}
    for wrong in (b"a", {"a": 1}, 1, object()):
        with pytest.raises(TypeError):
            written({}, audience=wrong)


@pytest.mark.parametrize("audience", ["x", "", "A", ["x"], ["a", "x"], ["x", "a"], ["a", "b", "c"]], ids=repr)
def test_claims_must_not_change_the_audience(audience):
    refuses({"aud": audience}, ValueError, audience="a")
    refuses({"aud": audience}, ValueError, audience=["a", "b"])


def test_times_and_jti_of_the_claims_win_over_ttl_and_jti():
    claims = {"exp": LATER, "nbf": 5, "iat": 6, "jti": "mine"}
    assert json.loads(written(claims, ttl=60, jti=True)) == claims
    claims = {"exp": 1.5, "iat": 0, "jti": ""}
    assert json.loads(written(claims, ttl=60, jti=True)) == claims


def test_ttl_adds_iat_and_exp():
    made = signer(ttl=60, clock=lambda: NOW + 0.75)
    assert json.loads(parts(made.sign({}))[1]) == {"iat": NOW, "exp": NOW + 60}
    judge().accepts(made.sign({}))


def test_ttl_adds_what_is_missing_and_no_more():
    made = signer(ttl=60, clock=lambda: NOW)
    assert json.loads(parts(made.sign({"iat": 5}))[1]) == {"iat": 5, "exp": NOW + 60}
    assert json.loads(parts(made.sign({"exp": LATER}))[1]) == {"exp": LATER, "iat": NOW}


def test_jti_differs_each_time():
    made = signer(jti=True)
    seen = {json.loads(parts(token)[1])["jti"] for token in [*made.sign_batch([{}] * 500), made.sign({})]}
    assert len(seen) == 501
    assert all(isinstance(jti, str) and len(unb64u(jti)) >= 16 for jti in seen)


@pytest.mark.parametrize(
    "options",
    [
        {"issuer": 5},
        {"issuer": b"i"},
        {"issuer": ["i"]},
        {"audience": 5},
        {"audience": [5]},
        {"audience": b"a"},
        {"audience": []},
        {"ttl": "60"},
        {"ttl": math.nan},
        {"ttl": math.inf},
        {"ttl": True},
        {"ttl": 10**400},
        {"jti": 1},
        {"jti": "yes"},
        {"kid": 5},
        {"kid": b"k"},
    ],
    ids=repr,
)
def test_settings_of_another_type_are_wrong_use(options):
    with pytest.raises((TypeError, ValueError)):
        signer(**options)


def test_an_unknown_setting_is_a_type_error():
    options: dict[str, Any] = {"algorithm": "none"}
    with pytest.raises(TypeError):
        signer(**options)


@pytest.mark.parametrize("key", [None, "secret", SECRET, 5, {"kty": "RSA"}], ids=repr)
def test_a_signer_takes_a_private_key_or_a_secret_and_nothing_else(key):
    with pytest.raises(TypeError):
        Signer(key)


def test_a_signer_does_not_take_a_public_key():
    key: Any = public()
    with pytest.raises(TypeError):
        Signer(key)


@pytest.mark.parametrize("clock", [5, None, "now", NOW])
def test_a_clock_that_cannot_be_called_is_a_type_error(clock):
    with pytest.raises(TypeError, match="clock"):
        signer(clock=clock, ttl=5)
    with pytest.raises(TypeError, match="clock"):
        signer(clock=clock)


@pytest.mark.parametrize("text", LONE_SURROGATES, ids=ascii)
def test_settings_that_no_token_could_carry_are_refused_at_construction(text):
    for options in ({"issuer": text}, {"audience": text}, {"audience": ["a", text]}, {"kid": text}):
        with pytest.raises(ValueError, match="surrogate"):
            signer(**options)


class Changing(str):
    """Is never what it was compared as."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


class Members(list[Any]):
    """Shows one audience and holds another."""

    def __iter__(self) -> Any:
        return iter(["a"])

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None


class Hiding(dict[str, Any]):
    """Shows no names when it is asked for them."""

    def __iter__(self) -> Any:
        return iter(())

    def __contains__(self, name: object) -> bool:
        return False


def test_what_was_compared_with_the_signers_settings_is_what_is_written():
    refuses({"iss": Changing("x")}, ValueError, issuer="i")
    refuses({"aud": Changing("x")}, ValueError, audience="i")
    refuses({"aud": Members(["x"])}, ValueError, audience="a")
    assert written({"aud": Members(["x"])}) == b'{"aud":["x"]}'
    assert written({"iss": Changing("x"), "sub": Name("s")}) == b'{"iss":"x","sub":"s"}'
    assert written({"iss": "i"}, issuer=Changing("i")) == b'{"iss":"i"}'
    refuses({"iss": "x"}, ValueError, issuer=Changing("i"))
    assert written(OrderedDict(exp=5)) == b'{"exp":5}'


def test_a_dict_that_hides_its_registered_claims_does_not_get_them_past_the_checks():
    assert signer().sign(Hiding(n=1)) is not None
    try:
        token = signer().sign(Hiding(exp="tomorrow"))
    except (TypeError, ValueError):
        return
    assert "exp" not in json.loads(parts(token)[1])


# --- Times without end ---------------------------------------------------------------------------------------------

TIMES: list[int | float] = [
    0,
    1,
    -1,
    0.5,
    NOW,
    NOW + 0.5,
    2**53 + 1,
    1.7e308,
    -1.7e308,
    int(1.7e308),
    -int(1.7e308),
]
TIMES += [2**1023, math.nextafter(math.inf, 0), -math.nextafter(math.inf, 0), 5e-324]


@pytest.mark.parametrize("ttl", [each for each in TIMES if each > 0], ids=repr)
@pytest.mark.parametrize("time", TIMES, ids=repr)
def test_any_clock_and_ttl_give_a_token_or_a_value_error(time, ttl):
    """`exp` is the exact sum, without its fraction; beyond a double it cannot be written."""
    made = signer(ttl=ttl, clock=lambda: time)
    exp = int(int(time) + fractions.Fraction(ttl))
    try:
        float(exp)
    except OverflowError:
        with pytest.raises(ValueError, match="double"):
            made.sign({})
        return
    claims = json.loads(parts(made.sign({}))[1])
    assert claims["iat"] == int(time)
    assert claims["exp"] == exp or abs(time) + ttl < 2**52


# --- Deep stacks ---------------------------------------------------------------------------------------------------


def test_close_to_the_end_of_the_stack_nothing_but_a_value_error_is_raised():
    made = signer()
    deep = {"x": _deep(60)}
    for claims in ({"n": 1}, deep, json.dumps(deep).encode()):
        said = outcomes_near_the_limit(partial(made.sign, claims))
        assert said <= {
            f"ValueError: {words}nested too deeply for the stack that is left" for words in ("", "claims: ")
        }


# --- Claims as bytes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b'{"exp":9999999999}',
        b' { "exp" : 9999999999 , "x" : [ 1.0 , 1e5 , 1E+2 ] }\r\n',
        b'{"x":"\\u00e9\\/","y":"\xc3\xa9"}',
        b'{"x":36893488147419103232}',
        b'{"z":1,"a":2}',
        b'{"x":"\\ud83d\\ude00"}',
    ],
)
def test_claims_as_bytes_are_signed_as_they_are(raw):
    assert written(raw) == raw


class Octets(bytes):
    """Tells of others than it holds."""

    def __bytes__(self) -> bytes:
        return b'{"lie":1}'

    def decode(self, *_: Any) -> str:
        return '{"lie":1}'

    def __len__(self) -> int:
        return 2**62


def test_a_subclass_of_bytes_is_signed_as_the_octets_that_were_checked():
    assert written(Octets(b'{"a":1}')) == b'{"a":1}'
    refuses(Octets(b"{"), ValueError)


BAD_BYTES = {
    "nothing": b"",
    "white space": b" ",
    "list": b"[]",
    "null": b"null",
    "string": b'"x"',
    "not UTF-8": b'{"x":"\xff"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"x":1}'.encode("utf-16-le"),
    "lone surrogate": b'{"x":"\\ud800"}',
    "NaN": b'{"x":NaN}',
    "1e400": b'{"x":1e400}',
    "400 digits": b'{"x":' + b"1" * 400 + b"}",
    "name twice": b'{"x":1,"x":1}',
    "name twice by an escape": b'{"x":1,"\\u0078":1}',
    "65 levels": b'{"x":' + b"[" * 64 + b"]" * 64 + b"}",
    "5000 levels": b'{"x":' + b"[" * 5000,
    "trailing": b"{}x",
    "trailing NUL": b"{}\x00",
    "two": b"{}{}",
    "a token": tokens.b64u(b"{}").encode(),
}


@pytest.mark.parametrize("raw", BAD_BYTES.values(), ids=BAD_BYTES.keys())
def test_claims_as_bytes_must_be_what_a_verifier_reads(raw):
    refuses(raw, ValueError)


@pytest.mark.parametrize(
    "options", [{"issuer": "i"}, {"audience": "a"}, {"ttl": 60}, {"jti": True}], ids=repr
)
def test_claims_as_bytes_with_settings_that_would_add_to_them_are_a_value_error(options):
    refuses(b'{"exp":9999999999}', ValueError, **options)
    refuses(b'{"iss":"i","aud":"a","iat":1,"exp":2,"jti":"x"}', ValueError, **options)


# --- Form ----------------------------------------------------------------------------------------------------------


def _deep(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def test_64_levels_are_written_and_65_are_not():
    written({"x": _deep(63)})
    refuses({"x": _deep(64)}, ValueError)
    refuses({"x": _deep(500)}, ValueError)
    refuses({"x": _deep(5000)}, ValueError)
    judge().accepts(signer().sign({"exp": LATER, "x": _deep(63)}))


def test_the_longest_token_that_is_written_is_the_longest_that_is_read():
    """To the byte: what would be 262,145 characters long is refused, and nothing shorter."""
    made = signer()
    header, payload, signature = made.sign({"exp": LATER, "x": ""}).split(".")
    least = len(unb64u(payload))
    room = (262_144 - len(header) - len(signature) - 2) * 3 // 4 - least
    longest = ""
    for filler in range(room - 4, room + 5):
        length = len(header) + 1 + ((least + filler) * 4 + 2) // 3 + 1 + len(signature)
        for claims in ({"exp": LATER, "x": "p" * filler}, b'{"exp":%d,"x":"%s"}' % (LATER, b"p" * filler)):
            if length > 262_144:
                with pytest.raises(ValueError):  # noqa: PT011
                    made.sign(claims)
            else:
                longest = made.sign(claims)
                assert len(longest) == length
    judge().accepts(longest)
    refuses({"exp": LATER, "x": "p" * 200_000}, ValueError)
    refuses(b'{"x":"' + b"p" * 200_000 + b'"}', ValueError)


def test_a_batch_names_the_index_of_the_first_fault_and_signs_nothing():
    made = signer()
    crowd: list[Any] = [{"n": number} for number in range(100)]
    crowd[41] = {"x": math.nan}
    crowd[57] = {1: 2}
    before = engines.counters()
    with pytest.raises(ValueError, match=r"\b41\b"):
        made.sign_batch(crowd)
    crowd[41] = {}
    with pytest.raises(TypeError, match=r"\b57\b"):
        made.sign_batch(crowd)
    assert engines.counters() == before
    crowd[57] = {}
    assert len(made.sign_batch(crowd)) == 100


@pytest.mark.parametrize("crowd", [{"x": 1}, b'{"x":1}', '{"x":1}', None, 5], ids=repr)
def test_one_set_of_claims_where_many_belong_is_a_type_error(crowd):
    made = signer()
    with pytest.raises(TypeError):
        made.sign_batch(crowd)
    with pytest.raises(TypeError):
        list(made.sign_stream(crowd))


@pytest.mark.parametrize("error", [TypeError, ValueError, UnicodeError, strict_json.JSONFault, MemoryError])
def test_a_type_error_of_the_iterable_is_not_taken_for_one_of_the_claims(error):
    """No index is put before it, and it is the very same object."""
    own = error("the caller's")

    def broken() -> Any:
        yield {"x": 1}
        raise own

    made = signer()
    for ask in (made.sign_batch, lambda crowd: list(made.sign_stream(crowd, chunk=1))):
        with pytest.raises(error) as caught:
            ask(broken())
        assert caught.value is own
        assert str(own) == "the caller's"


@pytest.mark.parametrize("crowd", [None, 5, 1.5, object(), len, {"x": 1}, "x", b"{}"], ids=repr)
def test_what_is_no_iterable_of_claims_is_named_without_an_index(crowd):
    made = signer()
    for ask in (made.sign_batch, made.sign_stream):
        with pytest.raises(TypeError, match=r"^expected an iterable of claims, got") as caught:
            ask(crowd)
        assert "index" not in str(caught.value)


def test_a_fault_in_a_batch_is_a_plain_type_error_or_value_error():
    """Not one of their subclasses, which may be made in other ways than from one text."""
    made = signer()
    for claims, kind in ((b"{", ValueError), ({"x": "\ud800"}, ValueError), ({"x": {1}}, TypeError)):
        for ask in (made.sign_batch, lambda crowd: list(made.sign_stream(crowd))):
            with pytest.raises(kind, match=r"^claims at index 1: ") as caught:
                ask([{}, claims])
            assert type(caught.value) is kind


def test_a_list_like_object_without_iter_is_taken():
    class Sequenced:
        """Has __getitem__ alone, as old sequences do."""

        def __getitem__(self, number: int) -> dict[str, int]:
            return [{"n": 0}, {"n": 1}][number]

    crowd: Any = Sequenced()
    assert len(signer().sign_batch(crowd)) == 2


def test_an_iterable_that_fails_fails_with_its_own_error():
    def broken() -> Any:
        yield {"x": 1}
        raise KeyError("the caller's")

    made = signer()
    with pytest.raises(KeyError, match="the caller's"):
        made.sign_batch(broken())
    with pytest.raises(KeyError, match="the caller's"):
        list(made.sign_stream(broken(), chunk=1))
