"""Attacks that had a number elsewhere, each tried here under its name.

One test for each class of the table in security.md section 7 that can exist in a library which neither encrypts nor
fetches; the numbers of a class share the test that shows their common fault.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
import zlib
from typing import Any

import pytest
import tokens
from tokens import (
    ALPHABET,
    HS256,
    LATER,
    NOW,
    RS256,
    SECRET,
    SHA256_DIGEST_INFO,
    b64u,
    encoded_message,
    private_power,
    public,
    public_jwk,
    rsa_key,
    secret_jwk,
    token,
    unb64u,
    with_claims,
    with_signature,
)
from verdicts import judge, unverified_refuses

import fastjwt
from fastjwt import (
    DecodeError,
    HMACKey,
    InvalidAlgorithmError,
    InvalidAudienceError,
    InvalidIssuerError,
    InvalidKeyError,
    InvalidSignatureError,
    InvalidTokenError,
    JWKSet,
    KeyNotFoundError,
    MissingRequiredClaimError,
    RSAPublicKey,
    Verifier,
)

pytestmark = pytest.mark.usefixtures("engine")


def advisories(*numbers: str) -> Any:
    """Run the test once under each number."""
    return pytest.mark.parametrize("number", numbers)


# --- `none` and the empty signature --------------------------------------------------------------------------------


@advisories("CVE-2015-9235", "CVE-2022-23540")
def test_none_is_no_algorithm(number):
    """Jsonwebtoken took `alg: none` where a key was expected, and later where no algorithms were listed."""
    honest = token()
    for alg in ("none", "None", "NONE", "nOnE"):
        head = b64u(json.dumps({"alg": alg, "typ": "JWT"}).encode()) + "." + honest.split(".")[1]
        judge().refuses(head + ".", DecodeError, "form")
        judge().refuses(head, DecodeError, "form")
        judge().refuses(f"{head}.{honest.split('.')[2]}", InvalidAlgorithmError, "algorithm")
        judge(algorithms=["RS256"]).refuses(head + ".AA", InvalidAlgorithmError, "algorithm")


@advisories("CVE-2020-28042")
def test_an_empty_signature_is_no_signature(number):
    """ServiceStack compared no octets with no octets."""
    honest = token()
    judge().refuses(honest.rsplit(".", 1)[0] + ".", DecodeError, "form")
    tagged = token(HS256, key=SECRET)
    judge(HMACKey(SECRET), tagged).refuses(tagged.rsplit(".", 1)[0] + ".", DecodeError, "form")


# --- A public key as an HMAC secret --------------------------------------------------------------------------------


@advisories(
    "CVE-2016-10555",
    "CVE-2017-11424",
    "CVE-2022-29217",
    "CVE-2023-48223",
    "CVE-2024-33663",
    "CVE-2024-37568",
    "CVE-2026-11800",
    "CVE-2026-34950",
)
def test_a_public_key_is_never_a_secret(number):
    """The token says HS256, and its tag is made with the public key as anybody can read it.

    The verifier has an RSA key, so there is no secret to be had; and who loads such a text as one is told so: with a
    space in front (CVE-2026-34950), as PKCS #1, as OpenSSH, as a certificate's beginning, in bytes.
    """
    key = public()
    spellings = [
        key.to_pem().encode(),
        b" " + key.to_pem().encode(),
        b"\n" + key.to_pem().encode().strip(),
        b"\xef\xbb\xbf" + key.to_pem().encode(),
        key.to_pem().encode().replace(b"\n", b"\r\n"),
        key.to_pem().encode().replace(b"BEGIN PUBLIC", b"BEGIN RSA PUBLIC"),
        b"-----BEGIN CERTIFICATE-----\n" + b"A" * 64,
        b"ssh-rsa AAAAB3NzaC1yc2E" + b"A" * 40,
        key.to_der(),
    ]
    for secret in spellings:
        for header in (HS256, {**HS256, "kid": "k"}):
            judge().refuses(token(header, key=secret), InvalidAlgorithmError, "algorithm")
        with pytest.raises(InvalidKeyError):
            HMACKey(secret)
    for keys in ([key], JWKSet.from_dict({"keys": [public_jwk(kid="k")]})):
        judge(keys).refuses(
            token({**HS256, "kid": "k"}, key=spellings[0]), InvalidAlgorithmError, "algorithm"
        )


@pytest.mark.parametrize("form", ["JWK", "JWKS", "DER", "BOM", "UTF-16", "base64"])
def test_pyjwt_advisories_for_other_forms_of_a_key_as_a_secret(form):
    """Six advisories of PyJWT: what the regular expression for PEM does not see."""
    key = public()
    pem = key.to_pem().encode()
    secrets = {
        "JWK": json.dumps(public_jwk()).encode(),
        "JWKS": json.dumps({"keys": [public_jwk()]}).encode(),
        "DER": key.to_der(),
        "BOM": b"\xef\xbb\xbf" + json.dumps(public_jwk()).encode(),
        "UTF-16": pem.decode().encode("utf-16"),
        "base64": b64u(key.to_der()).encode(),
    }
    with pytest.raises(InvalidKeyError):
        HMACKey(secrets[form])
    with pytest.raises(InvalidKeyError):
        HMACKey.from_jwk(secret_jwk(secrets[form]))


@advisories("GHSA-jq35-7prp-9v3f", "CVE-2026-22818")
def test_the_algorithm_is_bound_to_the_key(number):
    """PyJWT and Hono let the header choose among all that were allowed, whatever the key said of itself."""
    rsa_one = RSAPublicKey.from_jwk(public_jwk(kid="r", alg="RS256"))
    secret = HMACKey.from_jwk(secret_jwk(kid="s", alg="HS256"))
    asked = judge([rsa_one, secret], token({**RS256, "kid": "r"}), algorithms=["RS256", "HS256"])
    asked.refuses(token({**HS256, "kid": "r"}, key=SECRET), InvalidAlgorithmError, "algorithm")
    asked.refuses(token({**RS256, "kid": "s"}), InvalidAlgorithmError, "algorithm")
    for alg in ("RS384", "PS256", "HS256"):
        with pytest.raises(InvalidKeyError):
            RSAPublicKey.from_jwk(public_jwk(alg=alg))


# --- Keys and URLs of the header -----------------------------------------------------------------------------------


@advisories("CVE-2018-0114", "CVE-2026-27962")
def test_a_key_in_the_header_vouches_for_nothing(number):
    """Node-jose and Authlib verified with the `jwk` that came with the token."""
    thief = rsa_key("thief")
    certificate = [b64u(public(thief).to_der())]
    for extra in (
        {"jwk": public_jwk(thief)},
        {"x5c": certificate},
        {"jku": "https://thief.example/"},
        {"x5u": "x"},
    ):
        bad = token({**RS256, **extra}, key=thief)
        judge().refuses(bad, InvalidSignatureError, "signature")
        judge(JWKSet.from_dict({"keys": [public_jwk(kid="k")]})).refuses(
            bad, InvalidSignatureError, "signature"
        )
        empty = Verifier(JWKSet.from_dict({"keys": []}))
        with pytest.raises(KeyNotFoundError):
            empty.verify(bad, now=NOW)


@advisories("GHSA-993g-76c3-p5m4", "GHSA-9v7f-9g4p-ffgj")
def test_no_url_of_a_token_is_opened(number, monkeypatch):
    """Whatever the scheme: nothing of a token is ever fetched."""
    import socket
    import urllib.request

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a token made the verifier look outside")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    for url in (
        "http://127.0.0.1:1/",
        "https://thief.example/",
        "file:///etc/passwd",
        "ftp://x/",
        "data:application/json,{}",
    ):
        judge().accepts(token({**RS256, "jku": url, "x5u": url}))


@advisories("GHSA-869p-cjfg-cm3x")
def test_kid_is_neither_a_path_nor_a_query(number):
    """Users of node-jws looked up the secret by what the token said."""
    asked = judge(JWKSet.from_dict({"keys": [public_jwk(kid="k")]}))
    for kid in ("/dev/null", "../../etc/passwd", "' OR 1=1 --", "k'--", "k\x00", "*", "k/../k"):
        asked.refuses(token({**RS256, "kid": kid}), KeyNotFoundError, "key")
        asked.refuses(token({**HS256, "kid": kid}, key=b"\x00"), InvalidAlgorithmError, "algorithm")


# --- Padding -------------------------------------------------------------------------------------------------------


@advisories("CVE-2006-4339", "CVE-2014-1568", "CVE-2016-1494", "CVE-2018-16152", "CVE-2022-24771")
def test_bleichenbachers_forgery_fails(number):
    """OpenSSL, NSS, python-rsa, strongSwan and node-forge parsed the padding and left room for a cube root.

    Room behind the digest (2006), within long-form lengths (2014), in the padding (2016), in the parameters (2018),
    in what follows the DigestInfo (2022).
    """
    private = rsa_key("e3", 2048, 3)
    asked = judge(public(private), token(key=private))
    message = asked.honest.rsplit(".", 1)[0].encode()
    digest = hashlib.sha256(message).digest()
    info = SHA256_DIGEST_INFO + digest
    filler = b"\xaa" * 150
    oid = bytes.fromhex("0609608648016503040201")
    starts = {
        "CVE-2006-4339": b"\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\x00" + info,
        "CVE-2014-1568": b"\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\x00\x30\xc0" + filler[:64] + info[2:],
        "CVE-2016-1494": b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x00" + info,
        "CVE-2018-16152": b"\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\x00\x30\x81\xc0\x30\x81\x9d"
        + oid
        + filler[:100],
        "CVE-2022-24771": b"\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\x00" + info + b"\x04\x00",
    }
    encoded = starts[number].ljust(256, b"\xaa")[:256]
    asked.refuses(
        with_signature(asked.honest, private_power(encoded, private)), InvalidSignatureError, "signature"
    )
    # And as somebody without the private key makes it.
    target = int.from_bytes(starts[number].ljust(256, b"\x00")[:256], "big")
    root = round_up_cube_root(target)
    asked.refuses(with_signature(asked.honest, root.to_bytes(256, "big")), InvalidSignatureError, "signature")


def round_up_cube_root(number: int) -> int:
    low, high = 0, 1 << (number.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if middle**3 < number else (low, middle)
    return low


@advisories("CVE-2022-21449")
def test_zeros_are_no_signature(number):
    """Java's ECDSA took (0, 0) for a signature of anything."""
    for octets in (bytes(256), bytes(255) + b"\x01", bytes(64), bytes(1)):
        judge().refuses(with_signature(token(), octets), InvalidSignatureError, "signature")
    tagged = token(HS256, key=SECRET)
    judge(HMACKey(SECRET), tagged).refuses(
        with_signature(tagged, bytes(32)), InvalidSignatureError, "signature"
    )


# --- Weak and slow keys --------------------------------------------------------------------------------------------


def _roca_modulus() -> int:
    """Return a modulus that is a power of 65537 modulo each of the 17 primes, and has no factor below 752."""
    primes = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
    product = 1
    for prime in primes:
        product *= prime
    small = [number for number in range(3, 752) if all(number % d for d in range(2, number))]
    n = (3 << 2046) - (3 << 2046) % product + pow(65537, 7, product)
    while n % 2 == 0 or any(n % prime == 0 for prime in small):
        n += product
    return n


@advisories("CVE-2017-15361")
def test_a_roca_key_is_refused(number):
    """Infineon's chips made primes of a few known forms."""
    modulus = _roca_modulus()
    with pytest.raises(InvalidKeyError):
        RSAPublicKey.from_numbers(modulus, 65537)
    keys = JWKSet.from_dict({"keys": [{"kty": "RSA", "n": tokens.uint(modulus), "e": "AQAB"}]})
    assert len(keys.skipped) == 1
    assert RSAPublicKey.from_numbers(modulus, 65537, allow_roca=True).bits == 2048


@advisories("CVE-2023-6237")
def test_a_huge_public_key_is_refused_before_arithmetic(number):
    """OpenSSL tested moduli of any size for primality."""
    huge = (1 << 100_000) + 1
    began = time.process_time()
    with pytest.raises(InvalidKeyError):
        RSAPublicKey.from_numbers(huge, 65537)
    with pytest.raises(InvalidKeyError):
        RSAPublicKey.from_jwk({"kty": "RSA", "n": tokens.uint(huge), "e": "AQAB"})
    assert (
        len(JWKSet.from_dict({"keys": [{"kty": "RSA", "n": tokens.uint(huge), "e": "AQAB"}] * 100}).skipped)
        == 100
    )
    assert time.process_time() - began < 0.5


# --- crit and b64 --------------------------------------------------------------------------------------------------


@advisories("CVE-2025-59420", "CVE-2026-32597", "CVE-2026-35042")
def test_critical_extensions_are_not_passed_over(number):
    """Authlib, PyJWT and fast-jwt accepted tokens whose `crit` named what they did not know."""
    for crit in (["cnf"], ["bork"], ["exp"], [], None, "b64"):
        judge().refuses(token({**RS256, "crit": crit, "cnf": {}, "bork": 1}), DecodeError, "header")


@advisories("GHSA-w7vc-732c-9m39", "GHSA-wphv-vfrh-23q5")
def test_an_unencoded_payload_is_refused(number):
    """PyJWT and joserfc, RFC 7797: the payload may be read in two ways."""
    for extra in ({"b64": False}, {"b64": False, "crit": ["b64"]}, {"b64": "false"}, {"b64": 0}):
        judge().refuses(token({**RS256, **extra}), DecodeError, "header")


# --- iss and aud ---------------------------------------------------------------------------------------------------


@advisories("CVE-2024-53861")
def test_an_issuer_is_not_matched_as_a_substring(number):
    """PyJWT asked whether `iss` was in the expected string: `acb` was, in `__acb__`."""
    asked = judge(None, with_claims(iss="__acb__"), issuer="__acb__")
    for issuer in ("acb", "_", "", "__acb_", "__acb___"):
        asked.refuses(with_claims(iss=issuer), InvalidIssuerError, "claims")


@advisories("CVE-2025-30144")
def test_a_list_of_issuers_in_a_token_is_no_issuer(number):
    """Fast-jwt took a list if any member matched, and another reader took the rest of it."""
    asked = judge(None, with_claims(iss="https://valid"), issuer="https://valid")
    for issuer in (["https://attacker", "https://valid"], ["https://valid"], {"0": "https://valid"}):
        asked.refuses(with_claims(iss=issuer), InvalidIssuerError, "claims")


@advisories("CVE-2026-35041")
def test_what_is_expected_is_no_pattern(number):
    """Fast-jwt matched expected values as regular expressions."""
    asked = judge(
        None, with_claims(iss="a.c", aud="a+", sub="(x|y)"), issuer="a.c", audience="a+", subject="(x|y)"
    )
    asked.refuses(with_claims(iss="abc", aud="a+", sub="(x|y)"), InvalidIssuerError, "claims")
    asked.refuses(with_claims(iss="a.c", aud="aa", sub="(x|y)"), InvalidAudienceError, "claims")
    asked.refuses(with_claims(iss="a.c", aud="a+", sub="x"), fastjwt.InvalidSubjectError, "claims")
    long = judge(None, with_claims(iss="(a+)+$"), issuer="(a+)+$")
    began = time.process_time()
    long.refuses(with_claims(iss="a" * 50_000 + "!"), InvalidIssuerError, "claims")
    assert time.process_time() - began < 1


@advisories("CVE-2020-26160")
def test_an_audience_of_another_type_is_no_missing_audience(number):
    """jwt-go read a list, or a list of no strings, as the empty string, which passed."""
    asked = judge(None, with_claims(aud="api"), audience="api")
    others: list[Any] = [["other"], [5], [], "", {}, 5, [""]]
    for audience in others:
        asked.refuses(with_claims(aud=audience), InvalidAudienceError, "claims")
    asked.refuses(with_claims(), MissingRequiredClaimError, "claims", claim="aud")


@advisories("CVE-2026-35039")
def test_no_token_gets_the_verdict_of_another(number):
    """Fast-jwt's cache mixed tokens up; whatever is remembered here, each gets its own claims and verdict."""
    verifier = Verifier(public())
    crowd = [with_claims(sub=f"user {number}") for number in range(60)]
    crowd += [with_signature(each, bytes(256)) for each in crowd[:20]] + [with_claims(exp=1, sub="late")]
    expected = [f"user {number}" for number in range(60)] + [None] * 21
    for _ in range(3):
        for each, subject in zip(crowd, expected, strict=True):
            if subject is None:
                with pytest.raises(InvalidTokenError):
                    verifier.verify(each, now=NOW)
            else:
                assert verifier.verify(each, now=NOW)["sub"] == subject
        batch = verifier.verify_batch(crowd, now=NOW)
        assert [claims and claims["sub"] for claims in batch.claims] == expected
    first = verifier.verify(crowd[0], now=NOW)
    first["sub"] = "changed by its owner"
    assert verifier.verify(crowd[0], now=NOW)["sub"] == "user 0"
    assert verifier.verify_complete(crowd[0], now=NOW).header == RS256
    verifier.verify_complete(crowd[0], now=NOW).header["alg"] = "none"
    assert verifier.verify_complete(crowd[0], now=NOW).header == RS256


@advisories("CVE-2026-30949")
def test_a_token_for_another_client_of_the_same_issuer_is_refused(number):
    """Parse Server took a token that the same Keycloak had issued to another client."""
    asked = judge(None, with_claims(iss="i", aud="me"), issuer="i", audience="me")
    asked.refuses(with_claims(iss="i", aud="account", azp="other"), InvalidAudienceError, "claims")
    asked = judge(None, with_claims(iss="i"), issuer="i")
    asked.refuses(with_claims(iss="i", aud="other"), InvalidAudienceError, "claims")


# --- Compression and encryption ------------------------------------------------------------------------------------


@advisories("CVE-2024-33664", "CVE-2024-28102", "CVE-2023-6681", "CVE-2024-28176", "CVE-2023-52428")
def test_nothing_is_inflated_decrypted_or_derived(number):
    """python-jose, jwcrypto and jose inflated without end; jwcrypto and Nimbus counted PBKDF2 rounds as told."""
    bomb = zlib.compress(b"\x00" * 20_000_000, 9)[2:-4]
    began = time.process_time()
    judge().refuses(token({**RS256, "zip": "DEF"}, bomb), DecodeError, "json")
    for alg in ("dir", "RSA-OAEP", "PBES2-HS256+A128KW"):
        header = b64u(
            json.dumps({"alg": alg, "enc": "A128GCM", "zip": "DEF", "p2c": 2**31, "p2s": "AAAA"}).encode()
        )
        judge().refuses(f"{header}.AAAA.AAAA.{b64u(bomb)}.AAAA", DecodeError, "form")
        judge().refuses(f"{header}.AAAA.AAAA", InvalidAlgorithmError, "algorithm")
    assert time.process_time() - began < 1


@advisories("CVE-2026-29000", "CVE-2026-9793")
def test_an_encrypted_token_around_an_unsigned_one_is_refused(number):
    """pac4j and Keycloak took what was inside for signed."""
    unsigned = b64u(b'{"alg":"none"}') + "." + b64u(b'{"exp":9999999999}') + "."
    header = b64u(b'{"alg":"dir","enc":"A128GCM","cty":"JWT"}')
    judge().refuses(f"{header}..AAAA.{b64u(unsigned.encode())}.AAAA", DecodeError, "form")
    judge().refuses(token({**RS256, "cty": "JWT"}, unsigned), DecodeError, "json")


# --- Size ----------------------------------------------------------------------------------------------------------


@advisories("CVE-2025-61920", "GHSA-pq5p-34cr-23v9")
def test_oversized_segments_are_refused_before_they_are_decoded(number):
    """Authlib decoded and parsed headers and signatures of hundreds of megabytes."""
    honest = token()
    header, payload, signature = honest.split(".")
    for bad in (
        f"{header}{'A' * 50_000_000}.{payload}.{signature}",
        f"{header}.{payload}.{'A' * 50_000_000}",
    ):
        began = time.process_time()
        with pytest.raises(DecodeError):
            Verifier(public()).verify(bad, now=NOW)
        assert time.process_time() - began < 0.05
    long_header = token({**RS256, "x": "h" * 13_000})
    judge().refuses(long_header, DecodeError, "form")


@advisories("CVE-2025-30204", "CVE-2025-27144")
def test_endless_dots_are_not_split(number):
    """golang-jwt and go-jose made a list of as many strings as there were dots."""
    for bad in ("." * 262_144, "." * 50_000_000, "Bearer " + "." * 262_000, "a." * 131_072):
        began = time.process_time()
        with pytest.raises(DecodeError):
            Verifier(public()).verify(bad, now=NOW)
        assert time.process_time() - began < 0.05
    judge().refuses("." * 262_144, DecodeError, "form")


@advisories("GHSA-hxm8-2xgr-2p9m")
def test_one_token_has_one_spelling(number):
    """Lax base64url gives a revoked token as many other names as its thief needs."""
    honest = token({**RS256, "x": "????>>>>"}, {"exp": LATER, "x": "????>>>>\u00ff"})
    asked = judge()
    asked.accepts(honest)
    head, signature = honest.rsplit(".", 1)
    last = ALPHABET.index(signature[-1].encode())
    others = [
        honest + "=",
        honest + "==",
        honest + "\n",
        honest + " ",
        " " + honest,
        honest.replace("_", "/").replace("-", "+"),
        honest[:40] + "\n" + honest[40:],
        honest[:40] + "\u200b" + honest[40:],
        f"{head}.{signature[:-1]}{chr(ALPHABET[last + 1])}",
        f"{head}.{signature[:-1]}{chr(ALPHABET[last + 15])}",
        head.replace(".", "=.") + "." + signature,
    ]
    assert honest not in others
    for other in others:
        asked.refuses(other, DecodeError, "form")
        unverified_refuses(other)


@advisories("GHSA-8wjv-2p76-3863", "GHSA-w6j9-cwv2-h6wq")
def test_deep_nesting_is_a_decode_error(number, json_reader):
    """`RecursionError` is no `InvalidTokenError`, so it went past the handlers of PyJWT's users, and of others'."""
    limit = sys.getrecursionlimit()
    for levels in (65, limit - 50, limit, limit + 50, 6000):
        for text in ("[" * levels + "]" * levels, '{"a":' * levels + "1" + "}" * levels, "[" * levels):
            if len(text) < 11_000:
                judge().refuses(token('{"alg":"RS256","x":' + text + "}"), DecodeError, "header")
            bad = token(None, '{"exp":9999999999,"x":' + text + "}")
            judge().refuses(bad, DecodeError, "json")
            unverified_refuses(bad)


# --- Numbers -------------------------------------------------------------------------------------------------------


@advisories("CVE-2020-10735")
def test_long_integers_cost_no_quadratic_time(number, json_reader):
    """CPython turns n digits into an int in time n squared, and above 4,300 with a ValueError of its own."""
    for digits in (400, 4_300, 4_301, 150_000):
        for text in (
            "9" * digits,
            "-" + "9" * digits,
            "9" * digits + "e0",
            "0." + "9" * digits,
            "1e" + "9" * digits,
        ):
            bad = token(None, f'{{"exp":{text}}}')
            began = time.process_time()
            with pytest.raises(InvalidTokenError):
                Verifier(public()).verify(bad, now=NOW)
            assert time.process_time() - began < 0.05


@advisories("PyJWT pull request 1186")
def test_a_time_that_is_a_list_or_null_is_no_type_error(number):
    """`int()` raises a TypeError for these, which went past the handlers of PyJWT's users."""
    values: list[Any] = [[1], [], {}, {"a": 1}, None]
    for value in values:
        for name in ("exp", "nbf"):
            judge(require=()).refuses(with_claims(**{name: value}), DecodeError, "claims")
        judge().refuses(with_claims(iat=value), fastjwt.InvalidIssuedAtError, "claims")


@advisories("python-jose issue 420")
def test_a_time_that_is_infinite_is_no_overflow_error(number, json_reader):
    """`int()` raises an OverflowError for these."""
    for name in ("exp", "nbf", "iat"):
        for value in ("Infinity", "-Infinity", "NaN", "1e999", "-1e999", "1e400"):
            judge().refuses(token(None, f'{{"exp2":1,"{name}":{value}}}'), DecodeError, "json")


# --- What one parser takes and the next one does not ---------------------------------------------------------------


def test_duplicates_encodings_and_normalisation_without_a_number(json_reader):
    """One parser takes the first, the next the last, and an attacker lives between."""
    for payload in (
        b'{"exp":9999999999,"sub":"alice","sub":"admin"}',
        b'{"exp":9999999999,"sub":"alice","s\\u0075b":"admin"}',
        '{"exp":9999999999}'.encode("utf-16"),
        b'\xef\xbb\xbf{"exp":9999999999}',
        b'{"exp":9999999999,"sub":"\\ud800"}',
        b'{"exp":9999999999}\x00{"exp":1}',
    ):
        judge().refuses(token(None, payload), DecodeError, "json")
        unverified_refuses(token(None, payload))
    for header in (
        '{"alg":"RS256","alg":"none"}',
        '{"alg":"none","alg":"RS256"}',
        '{"\\u0061lg":"none","alg":"RS256"}',
    ):
        judge().refuses(token(header), DecodeError, "header")


def test_a_signature_over_the_meaning_and_not_the_text_is_refused():
    """Sign what is sent: a header that was parsed and written again is another header."""
    honest = token('{ "alg" : "RS256" }')
    header, payload, _ = honest.split(".")
    compact = b64u(json.dumps(json.loads(unb64u(header)), separators=(",", ":")).encode())
    message = f"{compact}.{payload}".encode()
    forged = private_power(encoded_message(message, 256), rsa_key())
    judge().refuses(with_signature(honest, forged), InvalidSignatureError, "signature")
