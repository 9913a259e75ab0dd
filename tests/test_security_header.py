"""security.md 2B: what a header may say, and what it decides (nothing but the key)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import tokens
from tokens import HS256, NOW, RS256, SECRET, b64u, public, public_jwk, rsa_key, token
from verdicts import judge

import fastjwt
from fastjwt import (
    DecodeError,
    HMACKey,
    InvalidAlgorithmError,
    InvalidSignatureError,
    InvalidTokenError,
    JWKSet,
    KeyNotFoundError,
    Verifier,
)

pytestmark = pytest.mark.usefixtures("engine")

WRONG_TYPES = [None, True, False, 0, 1, 1.5, [], ["RS256"], {}, {"RS256": 1}]

KEYS: dict[str, Callable[[], Any]] = {
    "one key": public,
    "list": lambda: [public()],
    "set": lambda: fastjwt.JWKSet.from_dict({"keys": [public_jwk(kid="k", alg="RS256")]}),
}
"""Three ways to give a verifier the same key."""


# --- alg -----------------------------------------------------------------------------------------------------------

WRONG_NAMES = [
    "",
    "none",
    "None",
    "NONE",
    "nOnE",
    "none ",
    "null",
    "rs256",
    "Rs256",
    "RS256 ",
    " RS256",
    "RS256\n",
    "RS256\x00",
    "\x00RS256",
    "RS256\x00none",
    "RS256,none",
    "RS 256",
    "RS-256",
    "RS_256",
    "RS2560",
    "RS25",
    "RS256RS256",
    "\uff32\uff33256",
    "R\u0405256",
    "RS\u0662\u0665\u0666",
    "RS256\u200b",
    "\ufeffRS256",
    "\u202eRS256",
    "hs256",
    "Hs256",
    "HS256 ",
    "\uff28S256",
    "HS384",
    "HS512",
    "HS1",
    "RS1",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES256K",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
    "RSA1_5",
    "RSA-OAEP",
    "RSA-OAEP-256",
    "dir",
    "A256KW",
    "PBES2-HS256+A128KW",
    "RSASSA-PKCS1-v1_5",
    "SHA256withRSA",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "true",
    "*",
]


@pytest.mark.parametrize("alg", WRONG_NAMES, ids=ascii)
def test_a_name_that_is_not_exactly_rs256_or_hs256_is_no_algorithm(alg):
    """`InvalidAlgorithmError`, however good the signature is, whatever key there is."""
    judge().refuses(token({"alg": alg}), InvalidAlgorithmError, "algorithm")
    secret = fastjwt.HMACKey(SECRET)
    honest = token(HS256, key=SECRET)
    judge(secret, honest).refuses(token({"alg": alg}, key=SECRET), InvalidAlgorithmError, "algorithm")


@pytest.mark.parametrize("alg", WRONG_TYPES, ids=repr)
def test_alg_must_be_a_string(alg):
    judge().refuses(token({"alg": alg}), InvalidAlgorithmError, "algorithm")


@pytest.mark.parametrize(
    "header", [{}, {"typ": "JWT"}, {"ALG": "RS256"}, {"Alg": "RS256"}, {"alg ": "RS256"}], ids=repr
)
def test_alg_must_be_there(header):
    judge().refuses(token(header), InvalidAlgorithmError, "algorithm")


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "none "])
@pytest.mark.parametrize("signature", ["AA", b64u(bytes(32)), b64u(bytes(256)), "honest"])
def test_none_is_refused_whatever_stands_where_the_signature_belongs(alg, signature):
    """No code for `none` exists."""
    honest = token()
    head = b64u(json.dumps({"alg": alg}).encode()) + "." + honest.split(".")[1]
    bad = f"{head}.{honest.split('.')[2] if signature == 'honest' else signature}"
    for keys in KEYS.values():
        judge(keys()).refuses(bad, InvalidAlgorithmError, "algorithm")


def test_an_unsigned_token_is_refused_for_its_form():
    honest = token()
    bad = b64u(b'{"alg":"none"}') + "." + honest.split(".")[1] + "."
    judge().refuses(bad, DecodeError, "form")


def test_rs256_spelled_with_escapes_is_rs256():
    """Code points are compared, and JSON gives them more than one spelling."""
    judge().accepts(token(b'{"\\u0061lg":"\\u0052S256"}'))


def test_algorithms_narrows_what_the_keys_allow():
    """`algorithms=None`: what the keys' types allow."""
    both = [public(), fastjwt.HMACKey(SECRET)]
    by_rsa, by_secret = token(), token(HS256, key=SECRET)
    for allowed in (
        None,
        ["RS256", "HS256"],
        ("HS256", "RS256"),
        {"RS256", "HS256"},
        ["RS256", "HS256", "RS256"],
    ):
        judge(both, by_rsa, algorithms=allowed).accepts(by_secret)
    judge(both, by_rsa, algorithms=["RS256"]).refuses(by_secret, InvalidAlgorithmError, "algorithm")
    judge(both, by_secret, algorithms=["HS256"]).refuses(by_rsa, InvalidAlgorithmError, "algorithm")
    judge(public(), by_rsa, algorithms=["RS256", "HS256"]).refuses(
        by_secret, InvalidAlgorithmError, "algorithm"
    )


@pytest.mark.parametrize(
    "algorithms",
    [[], (), set(), ["none"], ["RS384"], ["PS256"], ["rs256"], [""], ["RS256", "none"], ["RS256", "RS256 "]],
    ids=repr,
)
def test_an_unknown_algorithm_or_an_empty_list_of_them_is_a_value_error(algorithms):
    with pytest.raises(ValueError):  # noqa: PT011 - the words are ours to choose
        Verifier(public(), algorithms=algorithms)


def test_algorithms_that_leave_the_keys_none_are_a_value_error_at_construction():
    """Such a verifier could verify nothing: that is an oversight, and no verdict on tokens."""
    secret = HMACKey(SECRET)
    rsa_set = JWKSet.from_dict({"keys": [public_jwk(kid="k")]})
    for keys in (public(), [public()], [public(), public(rsa_key("other"))], rsa_set):
        with pytest.raises(ValueError, match="HS256, but the keys are for RS256"):
            Verifier(keys, algorithms=["HS256"])
        Verifier(keys, algorithms=["RS256", "HS256"])
    for secrets in (secret, [secret]):
        with pytest.raises(ValueError, match="RS256, but the keys are for HS256"):
            Verifier(secrets, algorithms=["RS256"])
    Verifier([public(), secret], algorithms=["HS256"])


def test_keys_that_may_still_come_leave_algorithms_alone():
    """A set without keys, and a source whose keys change, whatever it has at this moment."""

    class Changing:
        """Has keys of one kind today."""

        generation = 0
        keys = (public(),)

        def candidates(self, kid: str | None, alg: str) -> Sequence[fastjwt.RSAPublicKey | HMACKey]:
            return [key for key in self.keys if key.alg == alg]

    Verifier(JWKSet.from_dict({"keys": []}), algorithms=["HS256"])
    verifier = Verifier(Changing(), algorithms=["HS256"])
    with pytest.raises(InvalidAlgorithmError):
        verifier.verify(token(RS256))


@pytest.mark.parametrize("algorithms", ["RS256", b"RS256", 5, [None], [["RS256"]], [b"RS256"]], ids=repr)
def test_algorithms_of_another_type_are_wrong_use(algorithms):
    with pytest.raises((TypeError, ValueError)):
        Verifier(public(), algorithms=algorithms)


# --- alg against the key -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS.keys())
@pytest.mark.parametrize("kid", [None, "k", "other"])
def test_hs256_against_an_rsa_key_is_refused(keys, kid):
    """`InvalidAlgorithmError`, with whatever the attacker took for the secret."""
    header = HS256 if kid is None else {**HS256, "kid": kid}
    for secret in _public_key_as_secret():
        bad = token(header, key=secret)
        judge(keys()).refuses(bad, InvalidAlgorithmError, "algorithm")


def _public_key_as_secret() -> list[bytes]:
    """Return the public key in the forms that libraries have been made to use as an HMAC secret."""
    pem = public().to_pem().encode()
    jwk = public_jwk()
    numbers = rsa_key().public_key().public_numbers()
    return [
        pem,
        pem.strip(),
        pem.replace(b"\n", b"\r\n"),
        pem + b"\n",
        b" " + pem,
        public().to_der(),
        json.dumps(jwk).encode(),
        jwk["n"].encode(),
        numbers.n.to_bytes(256, "big"),
        b"",
    ]


def test_rs256_against_a_secret_is_refused():
    secret = fastjwt.HMACKey(SECRET)
    honest = token(HS256, key=SECRET)
    for keys in (secret, [secret]):
        asked = judge(keys, honest)
        asked.refuses(token(RS256), InvalidAlgorithmError, "algorithm")
        asked.refuses(token(RS256, key=SECRET), InvalidAlgorithmError, "algorithm")


def test_the_key_that_kid_names_decides_among_keys_of_both_kinds():
    """A secret in the list makes HS256 known there; it does not make it the RSA key's."""
    rsa_one = fastjwt.RSAPublicKey.from_jwk(public_jwk(kid="rsa"))
    secret = fastjwt.HMACKey(SECRET, kid="secret")
    honest = token({**RS256, "kid": "rsa"})
    asked = judge([rsa_one, secret], honest)
    asked.accepts(token({**HS256, "kid": "secret"}, key=SECRET))
    asked.accepts(token(RS256))
    asked.accepts(token(HS256, key=SECRET))
    asked.refuses(token({**HS256, "kid": "rsa"}, key=SECRET), InvalidAlgorithmError, "algorithm")
    asked.refuses(token({**RS256, "kid": "secret"}), InvalidAlgorithmError, "algorithm")
    asked.refuses(token({**RS256, "kid": "nobody"}), KeyNotFoundError, "key")


def test_a_tag_in_an_rs256_token_and_a_signature_in_an_hs256_token_are_refused():
    both = [public(), fastjwt.HMACKey(SECRET)]
    asked = judge(both)
    asked.refuses(token(RS256, key=SECRET), InvalidSignatureError, "signature")
    asked.refuses(token(HS256), InvalidSignatureError, "signature")


# --- crit and b64 --------------------------------------------------------------------------------------------------

CRITICAL = [
    None,
    True,
    False,
    0,
    "",
    "exp",
    "b64",
    {},
    {"b64": True},
    [],
    [""],
    ["b64"],
    ["exp"],
    ["alg"],
    ["exp", "exp"],
    ["x5t#S256"],
    ["http://example.com/UNDEFINED"],
    [None],
    [["b64"]],
]


@pytest.mark.parametrize("crit", CRITICAL, ids=repr)
def test_crit_is_refused_whatever_it_holds(crit):
    """`DecodeError`: no extension is understood (RFC 7515 section 4.1.11)."""
    judge().refuses(token({**RS256, "crit": crit}), DecodeError, "header")


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["b64"], "b64": True},
        {"crit": ["b64"], "b64": False},
        {"crit": ["exp"], "exp": tokens.LATER},
        {"crit": ["kid"], "kid": "k"},
    ],
    ids=repr,
)
def test_crit_is_refused_though_what_it_names_is_there(header):
    judge().refuses(token({**RS256, **header}), DecodeError, "header")


@pytest.mark.parametrize("b64", [False, None, 0, 1, "", "true", "false", [], [True], {}, 1.0], ids=repr)
def test_b64_that_is_false_or_no_boolean_is_refused(b64):
    """`DecodeError`, with or without `crit` (RFC 7797 section 7)."""
    judge().refuses(token({**RS256, "b64": b64}), DecodeError, "header")
    judge().refuses(token({**RS256, "b64": b64, "crit": ["b64"]}), DecodeError, "header")


def test_b64_true_is_ignored():
    judge().accepts(token({**RS256, "b64": True}))


def test_an_unencoded_payload_is_refused():
    """RFC 7797 in full: signed over the payload as it is."""
    header = b64u(b'{"alg":"RS256","b64":false,"crit":["b64"]}')
    for payload in (f'{{"exp":{tokens.LATER}}}', "AAAA"):
        bad = tokens.signed(header, payload)
        judge().refuses(bad, DecodeError, "header" if payload.isalnum() else "form")


# --- Members that are ignored --------------------------------------------------------------------------------------

IGNORED = [
    "jwk",
    "jku",
    "x5u",
    "x5c",
    "x5t",
    "x5t#S256",
    "zip",
    "cty",
    "enc",
    "epk",
    "p2c",
    "iss",
    "exp",
    "aud",
    "url",
    "nonce",
    "unheard-of",
    "",
    "\u0430lg",
    "Alg",
    "KID",
    "TYP",
    "B64",
    "CRIT",
    "__proto__",
]


@pytest.mark.parametrize("name", IGNORED, ids=ascii)
def test_other_members_are_ignored_whatever_their_type(name):
    """Never parsed further, fetched, compared or inflated."""
    asked = judge()
    values: list[Any] = [
        None,
        True,
        0,
        -1.5,
        "",
        "x",
        "http://127.0.0.1:1/keys",
        "../../etc/passwd",
        [],
        [[]],
        {},
    ]
    for value in (*values, {"a": [1]}):
        good = token({**RS256, name: value})
        assert asked.verifier.verify(good, now=NOW) == asked.honest_claims
    asked.accepts(token({**RS256, name: "DEF"}))
    asked.accepts(token({**RS256, name: {"kty": "RSA"}}))


def test_a_key_in_the_header_is_not_used():
    """The attacker's own key, offered in every member that could hold it."""
    thief = rsa_key("thief")
    asked = judge()
    for extra in (
        {"jwk": public_jwk(thief)},
        {"jwk": tokens.private_jwk(thief)},
        {"jwk": tokens.secret_jwk()},
        {"jku": "https://thief.example/keys"},
        {"x5c": [b64u(public(thief).to_der())]},
        {"kid": "k", "jwk": public_jwk(thief, kid="k")},
        {"jwks": {"keys": [public_jwk(thief)]}},
    ):
        asked.refuses(token({**RS256, **extra}, key=thief), InvalidSignatureError, "signature")


def test_zip_is_never_acted_on():
    """A deflated payload is read as what it is: no JSON; and a plain one is good."""
    plain = b'{"exp":%d}' % tokens.LATER
    compressor = zlib.compressobj(wbits=-15)
    deflated = compressor.compress(plain) + compressor.flush()
    asked = judge()
    asked.refuses(token({**RS256, "zip": "DEF"}, deflated), DecodeError, "json")
    asked.accepts(token({**RS256, "zip": "DEF"}, plain))


def test_cty_jwt_does_not_make_a_nested_token_of_the_payload():
    asked = judge()
    asked.refuses(token({**RS256, "cty": "JWT"}, token()), DecodeError, "json")
    asked.accepts(token({**RS256, "cty": "JWT"}))


# --- kid -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS.keys())
@pytest.mark.parametrize("kid", WRONG_TYPES, ids=repr)
def test_kid_must_be_a_string(kid, keys):
    """`DecodeError`, also where the key was given directly."""
    judge(keys()).refuses(token({**RS256, "kid": kid}), DecodeError, "header")


LONG_KIDS = {
    "ASCII": ("k" * 1024, "k" * 1025),
    "two octets each": ("\u00e9" * 512, "\u00e9" * 512 + "k"),
    "three octets each": ("\u20ac" * 341 + "k", "\u20ac" * 342),
    "four octets each": ("\U0001f600" * 256, "\U0001f600" * 256 + "k"),
    "escapes": ("\n" * 1024, "\n" * 1025),
}


@pytest.mark.parametrize(("longest", "longer"), LONG_KIDS.values(), ids=LONG_KIDS.keys())
def test_kid_has_1024_bytes_at_most(longest, longer):
    """Measured in UTF-8, also where the key was given directly."""
    judge().accepts(token({**RS256, "kid": longest}))
    judge().refuses(token({**RS256, "kid": longer}), DecodeError, "header")
    key_set = fastjwt.JWKSet.from_dict({"keys": [public_jwk(kid="k")]})
    judge(key_set).refuses(token({**RS256, "kid": longest}), KeyNotFoundError, "key")
    judge(key_set).refuses(token({**RS256, "kid": longer}), DecodeError, "header")


def test_a_kid_of_1024_bytes_finds_its_key():
    kid = "\u00e9" * 512
    key_set = fastjwt.JWKSet.from_dict({"keys": [public_jwk(kid=kid), public_jwk(rsa_key("other"), kid="k")]})
    judge(key_set, token({**RS256, "kid": kid})).accepts(token({**RS256, "kid": kid}))


@pytest.mark.parametrize(
    "kid",
    [
        "k" * 1024,
        "\n" * 100,
        "\x1b[2J\x1b[31m",
        "\u202egnp.exe",
        "\u00e9" * 100,
        "%s%n{0}",
        "'\"\\",
        "\u2028\u2029\x85\x00",
    ],
    ids=ascii,
)
def test_the_message_shows_at_most_64_escaped_characters_of_a_kid(kid):
    """What a sender wrote ends up in logs and on terminals."""
    key_set = fastjwt.JWKSet.from_dict({"keys": [public_jwk(kid="known")]})
    with pytest.raises(KeyNotFoundError) as caught:
        Verifier(key_set).verify(token({**RS256, "kid": kid}), now=NOW)
    message = str(caught.value)
    assert message.isascii()
    assert message.isprintable()
    without = str(_error_of(key_set, ""))
    assert len(message) <= len(without) + 64


def _error_of(key_set: fastjwt.JWKSet, kid: str) -> InvalidTokenError:
    with pytest.raises(KeyNotFoundError) as caught:
        Verifier(key_set).verify(token({**RS256, "kid": kid}), now=NOW)
    return caught.value


# --- typ -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typ", WRONG_TYPES, ids=repr)
def test_typ_must_be_a_string(typ):
    """`DecodeError`, also where no `typ` is expected."""
    bad = token({**RS256, "typ": typ})
    judge().refuses(bad, DecodeError, "header")
    judge(None, token({**RS256, "typ": "JWT"}), typ="JWT").refuses(bad, DecodeError, "header")


@pytest.mark.parametrize(
    "typ", ["", "JWT", "jwt", "JOSE", "at+jwt", "application/jwt", "x/y/z", "\u00e9", " ", "a" * 5000]
)
def test_any_string_is_ignored_where_no_typ_is_expected(typ):
    judge().accepts(token({**RS256, "typ": typ}))


EQUAL_TYPES = [
    ("at+jwt", "at+jwt"),
    ("at+jwt", "AT+JWT"),
    ("at+jwt", "At+Jwt"),
    ("at+jwt", "application/at+jwt"),
    ("at+jwt", "application/AT+JWT"),
    ("at+jwt", "APPLICATION/AT+JWT"),
    ("AT+JWT", "application/at+jwt"),
    ("application/at+jwt", "at+jwt"),
    ("Application/AT+jwt", "aT+jWT"),
    ("JWT", "jwt"),
    ("JWT", "application/jwt"),
    ("text/jwt", "TEXT/JWT"),
    ("application/x/y", "APPLICATION/x/y"),
]


@pytest.mark.parametrize(("expected", "typ"), EQUAL_TYPES)
def test_typ_ignores_ascii_case_and_a_leading_application(expected, typ):
    good = token({**RS256, "typ": typ})
    judge(None, good, typ=expected).accepts(good)


DIFFERENT_TYPES = [
    ("at+jwt", "JWT"),
    ("at+jwt", ""),
    ("at+jwt", "at+jwt "),
    ("at+jwt", " at+jwt"),
    ("at+jwt", "at+jw"),
    ("at+jwt", "at+jwtt"),
    ("at+jwt", "xat+jwt"),
    ("at+jwt", "at jwt"),
    ("at+jwt", "at+jwt;charset=utf-8"),
    ("at+jwt", "text/at+jwt"),
    ("at+jwt", "/at+jwt"),
    ("at+jwt", "application/"),
    ("at+jwt", "application/application/at+jwt"),
    ("at+jwt", "application//at+jwt"),
    ("at+jwt", "application/at+jwt/"),
    ("at+jwt", "application/at+jwt/x"),
    ("at+jwt", " application/at+jwt"),
    ("at+jwt", "\uff41t+jwt"),
    ("at+jwt", "at+jwt\x00"),
    ("x/y", "application/x/y"),
    ("application/x/y", "x/y"),
    ("kb+jwt", "\u212ab+jwt"),
    ("sd+jwt", "\u017fd+jwt"),
    ("i", "\u0130"),
    ("i", "\u0131"),
    ("stra\u00dfe", "STRASSE"),
    ("\u00e9", "\u00c9"),
]


@pytest.mark.parametrize(("expected", "typ"), DIFFERENT_TYPES)
def test_another_typ_than_the_expected_one_is_refused(expected, typ):
    """`InvalidTokenError` or a subclass: a token of one kind is not taken for another (RFC 8725 section 3.11)."""
    honest = token({**RS256, "typ": expected})
    judge(None, honest, typ=expected).refuses(
        token({**RS256, "typ": typ}), InvalidTokenError, "header", or_subclass=True
    )


def test_a_missing_typ_is_refused_where_one_is_expected():
    honest = token({**RS256, "typ": "at+jwt"})
    judge(None, honest, typ="at+jwt").refuses(token(), InvalidTokenError, "header", or_subclass=True)
    judge(None, honest, typ="at+jwt").refuses(
        token({**RS256, "TYP": "at+jwt"}), InvalidTokenError, "header", or_subclass=True
    )


@pytest.mark.parametrize("typ", [5, True, b"JWT", ["JWT"], {}], ids=repr)
def test_an_expected_typ_that_is_no_str_is_a_type_error(typ):
    with pytest.raises(TypeError):
        Verifier(public(), typ=typ)


# --- Names twice ---------------------------------------------------------------------------------------------------

TWICE = {
    "alg": '{"alg":"RS256","alg":"RS256"}',
    "none first": '{"alg":"none","alg":"RS256"}',
    "none last": '{"alg":"RS256","alg":"none"}',
    "by an escape": '{"alg":"RS256","\\u0061lg":"RS256"}',
    "by escapes in both": '{"\\u0061lg":"RS256","a\\u006cg":"RS256"}',
    "by escapes of either case": '{"alg":"RS256","x\\u00e9":1,"x\\u00E9":1}',
    "by an escape of a pair": '{"alg":"RS256","\\ud83d\\ude00":1,"\U0001f600":1}',
    "kid": '{"alg":"RS256","kid":"a","kid":"b"}',
    "typ": '{"typ":"JWT","alg":"RS256","typ":"JWT"}',
    "an ignored one": '{"alg":"RS256","x":1,"x":1}',
    "the empty name": '{"alg":"RS256","":1,"":1}',
    "in an object": '{"alg":"RS256","x":{"a":1,"a":1}}',
    "in a list": '{"alg":"RS256","x":[{"a":1,"a":1}]}',
    "in jwk": '{"alg":"RS256","jwk":{"kty":"RSA","kty":"RSA"}}',
    "far apart": '{"alg":"RS256",' + ",".join(f'"n{i}":{i}' for i in range(300)) + ',"n7":1}',
    "white space before the colon": '{"alg":"RS256","alg" :"RS256"}',
    "line ends before the colons": '{"alg"\n:"RS256","alg"\r\n\t:"RS256"}',
    "three times": '{"alg":"RS256","x":1,"x":2,"x":3}',
}


@pytest.mark.parametrize("text", TWICE.values(), ids=TWICE.keys())
def test_a_member_name_twice_is_refused(text, json_reader):
    """`DecodeError`, at any depth, after resolving escapes; what is allowed for claims is not for headers."""
    judge().refuses(token(text), DecodeError, "header")
    judge(allow_duplicate_claims=True).refuses(token(text), DecodeError, "header")


@pytest.mark.parametrize(
    "text",
    [
        '{"alg":"RS256","Alg":"none","ALG":1}',
        '{"alg":"RS256","alg ":"none"," alg":1}',
        '{"alg":"RS256","\u00e9":1,"e\u0301":1}',
        '{"alg":"RS256","x":{"alg":"none"},"y":[{"alg":1},{"alg":2}]}',
        '{"alg":"RS256","x":"\\"alg\\":\\"none\\",\\"alg\\":"}',
        '{ "alg" : "RS256" , "x" : { "y" : 1 } }',
    ],
)
def test_names_that_differ_or_stand_in_different_objects_are_not_twice(text, json_reader):
    judge().accepts(token(text))


# --- Order ---------------------------------------------------------------------------------------------------------


def test_the_header_is_judged_before_the_algorithm_and_that_before_key_and_signature():
    """The first failing step names the error."""
    asked = judge(fastjwt.JWKSet.from_dict({"keys": [public_jwk(kid="k")]}), token({**RS256, "kid": "k"}))
    spoiled = tokens.with_signature
    zeros = bytes(256)
    asked.refuses(spoiled(token({"alg": "none", "crit": []}), zeros), DecodeError, "header")
    asked.refuses(spoiled(token({"alg": "none", "kid": 5}), zeros), DecodeError, "header")
    asked.refuses(spoiled(token({"alg": "none", "typ": 5}), zeros), DecodeError, "header")
    asked.refuses(spoiled(token({"alg": "none", "b64": False}), zeros), DecodeError, "header")
    asked.refuses(spoiled(token({"alg": "none", "kid": "x"}), zeros), InvalidAlgorithmError, "algorithm")
    asked.refuses(spoiled(token({"alg": "RS256", "kid": "x"}), zeros), KeyNotFoundError, "key")
    asked.refuses(
        spoiled(token({"alg": "RS256", "kid": "k"}, b"[]"), zeros), InvalidSignatureError, "signature"
    )
    asked.refuses(token({"alg": "RS256", "kid": "k"}, b"[]"), DecodeError, "json")


def test_a_wrong_typ_is_found_before_a_wrong_algorithm():
    honest = token({**RS256, "typ": "at+jwt"})
    error = judge(None, honest, typ="at+jwt").refuses(
        token({"alg": "none", "typ": "JWT"}), InvalidTokenError, "header", or_subclass=True
    )
    assert not isinstance(error, InvalidAlgorithmError)


LOUD_TEXTS = ["a" * 5000, "\n" * 5000, "\x1b[2J", "\u202e\u2066", "\U0001f600" * 900]


@pytest.mark.parametrize("name", ["alg", "typ", "kid"])
@pytest.mark.parametrize("text", LOUD_TEXTS, ids=lambda text: ascii(text[:4]))
def test_no_message_shows_much_of_a_header_nor_lets_it_speak_to_a_terminal(name, text):
    header = {**RS256, "typ": "JWT", name: text[:200] if name == "kid" else text}
    verifier = Verifier(fastjwt.JWKSet.from_dict({"keys": [public_jwk(kid="known")]}), typ="JWT")
    with pytest.raises(InvalidTokenError) as caught:
        verifier.verify(token(header), now=NOW)
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {},
        {"alg": 5, "kid": None, "typ": []},
        {"alg": "RS256", "crit": ["b64"], "b64": False},
        {"alg": "ES256", "jwk": {"kty": "EC"}},
    ],
    ids=repr,
)
def test_decode_unverified_shows_headers_that_no_verifier_takes(header):
    """It obeys the rules of form and of JSON, and is for looking at the rest."""
    seen = fastjwt.decode_unverified(tokens.with_signature(token(header, {"exp": 1}), b"x"))
    assert seen.header == header
    assert seen.claims == {"exp": 1}
    with pytest.raises(InvalidTokenError):
        Verifier(public()).verify(token(header), now=NOW)


# --- The memory of headers -----------------------------------------------------------------------------------------


def test_a_header_is_judged_alike_the_first_time_and_ever_after():
    """Headers are remembered; a good one does not lend its decision to a bad one, nor the other way round."""
    asked = judge()
    good, bad = token({**RS256, "x": 1}), token({"alg": "none", "x": 1})
    for _ in range(3):
        assert asked.verifier.verify(good, now=NOW) == asked.honest_claims
        with pytest.raises(InvalidAlgorithmError):
            asked.verifier.verify(bad, now=NOW)
        batch = asked.verifier.verify_batch([good, bad] * 5, now=NOW)
        assert list(batch.ok) == [True, False] * 5


def test_a_flood_of_distinct_headers_changes_no_verdict_and_grows_nothing():
    """Senders choose headers, so the memory of them is bounded."""
    import gc
    import tracemalloc

    asked = judge()
    verifier = asked.verifier
    flood = [token({**RS256, "x": f"{number:0>2000}"}) for number in range(600)]
    assert all(verifier.verify_batch(flood, now=NOW).ok)
    gc.collect()
    tracemalloc.start()
    try:
        for bad in flood:
            verifier.verify(bad, now=NOW)
        verifier.verify_batch(flood, now=NOW, threads=1)
        gc.collect()
        assert (
            tracemalloc.get_traced_memory()[0] < 512 * 1024
        )  # 600 headers of 2,700 characters would be 1.6 MB
    finally:
        tracemalloc.stop()
    asked.accepts(asked.honest)
