"""JSON Web Key Sets: unusable members harm nobody, published secrets harm their kid, and a header finds its key."""

from __future__ import annotations

import base64
import copy
import json
import pickle
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from rsa_material import base64url, key, numbers, prime, private_jwk, private_numbers, public_jwk

from fastjwt import HMACKey, JWKSet, RSAPrivateKey, RSAPublicKey, der, engines, jwks
from fastjwt.errors import JWKSError

A = public_jwk(key(0), kid="a")
B = public_jwk(key(1), kid="b")
SECRET = {"kty": "oct", "k": base64url(bytes(range(32))), "kid": "s"}
# A certificate of version 2^15000, which Python refuses to print.
_OF_A_VERSION_BEYOND_PRINTING = base64.b64encode(
    der.sequence((der.sequence((der.element(der.context(0), der.integer(1 << 15_000)),)),))
).decode()
EC_PUBLIC = {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43, "kid": "ec"}


def set_of(*members: Any, **options: Any) -> JWKSet:
    return JWKSet.from_dict({"keys": list(members)}, **options)


def kids(keys: Any) -> list[str | None]:
    return [each.kid for each in keys]


# --- Documents


def test_a_set_is_read_from_text_and_dict(engine: str, json_reader: str) -> None:
    document = {"keys": [A, EC_PUBLIC, B], "issuer": "https://id.example", "more": [1]}
    text = json.dumps(document, indent=2)
    for loaded in (JWKSet.from_json(text), JWKSet.from_json(text.encode()), JWKSet.from_dict(document)):
        assert kids(loaded) == kids(loaded.keys) == ["a", "b"]
        assert len(loaded) == 2
        assert loaded.keys == (RSAPublicKey.from_jwk(A), RSAPublicKey.from_jwk(B))
        (skipped,) = loaded.skipped
        assert (skipped.index, skipped.kid) == (1, "ec")
        assert "kty" in skipped.reason
        assert loaded.generation == 0


def test_an_empty_set_is_a_set() -> None:
    empty = JWKSet.from_json('{"keys": []}')
    assert len(empty) == 0
    assert empty.skipped == ()
    assert empty.candidates(None, "RS256") == empty.candidates("a", "RS256") == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "null",
        "[]",
        "{}",
        '"keys"',
        json.dumps([A]),
        json.dumps(A),
        '{"keys": null}',
        '{"keys": {}}',
        '{"keys": "AQAB"}',
        '{"Keys": []}',
        '{"keys": [], "keys": []}',
        '{"keys": [], "ke\\u0079s": []}',
        '{"keys": [{"kty": "RSA", "kty": "RSA"}]}',
        '{"keys": [NaN]}',
        '{"keys": [1e999]}',
        '{"keys": ["\\udc00"]}',
        '{"keys": ["\udc00"]}',
        '{"keys": []}x',
        '{"keys": [}',
        '{"keys": [',
        "\ufeff" + '{"keys": []}',
        '{"keys": []}'.encode("utf-16"),
        b'{"keys": ["\xff"]}',
        '{"keys": ' + "[" * 64 + "]" * 64 + "}",
        '{"keys": ' + "[" * 100_000,
        "<!doctype html><title>Sign in</title>",
        '{"error": "rate limited"}',
    ],
    ids=lambda text: ascii(text[:30]),
)
def test_texts_that_are_no_key_set_are_refused(text: Any, json_reader: str) -> None:
    with pytest.raises(JWKSError):
        JWKSet.from_json(text)


@pytest.mark.parametrize(
    "document", [{}, {"keys": None}, {"keys": ()}, {"keys": {}}, A, {"Keys": []}, {1: 2}]
)
def test_dicts_that_are_no_key_set_are_refused(document: dict[str, Any]) -> None:
    with pytest.raises(JWKSError):
        JWKSet.from_dict(document)


def test_a_single_jwk_is_named_as_what_it_is() -> None:
    with pytest.raises(JWKSError, match="single JWK"):
        JWKSet.from_dict(A)


def test_nesting_of_fifty_levels_is_no_fault(json_reader: str) -> None:
    assert len(JWKSet.from_json(json.dumps({"keys": [A]})[:-1] + ', "x": ' + "[" * 49 + "]" * 49 + "}")) == 1


@pytest.mark.parametrize("value", [None, 1, [], bytearray(b"{}"), object()])
def test_other_python_types_are_wrong_use(value: Any) -> None:
    with pytest.raises(TypeError):
        JWKSet.from_json(value)
    with pytest.raises(TypeError):
        JWKSet.from_dict(value)


def test_a_set_is_not_made_without_a_document() -> None:
    with pytest.raises(TypeError, match="from_json"):
        JWKSet([A])


def test_documents_above_the_caps_are_refused() -> None:
    text = json.dumps({"keys": [A], "pad": ""})
    exact = text.replace('""', '"' + "x" * (1_048_576 - len(text)) + '"')
    assert len(exact) == 1_048_576
    assert len(JWKSet.from_json(exact)) == 1
    with pytest.raises(JWKSError, match="max_bytes"):
        JWKSet.from_json(exact + " ")
    with pytest.raises(JWKSError, match="max_bytes"):
        JWKSet.from_json("\u00e9" * 600_000)
    assert len(JWKSet.from_json(exact + " ", max_bytes=1_048_577)) == 1
    with pytest.raises(JWKSError, match="max_bytes"):
        JWKSet.from_json(text, max_bytes=len(text) - 1)

    nulls: dict[str, Any] = {"keys": [None] * 1024}
    assert len(JWKSet.from_dict(nulls).skipped) == 1024
    nulls["keys"].append(None)
    for load in (JWKSet.from_dict, lambda document, **caps: JWKSet.from_json(json.dumps(document), **caps)):
        with pytest.raises(JWKSError, match="1025 members"):
            load(nulls)
        assert len(load(nulls, max_keys=1025).skipped) == 1025


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"max_bytes": 0}, ValueError),
        ({"max_keys": -1}, ValueError),
        ({"max_keys": 1.5}, TypeError),
        ({"max_bytes": True}, TypeError),
        ({"allow_secret_members": 1}, TypeError),
        ({"min_bits": 1000}, ValueError),
        ({"max_bits": 20_000}, ValueError),
        ({"allow_roca": "yes"}, TypeError),
        ({"check_x5c": None}, TypeError),
        ({"min_bytes": 16}, TypeError),
        ({"unknown": 1}, TypeError),
    ],
)
def test_wrong_options_are_wrong_use(options: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        set_of(A, **options)
    with pytest.raises(kind):
        JWKSet.from_json('{"keys": []}', **options)
    with pytest.raises(kind):
        JWKSet.from_json("no JSON", **options)


def test_the_smallest_caps_let_the_smallest_sets_in() -> None:
    assert len(set_of(A, max_keys=1, max_bytes=1)) == 1
    with pytest.raises(JWKSError, match="2 members"):
        set_of(A, B, max_keys=1)
    with pytest.raises(JWKSError, match="max_bytes"):
        JWKSet.from_json("{}", max_bytes=1)
    with pytest.raises(JWKSError, match="not a key set"):
        JWKSet.from_json("{}", max_bytes=2)


# --- Members


@pytest.mark.parametrize(
    "member",
    [
        None,
        1,
        "RSA",
        [],
        {},
        EC_PUBLIC,
        {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43},
        {"kty": "unknown"},
        {"kty": ["RSA"]},
        {**B, "alg": "RS512"},
        {**B, "alg": "RSA-OAEP"},
        {**B, "use": "enc"},
        {**B, "key_ops": ["encrypt"]},
        {**B, "e": "AQ"},
        {**B, "n": 5},
        {**B, "kid": 5},
        {**B, "x5c": ["AAAA"]},
        {**B, "x5c": [_OF_A_VERSION_BEYOND_PRINTING]},
        public_jwk(key(0, 1024)),
        {**B, "n": base64url(numbers(key(1)).n * 3)},
    ],
    ids=lambda member: str(member)[:30],
)
def test_unusable_members_are_skipped_and_the_rest_lives(engine: str, member: Any) -> None:
    loaded = set_of(member, A)
    assert kids(loaded) == ["a"]
    assert [skipped.index for skipped in loaded.skipped] == [0]
    assert loaded.skipped[0].reason


def test_options_of_the_loaders_reach_the_members(engine: str) -> None:
    small = public_jwk(key(0, 1024), kid="small")
    assert kids(set_of(A, small, min_bits=1024)) == ["a", "small"]
    assert kids(set_of(A, public_jwk(key(0, 3072), kid="large"), max_bits=2048)) == ["a"]
    assert kids(set_of({**A, "x5c": []}, check_x5c=False)) == ["a"]


def test_kids_of_skipped_members_are_listed_as_they_are() -> None:
    loaded = set_of({**EC_PUBLIC, "kid": 7}, {**EC_PUBLIC, "kid": "x"}, None)
    assert [skipped.kid for skipped in loaded.skipped] == [None, "x", None]


# --- Published secrets

EC_PRIVATE = {**EC_PUBLIC, "d": "A" * 43}
OKP_PRIVATE = {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43, "d": "A" * 43}


@pytest.mark.parametrize(
    "secret",
    [
        SECRET,
        {"kty": "oct"},
        {"kty": "oct", "k": "AA", "alg": "HS512"},
        private_jwk(key(1)),
        {**public_jwk(key(1)), "d": "A"},
        {**public_jwk(key(1)), "p": base64url(numbers(key(1)).p)},
        {**public_jwk(key(1)), "d": None},
        {**private_jwk(key(1)), "use": "enc"},
        EC_PRIVATE,
        OKP_PRIVATE,
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA", "priv": "AA"},
        {"k": SECRET["k"]},
        *(
            {**{name: value for name, value in private_jwk(key(1)).items() if name != "kty"}, **kty}
            for kty in ({}, {"kty": "rsa"}, {"kty": "RSA "}, {"kty": None}, {"kty": ["RSA"]}, {"kty": "ec"})
        ),
        *({"n": "AA", name: "AA"} for name in ("d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv")),
        {**private_jwk(key(1)), "n": base64url(numbers(key(1)).n) + "=="},
    ],
    ids=lambda secret: f"{secret.get('kty')}-{len(secret)}",
)
def test_a_published_secret_makes_its_kid_unusable(secret: dict[str, Any]) -> None:
    members = [{**secret, "kid": "a"}, A, public_jwk(key(2), kid="b")]
    for order in (members, members[::-1]):
        loaded = set_of(*order)
        assert kids(loaded) == ["b"]
        assert loaded.candidates("a", "RS256") == loaded.candidates("a", "HS256") == ()
        assert kids(loaded.candidates(None, "RS256")) == ["b"]
        assert len(loaded.skipped) == 2
        assert all("publishes" in skipped.reason for skipped in loaded.skipped)


def test_a_published_private_key_makes_the_key_unusable_under_any_kid() -> None:
    loaded = set_of(A, private_jwk(key(0), kid="other"), B, {"kty": "RSA", "n": 5, "d": 5, "kid": "faulty"})
    assert kids(loaded) == ["b"]
    assert [skipped.index for skipped in loaded.skipped] == [0, 1, 3]


def standard_base64(number: int) -> str:
    return base64.b64encode(number.to_bytes(number.bit_length() // 8 + 1, "big")).decode()


@pytest.mark.parametrize(
    "spelling",
    [
        {"n": base64url(numbers(key(0)).n) + "=="},
        {"n": "\n".join(textwrap.wrap(base64url(numbers(key(0)).n), 64))},
        {"n": standard_base64(numbers(key(0)).n)},
        {"n": numbers(key(0)).n},
        {"n": None},
        {"n": "?"},
    ],
    ids=["padded", "wrapped", "standard", "number", "null", "nothing"],
)
@pytest.mark.parametrize("kty", ["RSA", "rsa", None])
def test_a_key_that_was_given_away_is_known_by_any_spelling(kty: object, spelling: dict[str, Any]) -> None:
    """By its modulus, or by its primes where that says nothing."""
    given_away = {**private_jwk(key(0), kid="other"), "kty": kty, **spelling}
    for members in ([A, given_away, B], [given_away, B, A]):
        assert kids(set_of(*members)) == ["b"]


def test_what_no_rsa_key_has_is_no_modulus_to_compare(engine: str) -> None:
    values: list[Any] = [-1, 1 << 20_000, "A" * 50_000, "AA", "A", True, {}]
    for value in values:
        assert kids(set_of({"d": "AA", "n": value, "p": value, "q": value}, A)) == ["a"]


def test_a_published_secret_without_kid_harms_no_other_kid() -> None:
    nameless = {name: value for name, value in SECRET.items() if name != "kid"}
    unnamed = public_jwk(key(2))
    assert kids(set_of(nameless, A, unnamed)) == ["a", None]


def test_skipped_members_that_are_no_secret_leave_their_kid_alone(engine: str) -> None:
    for harmless in (
        {**EC_PUBLIC, "kid": "a"},
        {**B, "kid": "a", "use": "enc"},
        {**B, "kid": "a", "e": "AQ"},
        {**B, "kid": "a", "k": "AAAA", "alg": "RS512"},
        {"kid": "a"},
    ):
        for members in ([harmless, A], [A, harmless]):
            loaded = set_of(*members)
            assert kids(loaded.candidates("a", "RS256")) == ["a"]
            assert loaded.candidates("a", "RS256")[0] == RSAPublicKey.from_jwk(A)


def test_an_unknown_member_k_is_no_secret_of_an_rsa_key() -> None:
    assert kids(set_of({**A, "k": "AAAA"})) == ["a"]


def test_secrets_are_left_out_by_default_and_used_on_demand_from_text_too() -> None:
    text = json.dumps({"keys": [SECRET, A]})
    assert kids(JWKSet.from_json(text)) == ["a"]
    assert kids(JWKSet.from_json(text, allow_secret_members=False)) == ["a"]
    assert kids(JWKSet.from_json(text, allow_secret_members=True)) == ["s", "a"]


def test_secret_members_count_in_a_set_that_the_caller_owns(engine: str) -> None:
    private = private_jwk(key(1), kid="p", alg="RS256", key_ops=["sign"])
    loaded = set_of(
        A, SECRET, private, {**SECRET, "kid": "short", "k": "AA"}, EC_PRIVATE, allow_secret_members=True
    )
    assert kids(loaded) == ["a", "s", "p"]
    assert [type(each) for each in loaded] == [RSAPublicKey, HMACKey, RSAPublicKey]
    assert kids(loaded.candidates("s", "HS256")) == ["s"]
    assert loaded.candidates("s", "RS256") == ()
    assert kids(loaded.candidates("p", "RS256")) == ["p"]
    assert [skipped.index for skipped in loaded.skipped] == [3, 4]
    for public in (loaded.to_dict(), json.loads(loaded.to_json())):
        assert [member["kid"] for member in public["keys"]] == ["a", "p"]
        assert not {"d", "k"} & {name for member in public["keys"] for name in member}


# --- Choosing


def test_a_kid_finds_exactly_its_keys(engine: str) -> None:
    unnamed = public_jwk(key(2))
    loaded = set_of(
        A, B, unnamed, {**B, "kid": "A"}, {**B, "kid": ""}, {**B, "kid": "\u00e4"}, {**B, "kid": "1"}
    )
    assert kids(loaded.candidates("a", "RS256")) == ["a"]
    assert kids(loaded.candidates("A", "RS256")) == ["A"]
    assert kids(loaded.candidates("", "RS256")) == [""]
    for unknown in ("c", "a ", " a", "a\0", "a\u0308", "A\u0308", "None", "01"):
        assert loaded.candidates(unknown, "RS256") == ()
    assert (
        loaded.candidates("a", "HS256") == loaded.candidates("a", "none") == loaded.candidates("a", "") == ()
    )


def test_without_a_kid_all_different_keys_of_the_algorithm_are_meant(engine: str) -> None:
    unnamed = public_jwk(key(2))
    assert kids(set_of(A, B, unnamed).candidates(None, "RS256")) == ["a", "b", None]
    assert kids(set_of(A).candidates(None, "RS256")) == ["a"]
    assert set_of(A).candidates(None, "HS256") == ()
    twice = set_of(A, {**A, "kid": "again"}, {name: value for name, value in A.items() if name != "kid"})
    assert len(twice) == 3
    assert kids(twice.candidates(None, "RS256")) == ["a"]


def test_one_kid_on_two_keys_means_both_in_order(engine: str) -> None:
    loaded = set_of({**A, "kid": "x"}, {**B, "kid": "x"})
    assert loaded.candidates("x", "RS256") == (RSAPublicKey.from_jwk(A), RSAPublicKey.from_jwk(B))


def test_the_same_key_twice_counts_once(engine: str) -> None:
    loaded = set_of(
        A, {**A, "alg": "RS256"}, {**A, "n": base64url(b"\0" + numbers(key()).n.to_bytes(256, "big"))}
    )
    assert len(loaded) == 1
    assert len(loaded.candidates("a", "RS256")) == 1
    assert loaded.skipped == ()


def test_the_same_modulus_with_another_exponent_is_another_key() -> None:
    loaded = set_of(A, {**A, "e": "Aw"})
    assert len(loaded.candidates("a", "RS256")) == 2


# --- Making and moving sets


def test_a_set_is_made_of_public_keys_and_published(engine: str) -> None:
    keys = [RSAPublicKey.from_jwk(A), RSAPublicKey.from_jwk(B)]
    made = JWKSet.from_keys(iter(keys))
    assert made.keys == tuple(keys)
    assert made.to_dict() == {"keys": [each.to_jwk() for each in keys]}
    assert JWKSet.from_json(made.to_json()).keys == made.keys
    with pytest.raises(TypeError, match=r"private\.public_key\(\)"):
        JWKSet.from_keys([RSAPrivateKey.from_jwk(private_jwk(key()))])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="HMACKey"):
        JWKSet.from_keys([HMACKey.from_jwk(SECRET)])  # type: ignore[list-item]


def test_a_set_is_immutable_and_can_be_copied() -> None:
    loaded = set_of(A, EC_PUBLIC)
    for change in (
        lambda: setattr(loaded, "generation", 1),
        lambda: setattr(loaded, "_keys", ()),
        lambda: delattr(loaded, "_keys"),
        lambda: setattr(loaded, "keys", ()),
    ):
        with pytest.raises(AttributeError):
            change()
    assert copy.copy(loaded) is copy.deepcopy(loaded) is loaded
    moved = pickle.loads(pickle.dumps(loaded))
    assert moved.keys == loaded.keys
    assert kids(moved.candidates("a", "RS256")) == ["a"]
    assert moved.skipped == loaded.skipped
    assert repr(loaded) == "<JWKSet of 1 keys, 1 members skipped>"
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(set_of(SECRET, allow_secret_members=True))


def test_the_members_given_are_not_kept() -> None:
    document = {"keys": [dict(A)]}
    loaded = JWKSet.from_dict(document)
    document["keys"][0]["n"] = "AAAA"
    document["keys"].clear()
    assert loaded.keys == (RSAPublicKey.from_jwk(A),)


# --- Cost


def test_a_hundred_members_load_in_a_fraction_of_a_second() -> None:
    """About 1.5 ms each on the native engine, nearly all of it for seeing that the modulus is no prime."""
    if "openssl" not in engines.available():
        pytest.skip("the openssl engine cannot run here")
    primes = [prime(1024, seed) for seed in range(15)]
    moduli = [p * q for p in primes for q in primes if p < q][:100]
    text = json.dumps(
        {"keys": [{"kty": "RSA", "e": "AQAB", "n": base64url(n), "kid": str(n % 1000003)} for n in moduli]}
    )
    with engines.use("openssl"):
        started = time.perf_counter()
        assert len(JWKSet.from_json(text)) == 100
        assert time.perf_counter() - started < 1


def test_a_key_that_comes_again_is_not_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr("fastjwt.keys.check_public", lambda numbers, limits, tester: calls.append(numbers))
    assert len(set_of(*({**A, "kid": str(number)} for number in range(1000)))) == 1000
    assert len(calls) == 1


def odd_moduli(bits: int, count: int) -> list[dict[str, Any]]:
    """Return members with moduli of this size that nobody has checked."""
    return [
        {"kty": "RSA", "e": "AQAB", "n": base64url((1 << (bits - 1)) + 2 * number + 1)}
        for number in range(count)
    ]


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastjwt.keys.check_public", lambda numbers, limits, tester: None)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("bits", "count", "options"),
    [
        (2048, 1024, {}),
        (3072, 1024, {}),
        (4096, 1024, {}),
        (4096, 1024, {"max_keys": 1024}),
        (4096, 3000, {"max_keys": 3000}),
        (8192, 128, {}),
        (8192, 128, {"max_keys": 200}),
        (8192, 250, {"max_keys": 2000}),
    ],
)
def test_sets_within_their_limits_load_whole(bits: int, count: int, options: dict[str, int]) -> None:
    """As many members of 4096 bits as max_keys allows, or the like of it in work."""
    loaded = set_of(*odd_moduli(bits, count), **options)
    assert len(loaded) == count
    assert not loaded.skipped


@pytest.mark.usefixtures("unchecked")
def test_a_set_of_many_huge_keys_is_cut_off_and_says_so() -> None:
    """1 MiB of 8192-bit moduli would take a minute; the work for one set is bounded."""
    loaded = set_of(A, *odd_moduli(8192, 200), *odd_moduli(2048, 10))
    assert len(loaded) == 1 + 127 + 10  # what is small still fits in
    assert len(loaded.skipped) == 73
    for skipped in loaded.skipped:
        assert "8192 bits was not checked" in skipped.reason
        assert "more work than 1024 keys of 4096 bits" in skipped.reason
        assert "max_keys" in skipped.reason


def test_private_members_count_towards_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "_MAX_KEYS", 1)
    monkeypatch.setattr(jwks, "_WORK_UNIT_BITS", 2500)
    members = [private_jwk(key(number), kid=str(number)) for number in range(3)]
    loaded = JWKSet.from_dict({"keys": members[:1]}, allow_secret_members=True, max_keys=1)
    assert kids(loaded) == ["0"]
    loaded = JWKSet.from_dict({"keys": members}, allow_secret_members=True, max_keys=3)
    assert kids(loaded) == ["0", "1", "2"]
    monkeypatch.setattr(jwks, "_WORK_UNIT_BITS", 2048)
    loaded = set_of(*members, {"kty": "RSA", "d": "AA"}, allow_secret_members=True, max_keys=4)
    assert kids(loaded) == ["0", "1", "2"]
    monkeypatch.setattr(jwks, "_WORK_UNIT_BITS", 1500)
    loaded = set_of(*members, {"kty": "RSA", "d": "AA"}, allow_secret_members=True, max_keys=4)
    assert kids(loaded) == ["0"]


# --- Whatever there may be

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.just("AQAB")
    | st.sampled_from(["RSA", "oct", "EC"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kty", "n", "e", "d", "k", "kid", "use", "alg", "keys"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    document=st.dictionaries(st.sampled_from(["keys", "kty", "x"]), values, max_size=3),
    members=st.lists(values, max_size=4),
)
def test_any_document_is_read_or_refused(document: dict[str, Any], members: list[Any]) -> None:
    assert kids(set_of(*members, A))[-1:] in (["a"], [])
    try:
        JWKSet.from_dict(document)
        JWKSet.from_json(json.dumps(document))
    except JWKSError:
        pass


@settings(deadline=None)
@given(st.data())
def test_any_mutation_of_a_text_is_read_or_refused(data: st.DataObject) -> None:
    text = bytearray(json.dumps({"keys": [A, SECRET, EC_PUBLIC]}).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(text) - 1))
        text[position : position + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    try:
        loaded = JWKSet.from_json(bytes(text), allow_secret_members=data.draw(st.booleans()))
    except JWKSError:
        return
    assert len(loaded) + len(loaded.skipped) <= 4


# --- Public vectors


def test_rfc_7517_set(engine: str, json_reader: str, vectors: Path) -> None:
    """RFC 7517 appendix A.1: an EC and an RSA key in one set."""
    case = json.loads((vectors / "rfc" / "rfc7638_rfc7517.json").read_text())
    for loaded in (JWKSet.from_dict(case["jwks"]), JWKSet.from_json(json.dumps(case["jwks"]))):
        assert kids(loaded) == case["expect"]["usable_rs256_kids"]
        assert [skipped.index for skipped in loaded.skipped] == [0]


def test_foreign_curves_are_named(engine: str) -> None:
    numbers_ = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    member = {"kty": "EC", "crv": "P-256", "x": base64url(numbers_.x), "y": base64url(numbers_.y)}
    (skipped,) = set_of(member).skipped
    assert "'EC'" in skipped.reason


def test_helpers_agree_with_the_library() -> None:
    """The material of these tests is made without the code under test."""
    its = private_numbers(prime(1024, 1), prime(1024, 2))
    assert RSAPrivateKey.from_jwk(private_jwk(its)).public_key().n == its.n
