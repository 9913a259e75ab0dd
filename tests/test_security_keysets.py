"""security.md 2G: which key of a set a token may mean, as a verifier sees it."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
import tokens
from tokens import (
    HS256,
    LATER,
    NOW,
    OTHER_SECRET,
    RS256,
    SECRET,
    private_jwk,
    public,
    public_jwk,
    rsa_key,
    secret_jwk,
    token,
    uint,
)
from verdicts import Judge, judge

import fastjwt
from fastjwt import (
    DecodeError,
    InvalidAlgorithmError,
    InvalidSignatureError,
    JWKSError,
    JWKSet,
    KeyNotFoundError,
    Verifier,
)

pytestmark = pytest.mark.usefixtures("engine")


def set_of(*members: Any, **options: Any) -> JWKSet:
    """Return the set of these members, after seeing that it is the same from text."""
    document = {"keys": list(members)}
    keys = JWKSet.from_dict(document, **options)
    text = json.dumps(document)
    if re.search("[0-9]{309}", text):
        return keys  # beyond a double: as text this is no JSON for us
    if (
        fastjwt.engine().name == fastjwt.engine().available[0]
    ):  # how a set is read does not depend on the engine
        for spelling in (text, text.encode()):
            again = JWKSet.from_json(spelling, **options)
            assert again.keys == keys.keys
            assert [key.kid for key in again.keys] == [key.kid for key in keys.keys]
            assert again.skipped == keys.skipped
    return keys


def named(kid: str | None, key: Any = None, header: Any = None) -> str:
    """Return a token of this key, by default the main one, that names this kid."""
    header = {**(RS256 if header is None else header)}
    if kid is not None:
        header["kid"] = kid
    return token(header, {"exp": LATER, "sub": "alice"}, key)


def judge_set(keys: JWKSet, honest_kid: str | None = "good", **options: Any) -> Judge:
    return judge(keys, named(honest_kid), **options)


GOOD = public_jwk(kid="good")
EC = {
    "kty": "EC",
    "crv": "P-256",
    "kid": "bad",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
}  # RFC 7517 appendix A.1


# --- Members that are not usable -----------------------------------------------------------------------------------


def unusable() -> dict[str, Any]:
    """Return members that must be skipped, each with the kid `bad` where it can have one."""
    bad = public_jwk(rsa_key("other"), kid="bad")
    numbers = rsa_key("other").private_numbers().public_numbers
    short = rsa_key("short", 1024)

    def without(name: str) -> dict[str, Any]:
        return {key: value for key, value in bad.items() if key != name}

    return {
        "null": None,
        "number": 5,
        "string": "bad",
        "true": True,
        "list": [],
        "list of a member": [bad],
        "empty object": {},
        "a set in a set": {"keys": [bad]},
        "no kty": without("kty"),
        "kty unknown": {**bad, "kty": "RSA2"},
        "kty in lower case": {**bad, "kty": "rsa"},
        "kty with a space": {**bad, "kty": "RSA "},
        "kty null": {**bad, "kty": None},
        "kty a list": {**bad, "kty": ["RSA"]},
        "kty EC with RSA numbers": {**bad, "kty": "EC"},
        "EC": EC,
        "EC of an unknown curve": {**EC, "crv": "P-999"},
        "OKP": {
            "kty": "OKP",
            "crv": "Ed25519",
            "kid": "bad",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        },
        "alg RS384": {**bad, "alg": "RS384"},
        "alg RS512": {**bad, "alg": "RS512"},
        "alg PS256": {**bad, "alg": "PS256"},
        "alg RSA-OAEP": {**bad, "alg": "RSA-OAEP"},
        "alg none": {**bad, "alg": "none"},
        "alg HS256": {**bad, "alg": "HS256"},
        "alg rs256": {**bad, "alg": "rs256"},
        "alg empty": {**bad, "alg": ""},
        "alg a number": {**bad, "alg": 256},
        "alg a list": {**bad, "alg": ["RS256"]},
        "use enc": {**bad, "use": "enc"},
        "use SIG": {**bad, "use": "SIG"},
        "use empty": {**bad, "use": ""},
        "use null": {**bad, "use": None},
        "use a list": {**bad, "use": ["sig"]},
        "key_ops empty": {**bad, "key_ops": []},
        "key_ops encrypt": {**bad, "key_ops": ["encrypt"]},
        "key_ops sign alone": {**bad, "key_ops": ["sign"]},
        "key_ops twice": {**bad, "key_ops": ["verify", "verify"]},
        "key_ops a string": {**bad, "key_ops": "verify"},
        "key_ops against use": {**bad, "use": "sig", "key_ops": ["verify", "encrypt"]},
        "key_ops of a number": {**bad, "key_ops": ["verify", 5]},
        "key_ops null": {**bad, "key_ops": None},
        "no n": without("n"),
        "no e": without("e"),
        "n null": {**bad, "n": None},
        "n a number": {**bad, "n": numbers.n},
        "n empty": {**bad, "n": ""},
        "n padded": {**bad, "n": bad["n"] + "=="},
        "n of the standard alphabet": {**bad, "n": "+/" + bad["n"][2:]},
        "n with a line end": {**bad, "n": bad["n"] + "\n"},
        "n with other trailing bits": {**bad, "n": _other_ending(bad["n"])},
        "n even": {**bad, "n": uint(numbers.n + 1)},
        "n too short": {**public_jwk(short), "kid": "bad"},
        "n of 2047 bits": {**bad, "n": uint((1 << 2046) + (numbers.n >> 3) * 2 + 1)},
        "n too long": {**bad, "n": uint((1 << 8192) + 2**9 + 1)},
        "n a square": {**bad, "n": uint(_square())},
        "n with a small factor": {**bad, "n": uint(_multiple_of_three())},
        "e even": {**bad, "e": uint(65536)},
        "e one": {**bad, "e": uint(1)},
        "e zero": {**bad, "e": uint(0)},
        "e too large": {**bad, "e": uint(2**33 + 1)},
        "e a number": {**bad, "e": 65537},
        "kid a number": {**bad, "kid": 5},
        "kid null": {**bad, "kid": None},
        "kid a list": {**bad, "kid": ["bad"]},
        "x5c that is no certificate": {**bad, "x5c": ["AAAA"]},
        "x5c empty": {**bad, "x5c": []},
        "x5c a string": {**bad, "x5c": "AAAA"},
    }


def _other_ending(text: str) -> str:
    return text[:-1] + chr(tokens.ALPHABET[tokens.ALPHABET.index(text[-1].encode()) + 1])


def _square() -> int:
    p = rsa_key("other").private_numbers().p
    return p * p if (p * p).bit_length() == 2048 else (p | 3 << 1022) ** 2


def _multiple_of_three() -> int:
    start = (1 << 2047) + 12345
    return start + (-start % 3) + (0 if (start + (-start % 3)) % 2 else 3)


@pytest.mark.parametrize("fault", unusable().keys())
def test_a_member_that_cannot_be_used_is_skipped_with_its_reason_and_the_rest_lives(fault):
    for members, place in (([unusable()[fault], GOOD], 0), ([GOOD, unusable()[fault]], 1)):
        keys = set_of(*members)
        assert [key.kid for key in keys.keys] == ["good"]
        assert [skipped.index for skipped in keys.skipped] == [place]
        assert keys.skipped[0].reason
        asked = judge_set(keys)
        asked.accepts(named("good"))
        asked.accepts(named(None))
        asked.refuses(named("bad", rsa_key("other")), KeyNotFoundError, "key")
        asked.refuses(named("bad"), KeyNotFoundError, "key")


def test_all_of_them_together_harm_nobody_either():
    faults = unusable()
    del faults["n a number"]  # in text it is beyond a double, so the document itself is no JSON for us
    members = [*faults.values(), GOOD]
    keys = JWKSet.from_json(json.dumps({"keys": members}))
    assert len(keys.skipped) == len(members) - 1
    judge_set(keys).accepts(named("good"))


def test_a_set_without_a_usable_member_finds_no_key_for_any_token():
    """`KeyNotFoundError`, and nothing is raised when the verifier is made."""
    for keys in (set_of(), set_of(EC), set_of(None), set_of(*unusable().values())):
        verifier = Verifier(keys)
        for bad in (named("good"), named(None), named("bad"), named(None, SECRET, HS256)):
            with pytest.raises(KeyNotFoundError):
                verifier.verify(bad, now=NOW)
            assert type(verifier.verify_batch([bad], now=NOW).errors[0]) is KeyNotFoundError
        with pytest.raises(InvalidAlgorithmError):
            verifier.verify(token({"alg": "none"}), now=NOW)
        with pytest.raises(DecodeError):
            verifier.verify("a.b.c", now=NOW)


@pytest.mark.parametrize(
    "members",
    [
        {"alg": "RS256", "use": "sig", "key_ops": ["verify"]},
        {"alg": None},
        {"key_ops": ["sign", "verify"]},
        {"key_ops": ["verify", "encrypt"]},
        {"ext": True, "x5t": "AAAA", "x5t#S256": 5, "k": "AAAA", "unknown": [{}], "": None},
        {"x5u": "https://thief.example/"},
    ],
    ids=repr,
)
def test_members_that_say_nothing_against_it_leave_a_key_usable(members):
    keys = set_of({**public_jwk(kid="good"), **members})
    assert not keys.skipped
    judge_set(keys).accepts(named("good"))


def test_leading_zeros_of_n_and_e_are_the_same_key():
    numbers = rsa_key().private_numbers().public_numbers
    n = tokens.b64u(b"\x00\x00" + numbers.n.to_bytes(256, "big"))
    keys = set_of({"kty": "RSA", "kid": "good", "n": n, "e": tokens.b64u(b"\x00\x01\x00\x01")}, GOOD)
    assert len(keys.keys) == 1
    judge_set(keys).accepts(named("good"))


# --- Secrets -------------------------------------------------------------------------------------------------------


def secrets_in_a_set() -> dict[str, Any]:
    private = private_jwk(rsa_key("other"), kid="leaked")
    return {
        "private RSA": private,
        "private RSA, d alone": {**public_jwk(rsa_key("other"), kid="leaked"), "d": private["d"]},
        "private RSA, a part of it": {**public_jwk(rsa_key("other"), kid="leaked"), "p": private["p"]},
        "private RSA, d of nonsense": {**public_jwk(rsa_key("other"), kid="leaked"), "d": 5},
        "private RSA, faulty": {**private, "n": "AAAA"},
        "private RSA, use enc": {**private, "use": "enc"},
        "symmetric": secret_jwk(kid="leaked"),
        "symmetric, alg HS256": secret_jwk(kid="leaked", alg="HS256"),
        "symmetric, alg A256GCM": secret_jwk(kid="leaked", alg="A256GCM"),
        "symmetric, short": secret_jwk(b"short", kid="leaked"),
        "symmetric, empty": {"kty": "oct", "kid": "leaked"},
        "private EC": {**EC, "kid": "leaked", "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"},
    }


@pytest.mark.parametrize("secret", secrets_in_a_set().keys())
def test_the_kid_of_a_published_secret_is_unusable_for_every_member(secret):
    """Who reads it can sign, whatever else bears its kid, before it or behind it."""
    leaked = secrets_in_a_set()[secret]
    innocent = public_jwk(rsa_key("third"), kid="leaked")
    for members in ([leaked, GOOD], [GOOD, leaked], [leaked, innocent, GOOD], [innocent, GOOD, leaked]):
        keys = set_of(*members)
        assert [key.kid for key in keys.keys] == ["good"]
        assert len(keys.skipped) == len(members) - 1
        assert all(skipped.kid == "leaked" and skipped.reason for skipped in keys.skipped)
        asked = judge_set(keys)
        for key in (rsa_key("other"), rsa_key("third"), rsa_key()):
            asked.refuses(named("leaked", key), KeyNotFoundError, "key")
        with pytest.raises((KeyNotFoundError, InvalidAlgorithmError)):
            asked.verifier.verify(named("leaked", SECRET, HS256), now=NOW)
        asked.accepts(named("good"))
        asked.accepts(named(None))


def test_the_reasons_show_nothing_of_a_secret():
    for leaked in secrets_in_a_set().values():
        keys = set_of(leaked, GOOD)
        text = repr(keys) + repr(keys.skipped)
        for name in ("d", "p", "q", "dp", "dq", "qi", "k"):
            value = leaked.get(name)
            if isinstance(value, str):
                assert value not in text


def test_allow_secret_members_is_for_sets_that_you_own():
    keys = set_of(
        private_jwk(kid="good"),
        secret_jwk(kid="shared"),
        public_jwk(rsa_key("other"), kid="p"),
        allow_secret_members=True,
    )
    assert not keys.skipped
    asked = judge_set(keys)
    asked.accepts(named("shared", SECRET, HS256))
    asked.accepts(named("p", rsa_key("other")))
    asked.refuses(named("shared", OTHER_SECRET, HS256), InvalidSignatureError, "signature")
    asked.refuses(named("good", SECRET, HS256), InvalidAlgorithmError, "algorithm")
    asked.refuses(named("shared"), InvalidAlgorithmError, "algorithm")
    faulty = set_of(
        secret_jwk(b"short", kid="s"), {**private_jwk(kid="t"), "d": "AQ"}, GOOD, allow_secret_members=True
    )
    assert len(faulty.skipped) == 2
    for wrong in (None, 1, "yes"):
        with pytest.raises((TypeError, ValueError)):
            set_of(GOOD, allow_secret_members=wrong)


# --- One kid on several members ------------------------------------------------------------------------------------


def two_keys_of_one_kid() -> list[Any]:
    return [public_jwk(kid="k"), public_jwk(rsa_key("other"), kid="k"), public_jwk(rsa_key("third"), kid="c")]


def test_a_kid_on_two_different_keys_means_neither():
    asked = judge(set_of(*two_keys_of_one_kid()), named("c", rsa_key("third")))
    for key in (rsa_key(), rsa_key("other")):
        asked.refuses(named("k", key), KeyNotFoundError, "key")


def test_max_candidates_tries_them_in_order():
    asked = judge(set_of(*two_keys_of_one_kid()), named("c", rsa_key("third")), max_candidates=2)
    for key in (rsa_key(), rsa_key("other")):
        asked.accepts(named("k", key))
        assert asked.verifier.verify_complete(named("k", key), now=NOW).key == public(key)
    asked.refuses(named("k", rsa_key("third")), InvalidSignatureError, "signature")


@pytest.mark.parametrize("count", [2, 3, 8])
def test_more_keys_than_max_candidates_mean_none(count):
    privates = [rsa_key(f"candidate {number}") for number in range(count)]
    keys = set_of(*[public_jwk(key, kid="k") for key in privates], public_jwk(kid="good"))
    for key in privates:
        judge_set(keys, max_candidates=count).accepts(named("k", key))
        judge_set(keys, max_candidates=count - 1).refuses(named("k", key), KeyNotFoundError, "key")


def test_candidates_of_many_tokens_are_kept_apart_in_one_batch():
    privates = [rsa_key(f"candidate {number}") for number in range(3)]
    keys = set_of(*[public_jwk(key, kid="k") for key in privates], public_jwk(kid="good"))
    verifier = Verifier(keys, max_candidates=3)
    crowd, expected = [], []
    for number in range(60):
        key = [*privates, rsa_key()][number % 4]
        crowd += [named("k", key), named("good", key)]
        expected += [number % 4 < 3, number % 4 == 3]
    for threads in (1, 2):
        assert list(verifier.verify_batch(crowd, now=NOW, threads=threads).ok) == expected


@pytest.mark.parametrize("wrong", [0, -1, 9, 100, None, "2", 2.0, True])
def test_max_candidates_is_1_to_8(wrong):
    with pytest.raises((TypeError, ValueError)):
        Verifier(set_of(GOOD), max_candidates=wrong)


def test_the_same_key_twice_counts_once():
    keys = set_of(
        public_jwk(kid="good"), public_jwk(kid="good", alg="RS256", use="sig"), public_jwk(kid="good", x=1)
    )
    asked = judge_set(keys)
    asked.accepts(named("good"))
    asked.accepts(named(None))
    asked = judge([public(), public(), fastjwt.RSAPublicKey.from_jwk(public_jwk())])
    asked.accepts(token())


def test_the_same_key_under_two_kids_is_found_by_each():
    asked = judge_set(set_of(public_jwk(kid="good"), public_jwk(kid="also")))
    asked.accepts(named("also"))
    asked.refuses(named("third"), KeyNotFoundError, "key")


@pytest.mark.parametrize(
    "neighbour",
    [
        "EC",
        "OKP",
        "use enc",
        "alg RS512",
        "n too short",
        "e even",
        "n padded",
        "x5c that is no certificate",
        "key_ops empty",
    ],
)
def test_beside_a_skipped_member_of_its_kid_that_is_no_secret_the_usable_key_serves(neighbour):
    """One kid for the EC and the RSA key of a provider, or for its keys to sign and to encrypt."""
    other = unusable()[neighbour]
    for members in ([other, public_jwk(kid="bad")], [public_jwk(kid="bad"), other]):
        keys = set_of(*members)
        assert len(keys.skipped) == 1
        judge_set(keys, "bad").accepts(named("bad"))


# --- No kid --------------------------------------------------------------------------------------------------------


def test_a_token_without_kid_is_accepted_where_exactly_one_key_fits():
    other = public_jwk(rsa_key("other"), kid="other")
    judge_set(set_of(GOOD, EC)).accepts(named(None))
    judge_set(set_of(public_jwk()), None).accepts(named(None))
    for members in ([GOOD, other], [public_jwk(), other], [public_jwk(), public_jwk(rsa_key("other"))]):
        verifier = Verifier(set_of(*members))
        for key in (rsa_key(), rsa_key("other")):
            with pytest.raises(KeyNotFoundError):
                verifier.verify(named(None, key), now=NOW)
    asked = judge_set(set_of(GOOD, other))
    asked.refuses(named(None), KeyNotFoundError, "key")
    asked = judge_set(set_of(GOOD, other), max_candidates=2)
    asked.accepts(named(None))
    asked.accepts(named(None, rsa_key("other")))
    asked.refuses(named(None, rsa_key("third")), InvalidSignatureError, "signature")


def test_only_keys_that_fit_the_tokens_alg_are_counted():
    keys = set_of(GOOD, secret_jwk(kid="shared"), allow_secret_members=True)
    asked = judge_set(keys)
    asked.accepts(named(None))
    asked.accepts(named(None, SECRET, HS256))


def of_list(*members: tuple[str, str | None]) -> list[fastjwt.RSAPublicKey]:
    """Return keys by name (the main one's is empty), each under the kid beside it."""
    return [
        fastjwt.RSAPublicKey.from_jwk(
            public_jwk(rsa_key(name) if name else None, **({} if kid is None else {"kid": kid}))
        )
        for name, kid in members
    ]


def test_in_a_list_keys_without_kid_fit_any_token_after_those_that_carry_its_kid():
    keys = of_list(("third", None), ("other", "k"), ("", "c"))
    by_kid, without, unnamed = named("k", rsa_key("other")), named("k", rsa_key("third")), named("k")
    asked = judge(keys, by_kid, max_candidates=2)
    asked.accepts(by_kid)
    asked.accepts(without)
    asked.refuses(unnamed, fastjwt.InvalidSignatureError, "signature")
    assert asked.verifier.verify_complete(by_kid, now=NOW).key == keys[1]
    assert asked.verifier.verify_complete(without, now=NOW).key == keys[0]


def test_keys_without_kid_make_no_choice_ambiguous():
    """Where one key may be tried, that of the token's kid is, alone; where two may, not a third."""
    keys = of_list(("third", None), ("other", "k"), ("", None))
    asked = judge(keys, named("k", rsa_key("other")))
    asked.accepts(named("k", rsa_key("other")))
    asked.refuses(named("k", rsa_key("third")), fastjwt.InvalidSignatureError, "signature")
    asked.refuses(named("unknown", rsa_key("third")), KeyNotFoundError, "key")
    asked = judge(keys, named("k", rsa_key("other")), max_candidates=2)
    asked.accepts(named("k", rsa_key("third")))
    asked.refuses(named("k"), fastjwt.InvalidSignatureError, "signature")
    asked.accepts(named("unknown"))
    judge(keys, named("k", rsa_key("other")), max_candidates=3).accepts(named("k"))


def test_a_key_without_kid_is_still_taken_where_no_key_carries_the_tokens():
    keys = of_list(("third", None), ("other", "k"))
    asked = judge(keys, named("unknown", rsa_key("third")))
    asked.accepts(named("unknown", rsa_key("third")))
    asked.refuses(named("unknown", rsa_key("other")), fastjwt.InvalidSignatureError, "signature")
    judge(of_list(("other", "k")), named("k", rsa_key("other"))).refuses(
        named("unknown", rsa_key("other")), KeyNotFoundError, "key"
    )


def test_the_same_key_with_and_without_kid_is_tried_once():
    keys = of_list(("other", None), ("other", "k"), ("third", None))
    asked = judge(keys, named("k", rsa_key("other")), max_candidates=2)
    asked.accepts(named("k", rsa_key("third")))


# --- Which kid is which --------------------------------------------------------------------------------------------

DIFFERENT_KIDS = [
    ("key", "KEY"),
    ("key", "Key"),
    ("key", "key "),
    ("key", " key"),
    ("key", "ke"),
    ("key", "keyy"),
    ("key", ""),
    ("", " "),
    ("key", "key\x00"),
    ("key", "\ufeffkey"),
    ("key", "k\u0435y"),
    ("\u00e9", "e\u0301"),
    ("e\u0301", "\u00e9"),
    ("\u212b", "\u00c5"),
    ("ss", "\u00df"),
    ("1", "01"),
    ("1", "1.0"),
    ("a/b", "a%2Fb"),
    ("*", "key"),
    ("key", "*"),
    ("key", "../key"),
    ("key", "' OR '1'='1"),
]


@pytest.mark.parametrize(("mine", "theirs"), DIFFERENT_KIDS, ids=ascii)
def test_an_unknown_kid_finds_no_key_though_it_looks_alike(mine, theirs):
    """Equal only by case, type or normalisation is not equal, and there is no falling back to the only key."""
    for keys in (
        set_of(public_jwk(kid=mine)),
        set_of(public_jwk(kid=mine), public_jwk(rsa_key("other"), kid="other")),
        [fastjwt.RSAPublicKey.from_jwk(public_jwk(kid=mine))],
    ):
        asked = judge(keys, named(mine))
        asked.refuses(named(theirs), KeyNotFoundError, "key")


@pytest.mark.parametrize("kid", [5, 5.0, True, None, ["5"], {"5": 5}], ids=repr)
def test_a_kid_of_another_type_is_a_decode_error_and_never_a_key(kid):
    asked = judge(set_of(public_jwk(kid="5"), public_jwk(rsa_key("other"), kid="true")), named("5"))
    asked.refuses(token({**RS256, "kid": kid}), DecodeError, "header")


def test_a_kid_that_names_something_of_python_finds_no_key():
    asked = judge_set(set_of(GOOD))
    for kid in ("__class__", "__len__", "keys", "None", "good.__class__", "0", "-1"):
        asked.refuses(named(kid), KeyNotFoundError, "key")


def test_members_of_a_set_without_kid_are_not_meant_by_a_token_that_names_one():
    asked = judge_set(set_of(public_jwk()), None)
    for kid in ("any", "", tokens.uint(5), public().thumbprint()):
        asked.refuses(named(kid), KeyNotFoundError, "key")


def test_the_kid_is_not_compared_where_one_key_is_given_directly():
    for key in (public(), fastjwt.RSAPublicKey.from_jwk(public_jwk(kid="mine"))):
        asked = judge(key)
        for kid in ("mine", "theirs", "", "\u00e9"):
            asked.accepts(named(kid))


def test_in_a_list_keys_without_kid_fit_any_token():
    asked = judge([public()])
    asked.accepts(named("any"))
    asked = judge(
        [public(), fastjwt.RSAPublicKey.from_jwk(public_jwk(rsa_key("other"), kid="mine"))], named("any")
    )
    asked.accepts(named("mine", rsa_key("other")))
    with pytest.raises(KeyNotFoundError):
        Verifier([public(), public(rsa_key("other"))]).verify(named("any"), now=NOW)
    asked = judge([public(), public(rsa_key("other"))], named("any"), max_candidates=2)
    asked.accepts(named("any", rsa_key("other")))


@pytest.mark.parametrize("keys", [[], ()], ids=repr)
def test_an_empty_list_of_keys_is_a_value_error(keys):
    """It is a mistake of the operator, while an empty set may be a document of today."""
    with pytest.raises(ValueError):  # noqa: PT011 - the words are ours to choose
        Verifier(keys)


@pytest.mark.parametrize(
    "keys", [None, 5, "key", b"key", {"keys": [GOOD]}, {}, GOOD, object(), [None], ["key"], [[]]], ids=repr
)
def test_what_is_no_key_is_a_type_error(keys):
    with pytest.raises(TypeError):
        Verifier(keys)


def test_a_private_key_is_not_taken_to_verify_with():
    keys: list[Any] = [tokens.fast_private(), [tokens.fast_private()], [public(), tokens.fast_private()]]
    for wrong in keys:
        with pytest.raises(TypeError):
            Verifier(wrong)


# --- Documents -----------------------------------------------------------------------------------------------------

GOOD_TEXT = json.dumps({"keys": [GOOD]})

BAD_DOCUMENTS: dict[str, str | bytes] = {
    "empty": "",
    "white space": " \n",
    "null": "null",
    "number": "5",
    "string": '"keys"',
    "list of members": json.dumps([GOOD]),
    "empty list": "[]",
    "empty object": "{}",
    "single JWK": json.dumps(GOOD),
    "keys null": '{"keys":null}',
    "keys an object": json.dumps({"keys": {"good": GOOD}}),
    "keys a string": '{"keys":"[]"}',
    "keys a number": '{"keys":1}',
    "Keys": json.dumps({"Keys": [GOOD]}),
    "jwks": json.dumps({"jwks": {"keys": [GOOD]}}),
    "keys twice": GOOD_TEXT[:-1] + ',"keys":[]}',
    "keys twice, by an escape": GOOD_TEXT[:-1] + ',"k\\u0065ys":[]}',
    "a member's name twice": GOOD_TEXT.replace('"kid"', '"kid":"x","kid"'),
    "HTML": "<!DOCTYPE html><html><body>503</body></html>",
    "error object": '{"error":"not found"}',
    "byte order mark": b"\xef\xbb\xbf" + GOOD_TEXT.encode(),
    "byte order mark in str": "\ufeff" + GOOD_TEXT,
    "UTF-16": GOOD_TEXT.encode("utf-16"),
    "Latin-1": GOOD_TEXT.replace("good", "\u00e9").encode("latin-1").replace(b"\\u00e9", b"\xe9"),
    "cut short": GOOD_TEXT[:-2],
    "trailing octets": GOOD_TEXT + "x",
    "two documents": GOOD_TEXT * 2,
    "JSONP": f"callback({GOOD_TEXT})",
    "deep": '{"keys":[' + "[" * 63 + "]" * 63 + "]}",
    "very deep": '{"keys":' + "[" * 100_000,
    "NaN": '{"keys":[],"x":NaN}',
    "PEM": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    "NUL": "\x00",
}


@pytest.mark.parametrize("document", BAD_DOCUMENTS.values(), ids=BAD_DOCUMENTS.keys())
def test_a_document_that_is_no_key_set_is_a_jwks_error(document):
    with pytest.raises(JWKSError):
        JWKSet.from_json(document)
    if isinstance(document, str) and document.isascii():
        with pytest.raises(JWKSError):
            JWKSet.from_json(document.encode())


@pytest.mark.parametrize(
    "document", [{}, {"keys": None}, {"keys": {}}, {"keys": "[]"}, {"Keys": []}, GOOD], ids=repr
)
def test_a_dict_that_is_no_key_set_is_a_jwks_error(document):
    with pytest.raises(JWKSError):
        JWKSet.from_dict(document)


@pytest.mark.parametrize("document", [None, 5, [GOOD], bytearray(b"{}"), object()], ids=repr)
def test_a_document_of_another_type_is_wrong_use(document):
    for loader in (JWKSet.from_json, JWKSet.from_dict):
        with pytest.raises((TypeError, JWKSError)):
            loader(document)


def test_other_top_level_members_are_ignored():
    keys = JWKSet.from_json(json.dumps({"issuer": "x", "keys": [GOOD], "expires": 5, "": {}}))
    judge_set(keys).accepts(named("good"))


def test_a_document_has_1_mib_at_most():
    def of_length(length: int) -> str:
        return GOOD_TEXT[:-1] + ',"x":"' + "x" * (length - len(GOOD_TEXT) - 7) + '"}'

    assert len(of_length(1_048_576)) == 1_048_576
    judge_set(JWKSet.from_json(of_length(1_048_576))).accepts(named("good"))
    for loaded in (
        of_length(1_048_577),
        of_length(1_048_577).encode(),
        of_length(5_000_000),
        "\u00e9" * 600_000,
    ):
        with pytest.raises(JWKSError):
            JWKSet.from_json(loaded)
    JWKSet.from_json(of_length(2_000_000), max_bytes=2_000_000)
    with pytest.raises(JWKSError):
        JWKSet.from_json(GOOD_TEXT, max_bytes=len(GOOD_TEXT) - 1)


def test_a_set_has_1024_members_at_most():
    for filler in (None, EC, {}):
        keys = set_of(*[filler] * 1023, GOOD)
        assert len(keys.skipped) == 1023
        judge_set(keys).accepts(named("good"))
        with pytest.raises(JWKSError):
            set_of(*[filler] * 1024, GOOD)
        set_of(*[filler] * 1024, GOOD, max_keys=1025)
    with pytest.raises(JWKSError):
        set_of(GOOD, EC, max_keys=1)


@pytest.mark.parametrize("name", ["max_bytes", "max_keys", "min_bits", "max_bits"])
@pytest.mark.parametrize("wrong", [0, -1, None, "5", 5.5, True], ids=repr)
def test_limits_are_positive_ints(name, wrong):
    with pytest.raises((TypeError, ValueError)):
        JWKSet.from_json(GOOD_TEXT, **{name: wrong})


def test_an_unknown_option_is_a_type_error():
    for loader, document in ((JWKSet.from_json, GOOD_TEXT), (JWKSet.from_dict, {"keys": [GOOD]})):
        anything: Any = loader
        with pytest.raises(TypeError):
            anything(document, allow_everything=True)


def test_an_unsorted_crowd_of_tokens_finds_each_its_key_in_a_set_of_some_hundred():
    """Multi-tenant providers publish hundreds of keys, most of them the same few here, under kids of their own."""
    privates = [rsa_key(), rsa_key("other"), rsa_key("third")]
    members = [public_jwk(privates[number % 3], kid=f"tenant-{number}") for number in range(500)]
    began = time.process_time()
    keys = JWKSet.from_json(json.dumps({"keys": members}))
    assert time.process_time() - began < 2
    assert len(keys.keys) == 500
    crowd = [named(f"tenant-{number}", privates[number * 7 % 3]) for number in range(0, 500, 3)]
    expected = [number % 3 == number * 7 % 3 for number in range(0, 500, 3)]
    assert list(Verifier(keys).verify_batch(crowd, now=NOW).ok) == expected


def test_a_document_that_changes_later_changes_no_verdict():
    document = {"keys": [dict(GOOD)]}
    asked = judge_set(JWKSet.from_dict(document))
    document["keys"][0]["kid"] = "other"
    document["keys"].clear()
    asked.accepts(named("good"))


def test_a_key_list_that_changes_later_changes_no_verdict():
    keys = [public()]
    asked = judge(keys)
    keys[0] = public(rsa_key("other"))
    asked.accepts(token())
    asked.refuses(token(key=rsa_key("other")), InvalidSignatureError, "signature")
