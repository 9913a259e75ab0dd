"""JSON Web Keys: every row about their members, and the public vectors."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from rsa_material import base64url, certificate, key, numbers, private_jwk, public_jwk

from fastjwt import HMACKey, JWKSet, RSAPrivateKey, RSAPublicKey
from fastjwt.errors import InvalidKeyError

ITS = numbers(key())
PUBLIC = public_jwk(key())
PRIVATE = private_jwk(key())
SECRET = {"kty": "oct", "k": base64url(bytes(range(32)))}

LOADERS: list[tuple[Any, dict[str, Any], str]] = [
    (RSAPublicKey, PUBLIC, "RS256"),
    (RSAPrivateKey, PRIVATE, "RS256"),
    (HMACKey, SECRET, "HS256"),
]
NAMES = ["public", "private", "secret"]


def refuse(kind: Any, jwk: Any, complaint: str = "", **options: Any) -> None:
    with pytest.raises(InvalidKeyError, match=complaint or None):
        kind.from_jwk(jwk, **options)


# --- Forms


def test_a_jwk_is_taken_as_dict_str_and_bytes(engine: str, json_reader: str) -> None:
    for kind, jwk, _ in LOADERS:
        text = json.dumps(jwk)
        loaded = kind.from_jwk(jwk)
        assert loaded == kind.from_jwk(text) == kind.from_jwk(text.encode()) == kind.from_jwk(f"\n {text} ")
        assert loaded.kid is None


@pytest.mark.parametrize("value", [None, 1, [], bytearray(b"{}"), object()])
@pytest.mark.parametrize(("kind", "jwk", "alg"), LOADERS, ids=NAMES)
def test_other_python_types_are_wrong_use(kind: Any, jwk: dict[str, Any], alg: str, value: Any) -> None:
    with pytest.raises(TypeError, match="dict, str or bytes"):
        kind.from_jwk(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '"text"',
        "{",
        json.dumps(PUBLIC)[:-1],
        json.dumps(PUBLIC) + "x",
        "\ufeff" + json.dumps(PUBLIC),
        json.dumps(PUBLIC).encode("utf-16"),
        json.dumps(PUBLIC).encode() + b"\xff",
        json.dumps(PUBLIC)[:-1] + ', "kty": "RSA"}',
        json.dumps(PUBLIC)[:-1] + ', "kt\\u0079": "RSA"}',
        json.dumps(PUBLIC)[:-1] + ', "x": {"a": 1, "a": 2}}',
        json.dumps(PUBLIC)[:-1] + ', "x": NaN}',
        json.dumps(PUBLIC)[:-1] + ', "x": 1e999}',
        json.dumps(PUBLIC)[:-1] + ', "x": "\\ud800"}',
        json.dumps(PUBLIC)[:-1] + ', "x": "\ud800"}',
        json.dumps(PUBLIC)[:-1] + ', "x": ' + "[" * 500 + "]" * 500 + "}",
        json.dumps(PUBLIC)[:-1] + ', "x": ' + "[" * 100_000,
        json.dumps({**PUBLIC, "x": "a" * 65_536}),
        "not json",
        "-----BEGIN PUBLIC KEY-----",
    ],
    ids=lambda text: ascii(text[-20:]),
)
def test_texts_that_are_no_strict_json_object_are_refused(text: Any, json_reader: str) -> None:
    refuse(RSAPublicKey, text)


def test_integers_and_depth_within_the_rules_are_accepted(json_reader: str) -> None:
    RSAPublicKey.from_jwk(json.dumps({**PUBLIC, "x": [[[10**300]]], "y": 2**64}))


# --- Members


@pytest.mark.parametrize("kty", ["rsa", "RSA ", "RSA1", "oct", "EC", "OKP", "", None, 1, ["RSA"], True])
def test_the_kind_of_key_is_compared_exactly(kty: Any) -> None:
    refuse(RSAPublicKey, {**PUBLIC, "kty": kty}, "kty")
    refuse(RSAPrivateKey, {**PRIVATE, "kty": kty}, "kty")
    refuse(HMACKey, {**SECRET, "kty": "OCT" if kty == "oct" else kty}, "kty")


@pytest.mark.parametrize(("kind", "jwk", "alg"), LOADERS, ids=NAMES)
def test_missing_members_are_refused(kind: Any, jwk: dict[str, Any], alg: str) -> None:
    for name in jwk:
        refuse(
            kind, {other: value for other, value in jwk.items() if other != name} if name != "d" else {}, ""
        )


@pytest.mark.parametrize("name", ["n", "e", "d", "p", "q", "dp", "dq", "qi", "k"])
@pytest.mark.parametrize(
    "change", ["padding", "plus", "space", "line end", "length", "bits", "empty", "unicode"]
)
def test_numbers_are_strict_base64url(name: str, change: str) -> None:
    kind, jwk = (HMACKey, SECRET) if name == "k" else (RSAPrivateKey, PRIVATE)
    value = jwk[name]
    value += "A" * (-len(value) % 4) if change in ("plus", "space") else ""
    changed = {
        "padding": value + "=" * (-len(value) % 4 or 4),
        "plus": "+/" + value[2:],
        "space": value[:4] + " " + value[5:],
        "line end": value + "\n",
        "length": value + "A" * ((1 - len(value)) % 4 or 4) if len(value) % 4 != 1 else value,
        "bits": value[:-1] + chr(ord(value[-1]) + 1),
        "empty": "",
        "unicode": "\u00c4" + value[1:],
    }[change]
    if change == "bits" and len(value) % 4 == 0:
        changed = value + "AB"
    refuse(kind, {**jwk, name: changed})
    if name in ("n", "e"):
        refuse(RSAPublicKey, {**PUBLIC, name: changed})


@pytest.mark.parametrize(
    "value", [None, 65537, 1.5, True, b"AQAB", ["AQAB"], {"a": 1}, float("nan"), [10**5000]]
)
@pytest.mark.parametrize("name", ["n", "e", "d", "p", "qi", "k"])
def test_numbers_are_strings(name: str, value: Any) -> None:
    kind, jwk = (HMACKey, SECRET) if name == "k" else (RSAPrivateKey, PRIVATE)
    refuse(kind, {**jwk, name: value}, "must be a string")


def test_huge_numbers_are_refused_before_arithmetic() -> None:
    refuse(RSAPublicKey, {**PUBLIC, "n": "A" * 65_540}, "64 KiB")
    refuse(RSAPublicKey, {**PUBLIC, "n": "_" * 65_536}, "at most 8192")
    refuse(RSAPublicKey, {**PUBLIC, "e": "_" * 65_536}, "exponent")
    refuse(RSAPrivateKey, {**PRIVATE, "p": "_" * 65_536}, "outside its range")
    refuse(
        RSAPrivateKey, {"kty": "RSA", "n": PRIVATE["n"], "e": "AQAB", "d": "_" * 65_536}, "outside its range"
    )


def test_leading_zero_octets_are_accepted_and_go_away(engine: str) -> None:
    padded = {
        name: base64url(b"\0\0" + base64.urlsafe_b64decode(value + "=="))
        for name, value in PRIVATE.items()
        if name != "kty"
    }
    private = RSAPrivateKey.from_jwk({"kty": "RSA", **padded})
    public = RSAPublicKey.from_jwk({"kty": "RSA", "n": padded["n"], "e": padded["e"]})
    assert private.public_key() == public
    assert public.bits == 2048
    assert public.to_jwk()["n"] == PUBLIC["n"]
    assert public.to_jwk()["e"] == "AQAB"
    assert private.to_jwk() == {**PRIVATE, "alg": "RS256", "use": "sig"}
    assert public.thumbprint() == RSAPublicKey.from_jwk(PUBLIC).thumbprint()


@pytest.mark.parametrize(("kind", "jwk", "alg"), LOADERS, ids=NAMES)
def test_the_algorithm_is_ours_null_or_absent(kind: Any, jwk: dict[str, Any], alg: str) -> None:
    for accepted in (alg, None):
        kind.from_jwk({**jwk, "alg": accepted})
    other = "HS256" if alg == "RS256" else "RS256"
    refused: Any
    for refused in (other, "RS384", "PS256", "HS512", "none", "", alg.lower(), alg + " ", 1, True, [alg], {}):
        refuse(kind, {**jwk, "alg": refused}, "'alg'")


@pytest.mark.parametrize(("kind", "jwk", "alg"), LOADERS, ids=NAMES)
def test_the_use_is_sig_or_absent(kind: Any, jwk: dict[str, Any], alg: str) -> None:
    kind.from_jwk({**jwk, "use": "sig"})
    refused: Any
    for refused in ("enc", "SIG", "sig ", "", None, 1, ["sig"], {"sig": 1}):
        refuse(kind, {**jwk, "use": refused}, "'use'")


@pytest.mark.parametrize(("kind", "jwk", "alg"), LOADERS, ids=NAMES)
def test_the_operations_are_distinct_strings_that_hold_ours(kind: Any, jwk: dict[str, Any], alg: str) -> None:
    needed = "sign" if kind is RSAPrivateKey else "verify"
    other = "verify" if kind is RSAPrivateKey else "sign"
    for accepted in ([needed], [needed, other], [other, needed], [needed, "unknown"], ["encrypt", needed]):
        kind.from_jwk({**jwk, "key_ops": accepted})
    refused: Any
    for refused in (
        [],
        [other],
        ["encrypt"],
        [needed, needed],
        [needed, None],
        [needed, 1],
        [needed, [needed]],
        needed,
        {needed: 1},
        (needed,),
        None,
        True,
        [needed.upper()],
    ):
        refuse(kind, {**jwk, "key_ops": refused}, "key_ops")


@pytest.mark.parametrize(("kind", "jwk", "alg"), LOADERS, ids=NAMES)
def test_use_and_operations_do_not_contradict_each_other(kind: Any, jwk: dict[str, Any], alg: str) -> None:
    kind.from_jwk({**jwk, "use": "sig", "key_ops": ["sign", "verify"]})
    for surplus in ("encrypt", "wrapKey", "unknown"):
        refuse(kind, {**jwk, "use": "sig", "key_ops": ["sign", "verify", surplus]}, "contradict")


@pytest.mark.parametrize(("kind", "jwk", "alg"), LOADERS, ids=NAMES)
def test_the_kid_is_a_string(kind: Any, jwk: dict[str, Any], alg: str) -> None:
    for kid in ("", "a", "2011-04-29", "\u00fc" * 2000, "../../etc/passwd"):
        assert kind.from_jwk({**jwk, "kid": kid}).kid == kid
        assert kind.from_jwk({**jwk, "kid": kid}).to_jwk()["kid"] == kid
    refused: Any
    for refused in (None, 1, 1.5, True, ["a"], {}, b"a", "\ud800"):
        refuse(kind, {**jwk, "kid": refused}, "'kid'")


@pytest.mark.parametrize(("kind", "jwk", "alg"), LOADERS, ids=NAMES)
def test_unknown_members_are_ignored(kind: Any, jwk: dict[str, Any], alg: str) -> None:
    ignored: dict[Any, Any] = {
        "ext": True,
        "x5t": 1,
        "x5u": "http://a",
        "exp": None,
        "": [],
        5: 6,
        None: 7,
        "Kty": "EC",
    }
    if kind is not HMACKey:
        ignored["k"] = "AAAA"
    kind.from_jwk({**jwk, **ignored})


def test_private_and_public_are_not_confused() -> None:
    refuse(RSAPublicKey, PRIVATE, "private")
    refuse(RSAPrivateKey, PUBLIC, "no 'd'")
    for name in ("d", "p", "q", "dp", "dq", "qi"):
        refuse(RSAPublicKey, {**PUBLIC, name: PRIVATE[name]}, "private")
    refuse(RSAPublicKey, {**PUBLIC, "oth": []}, "private")
    refuse(RSAPublicKey, {**PUBLIC, "d": None}, "private")
    refuse(RSAPublicKey, {"keys": [PUBLIC]}, "JWKSet")
    refuse(HMACKey, PUBLIC, "kty")


def test_keys_of_more_than_two_primes_are_refused() -> None:
    for other in ([], [{"r": "AQ", "d": "AQ", "t": "AQ"}], None):
        refuse(RSAPrivateKey, {**PRIVATE, "oth": other}, "two primes")


def test_factors_come_all_or_none(engine: str) -> None:
    """RFC 7518 section 6.3.2: with any of p, q, dp, dq and qi there must be all; without them they are recomputed."""
    bare = {name: PRIVATE[name] for name in ("kty", "n", "e", "d")}
    recovered = RSAPrivateKey.from_jwk(bare)
    its = recovered.to_jwk()
    assert {its["p"], its["q"]} == {PRIVATE["p"], PRIVATE["q"]}
    names = ("p", "q", "dp", "dq", "qi")
    for chosen in range(1, 31):
        some = {name: PRIVATE[name] for number, name in enumerate(names) if chosen >> number & 1}
        refuse(RSAPrivateKey, {**bare, **some}, "some of p, q")
    refuse(RSAPrivateKey, {**bare, "d": base64url(ITS.d + 2)}, "inconsistent")


def test_private_members_that_do_not_belong_together_are_refused(engine: str) -> None:
    other = private_jwk(key(1))
    for name in ("n", "e", "d", "p", "q", "dp", "dq", "qi"):
        value = base64url(ITS.e + 2) if name == "e" else other[name]
        refuse(RSAPrivateKey, {**PRIVATE, name: value})


# --- Certificates inside


def chain(*octets: bytes) -> list[str]:
    return [base64.b64encode(each).decode() for each in octets]


CERTIFICATE = certificate(key()).public_bytes(Encoding.DER)
OTHER_CERTIFICATE = certificate(key(1)).public_bytes(Encoding.DER)
EC_CERTIFICATE = certificate(ec.generate_private_key(ec.SECP256R1())).public_bytes(Encoding.DER)


@pytest.mark.parametrize(("kind", "jwk"), [(RSAPublicKey, PUBLIC), (RSAPrivateKey, PRIVATE)])
def test_the_first_certificate_holds_the_same_key(kind: Any, jwk: dict[str, Any]) -> None:
    kind.from_jwk({**jwk, "x5c": chain(CERTIFICATE)})
    kind.from_jwk({**jwk, "x5c": [*chain(CERTIFICATE), "no chain is judged", 5]})
    first = chain(CERTIFICATE)[0]
    for refused in (
        chain(OTHER_CERTIFICATE, CERTIFICATE),
        chain(EC_CERTIFICATE),
        chain(CERTIFICATE + b"\0"),
        chain(CERTIFICATE[:-1]),
        chain(b""),
        [],
        None,
        first,
        [None],
        [first.replace("+", "-").replace("/", "_")],
        [first.rstrip("=")] if first.endswith("=") else [first + "="],
        [first[:64] + "\n" + first[64:]],
        [" " + first],
        ["\u00e4" + first[1:]],
        ["\ud800" + first[1:]],
        ["A" * 65_540],
        {"0": first},
    ):
        refuse(kind, {**jwk, "x5c": refused})
        kind.from_jwk({**jwk, "x5c": refused}, check_x5c=False)


# --- Whatever a caller may pass

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.none().map(lambda _: 10**5000)
    | st.just("AQAB"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(
    ["kty", "n", "e", "d", "p", "q", "dp", "dq", "qi", "k", "alg", "use", "key_ops", "kid", "x5c", "oth"]
)


@settings(deadline=None)
@given(
    base=st.sampled_from([PUBLIC, PRIVATE, SECRET]),
    changes=st.dictionaries(names | st.integers(), anything, max_size=4),
)
def test_any_dict_is_loaded_or_refused(base: dict[str, Any], changes: dict[Any, Any]) -> None:
    for kind, _, _ in LOADERS:
        try:
            kind.from_jwk({**base, **changes})
        except InvalidKeyError as error:
            refusal = str(error)
            assert len(refusal) < 1000


@settings(deadline=None)
@given(st.data())
def test_any_mutation_of_a_text_is_loaded_or_refused(data: st.DataObject) -> None:
    text = bytearray(json.dumps(data.draw(st.sampled_from([PUBLIC, PRIVATE, SECRET]))).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(text) - 1))
        text[position : position + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
        if not text:
            text = bytearray(b"{}")
    for kind, _, _ in LOADERS:
        with contextlib.suppress(InvalidKeyError):
            kind.from_jwk(bytes(text))


def test_messages_show_little_of_what_they_refuse() -> None:
    with pytest.raises(InvalidKeyError) as caught:
        RSAPublicKey.from_jwk({**PUBLIC, "alg": "A\n\x1b[31m\u202e" + "x" * 5000})
    message = str(caught.value)
    assert "A\\n\\x1b[31m\\u202e" in message
    assert "x" * 50 in message
    assert "x" * 60 not in message
    assert message.isascii()
    assert message.isprintable()
    assert len(message) < 200


# --- Public vectors


def test_rfc_7638_thumbprint(engine: str, vectors: Path) -> None:
    """RFC 7638 section 3.1."""
    case = json.loads((vectors / "rfc" / "rfc7638_rfc7517.json").read_text())["thumbprint"]
    public = RSAPublicKey.from_jwk(case["key"])
    assert public.thumbprint() == case["sha256"]
    assert public.kid == "2011-04-29"
    assert {name: public.to_jwk()[name] for name in case["key"]} == case["key"]


def test_oct_thumbprints_hash_k_and_kty() -> None:
    """RFC 7638 section 3.2 lists k and kty; the value is that of Python's hashlib over the canonical text."""
    canonical = f'{{"k":"{SECRET["k"]}","kty":"oct"}}'
    expected = base64url(hashlib.sha256(canonical.encode()).digest())
    assert HMACKey.from_jwk({**SECRET, "kid": "a", "alg": "HS256"}).thumbprint() == expected


def test_rfc_7520_keys(engine: str, vectors: Path) -> None:
    """RFC 7520 sections 3.3 to 3.5."""
    rfc = vectors / "rfc"
    public = RSAPublicKey.from_jwk((rfc / "rfc7520_jwk_3_3.rsa_public_key.json").read_bytes())
    private = RSAPrivateKey.from_jwk((rfc / "rfc7520_jwk_3_4.rsa_private_key.json").read_bytes())
    assert private.public_key() == public
    assert private.kid == public.kid == "bilbo.baggins@hobbiton.example"
    secret = HMACKey.from_jwk((rfc / "rfc7520_jwk_3_5.symmetric_key_mac_computation.json").read_bytes())
    assert secret.bits == 256
    assert secret.kid == "018c0ae5-4d9b-471b-bfd6-eef314bc7037"


def test_rfc_7515_private_key(engine: str, vectors: Path) -> None:
    """RFC 7515 appendices A.1 and A.2."""
    for case in json.loads((vectors / "rfc" / "rfc7515_a1_a2.json").read_text())["cases"]:
        kind = HMACKey if case["alg"] == "HS256" else RSAPrivateKey
        assert kind.from_jwk(case["key"]).alg == case["alg"]


def test_wycheproof_json_web_keys_load_as_marked(engine: str, vectors: Path) -> None:
    """The load side: tcId 3 is about a signature, and 15 (HS512) is valid elsewhere."""
    usable = {}
    for group in json.loads((vectors / "wycheproof" / "json_web_key_test.json").read_text())["testGroups"]:
        document = group.get("public") or group["private"]
        keys = JWKSet.from_dict(document).keys
        if not group.get("public"):
            assert not keys  # nothing secret is used unless asked for
            keys = JWKSet.from_dict(document, allow_secret_members=True).keys
        for test in group["tests"]:
            usable[test["tcId"]] = [key.kid for key in keys]
    assert usable[1] == ["kid-aes-sign", "kid-rsa-sign"] or usable[1] == ["kid-aes-sign"]
    assert usable[3] == ["kid-aes-sign", "kid-aes-sign-2"]
    assert usable[5] == ["kid-rsa-sign"]
    assert usable[13] == ["long_hs256_key"]
    for refused in (7, 9, 11, 15, 17, 19, 21, 23, 25):
        assert usable[refused] == [], refused


def test_wycheproof_private_keys_of_n_e_and_d_alone(engine: str, vectors: Path) -> None:
    """Their primes are recovered, also for e = 3; the same keys are there as PEM and DER."""
    exponents = set()
    for group in json.loads((vectors / "wycheproof" / "rsa_pkcs1_2048_sig_gen_test.json").read_text())[
        "testGroups"
    ]:
        material = group["privateKey"]
        jwk = {
            name: material[long]
            for name, long in (("n", "modulus"), ("e", "publicExponent"), ("d", "privateExponent"))
        }
        private = RSAPrivateKey.from_jwk(
            {"kty": "RSA", **{name: base64url(int(value, 16)) for name, value in jwk.items()}}
        )
        its = private._numbers()
        assert its.p * its.q == its.n == int(material["modulus"], 16)
        assert its.d * its.e % math.lcm(its.p - 1, its.q - 1) == 1
        exponents.add(its.e)
        assert RSAPrivateKey.from_pem(group["privateKeyPem"]) == private
        assert RSAPrivateKey.from_der(bytes.fromhex(group["privateKeyPkcs8"])) == private
        assert RSAPublicKey.from_pem(group["keyPem"]) == private.public_key()
        assert RSAPublicKey.from_der(bytes.fromhex(group["keyDer"])) == private.public_key()
        assert RSAPublicKey.from_der(bytes.fromhex(group["keyAsn"])) == private.public_key()
    assert exponents == {3, 65537}
