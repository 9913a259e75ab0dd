"""RFC 8725, JSON Web Token Best Current Practices: one group of tests for each section of its chapter 3.

Each group says where else its rule is tried in detail; here it is tried as the RFC words it.
"""

from __future__ import annotations

import inspect
import json
import socket
import urllib.request
import zlib
from typing import Any

import pytest
import tokens
from tokens import (
    HS256,
    LATER,
    NOW,
    RS256,
    SECRET,
    b64u,
    public,
    public_jwk,
    rsa_key,
    token,
    uint,
    with_claims,
)
from verdicts import judge

import fastjwt
from fastjwt import (
    DecodeError,
    HMACKey,
    InvalidAlgorithmError,
    InvalidAudienceError,
    InvalidIssuerError,
    InvalidKeyError,
    InvalidSignatureError,
    InvalidSubjectError,
    InvalidTokenError,
    JWKSet,
    KeyNotFoundError,
    MissingRequiredClaimError,
    RSAPrivateKey,
    RSAPublicKey,
    Signer,
    Verifier,
)

pytestmark = pytest.mark.usefixtures("engine")


class TestSection31PerformAlgorithmVerification:
    """The caller says which algorithms are good, and each key is used with exactly one; test_security_header.py."""

    def test_the_algorithm_follows_from_the_key_and_not_from_the_token(self):
        judge(public(), token(RS256)).refuses(token(HS256, key=SECRET), InvalidAlgorithmError, "algorithm")
        judge(HMACKey(SECRET), token(HS256, key=SECRET)).refuses(
            token(RS256), InvalidAlgorithmError, "algorithm"
        )

    def test_each_type_of_key_is_for_exactly_one_algorithm(self):
        for key in (public(), tokens.fast_private()):
            jwk: Any = key.to_jwk()
            assert jwk["alg"] == "RS256"
            for alg in ("RS384", "PS256", "HS256", "none"):
                with pytest.raises(InvalidKeyError):
                    type(key).from_jwk({**jwk, "alg": alg})
        for alg in ("HS384", "HS512", "RS256", "A256KW"):
            with pytest.raises(InvalidKeyError):
                HMACKey.from_jwk(tokens.secret_jwk(alg=alg))

    def test_the_caller_can_say_which_algorithms_are_good(self):
        keys = [public(), HMACKey(SECRET)]
        narrowed = judge(keys, token(RS256), algorithms=["RS256"])
        narrowed.refuses(token(HS256, key=SECRET), InvalidAlgorithmError, "algorithm")

    def test_a_public_key_cannot_be_used_as_a_secret(self):
        """By type, and the secret's loader recognises what it is given."""
        keys: list[Any] = [public(), tokens.fast_private(), public_jwk(), public().to_pem()]
        for key in keys:
            with pytest.raises((TypeError, InvalidKeyError)):
                HMACKey(key)
        for text in (public().to_pem().encode(), public().to_der(), json.dumps(public_jwk()).encode()):
            with pytest.raises(InvalidKeyError):
                HMACKey(text)


class TestSection32UseAppropriateAlgorithms:
    """RS256 and HS256 only; `none` cannot be had."""

    @pytest.mark.parametrize("alg", ["none", "RSA1_5", "RS384", "PS256", "ES256", "EdDSA", "HS512"])
    def test_no_other_algorithm_can_be_asked_for_or_accepted(self, alg):
        with pytest.raises(ValueError, match="not supported"):
            Verifier(public(), algorithms=[alg])
        judge().refuses(token({"alg": alg}), InvalidAlgorithmError, "algorithm")

    def test_no_option_of_the_api_turns_verification_off(self):
        for call in (Verifier, Verifier.verify, Verifier.verify_batch, fastjwt.decode_unverified, Signer):
            names = set(inspect.signature(call).parameters)
            assert not names & {"verify", "verify_signature", "options", "algorithm", "complete", "insecure"}


class TestSection33ValidateAllCryptographicOperations:
    """Any operation that fails refuses the whole token; test_security_signature.py."""

    def test_a_token_with_a_bad_signature_is_refused_whatever_it_says(self):
        asked = judge()
        for payload in (b"not JSON", b'{"exp":1}', b"[]"):
            bad = tokens.with_signature(token(None, payload), bytes(256))
            asked.refuses(bad, InvalidSignatureError, "signature")

    def test_nothing_is_handed_out_of_a_token_that_is_refused(self):
        asked = judge()
        bad = tokens.with_signature(asked.honest, bytes(256))
        batch = asked.verifier.verify_batch([bad], now=NOW)
        assert batch.claims == [None]
        assert batch[0].claims is None
        assert "alice" not in repr(batch.errors)

    def test_nested_tokens_are_not_taken_for_claims(self):
        judge().refuses(token({**RS256, "cty": "JWT"}, token()), DecodeError, "json")


class TestSection34ValidateCryptographicInputs:
    """Keys are checked when they are loaded, before any arithmetic; the tests of the key modules."""

    @pytest.mark.parametrize("e", [0, 1, 2, 65536, 2**33 + 1])
    def test_a_weak_exponent_is_refused(self, e):
        with pytest.raises(InvalidKeyError):
            RSAPublicKey.from_numbers(tokens.n_of(rsa_key()), e)

    def test_a_modulus_that_is_none_is_refused(self):
        numbers = rsa_key().private_numbers()
        n = numbers.public_numbers.n
        for wrong in (0, 1, -n, n + 1, n >> 1, numbers.p, 3 * (n // 3 | 1), 1 << 2047):
            with pytest.raises(InvalidKeyError):
                RSAPublicKey.from_numbers(wrong, 65537)

    def test_a_private_key_whose_parts_contradict_each_other_is_refused(self):
        """One wrong part makes signatures that give the key away (Boneh, DeMillo and Lipton, 1997)."""
        jwk = tokens.private_jwk()
        for name in ("d", "p", "q", "dp", "dq", "qi"):
            number = int.from_bytes(tokens.unb64u(jwk[name]), "big")
            with pytest.raises(InvalidKeyError):
                RSAPrivateKey.from_jwk({**jwk, name: uint(number ^ 4)})


class TestSection35EnsureCryptographicKeysHaveSufficientEntropy:
    """Short secrets, short moduli and moduli with a known weakness are refused."""

    def test_a_short_secret_is_refused(self):
        for secret in (b"", b"secret", b"x" * 31):
            with pytest.raises(InvalidKeyError):
                HMACKey(secret)
        HMACKey(b"0123456789abcdef0123456789abcdeF")

    def test_a_short_modulus_is_refused(self):
        short = rsa_key("short", 1024)
        with pytest.raises(InvalidKeyError):
            public(short)
        with pytest.raises(InvalidKeyError):
            RSAPrivateKey.from_jwk(tokens.private_jwk(short))
        with pytest.raises(ValueError, match="bits"):
            RSAPrivateKey.generate(bits=1024)
        numbers = short.private_numbers().public_numbers
        assert RSAPublicKey.from_numbers(numbers.n, numbers.e, min_bits=1024).bits == 1024

    def test_a_modulus_with_the_fingerprint_of_roca_is_refused(self, vectors):
        (group,) = (
            group
            for group in json.loads((vectors / "wycheproof" / "json_web_key_test.json").read_text())[
                "testGroups"
            ]
            if group["comment"] == "jws_rsa_roca_key"
        )
        (member,) = group["public"]["keys"]
        with pytest.raises(InvalidKeyError):
            RSAPublicKey.from_jwk(member)
        assert RSAPublicKey.from_jwk(member, allow_roca=True).bits >= 2048


class TestSection36AvoidCompressionOfEncryptionInputs:
    """There is no compression here, and none is undone."""

    def test_zip_is_never_acted_on(self):
        compressor = zlib.compressobj(wbits=-15)
        deflated = compressor.compress(b'{"exp":9999999999}') + compressor.flush()
        judge().refuses(token({**RS256, "zip": "DEF"}, deflated), DecodeError, "json")
        judge().accepts(token({**RS256, "zip": "DEF"}))

    def test_encrypted_tokens_are_refused(self):
        header = b64u(b'{"alg":"dir","enc":"A128GCM","zip":"DEF"}')
        judge().refuses(f"{header}.AAAA.AAAA.AAAA.AAAA", DecodeError, "form")


class TestSection37UseUTF8:
    """Headers and claims are UTF-8 and nothing else; test_security_json.py."""

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be", "utf-8-sig", "latin-1"])
    def test_another_encoding_is_refused(self, encoding, json_reader):
        claims = '{"exp":9999999999,"x":"\u00e9"}'.encode(encoding)
        header = '{"alg":"RS256","x":"\u00e9"}'.encode(encoding)
        judge().refuses(token(None, claims), DecodeError, "json")
        judge().refuses(token(header), DecodeError, "header")

    def test_what_is_minted_is_utf_8(self, json_reader):
        minted = Signer(tokens.fast_private()).sign({"exp": LATER, "x": "\u00e9\U0001f600"})
        assert "\u00e9\U0001f600".encode() in tokens.unb64u(minted.split(".")[1])


class TestSection38ValidateIssuerAndSubject:
    """test_security_claims.py has the forms that do not match."""

    def test_another_issuer_is_refused(self):
        asked = judge(None, with_claims(iss="https://id.example"), issuer="https://id.example")
        asked.refuses(with_claims(iss="https://evil.example"), InvalidIssuerError, "claims")
        asked.refuses(with_claims(), MissingRequiredClaimError, "claims", claim="iss")

    def test_another_subject_is_refused(self):
        asked = judge(None, with_claims(sub="alice"), subject="alice")
        asked.refuses(with_claims(sub="mallory"), InvalidSubjectError, "claims")
        asked.refuses(with_claims(), MissingRequiredClaimError, "claims", claim="sub")

    def test_the_keys_of_one_issuer_do_not_vouch_for_another(self):
        """Keys and issuer are given together, to one verifier."""
        ours = Verifier(public(), issuer="https://id.example")
        theirs = Verifier(public(rsa_key("other")), issuer="https://other.example")
        forged = with_claims(rsa_key("other"), iss="https://id.example")
        with pytest.raises(InvalidSignatureError):
            ours.verify(forged, now=NOW)
        with pytest.raises(InvalidIssuerError):
            theirs.verify(forged, now=NOW)


class TestSection39UseAndValidateAudience:
    """Also where no audience is expected."""

    def test_a_token_for_somebody_else_is_refused(self):
        asked = judge(None, with_claims(aud="me"), audience="me")
        asked.refuses(with_claims(aud="them"), InvalidAudienceError, "claims")
        asked.refuses(with_claims(), MissingRequiredClaimError, "claims", claim="aud")

    def test_a_token_for_anybody_is_refused_by_who_expects_no_audience(self):
        judge().refuses(with_claims(aud="them"), InvalidAudienceError, "claims")


class TestSection310DoNotTrustReceivedClaims:
    """`kid` is looked up in a dictionary and nowhere else; URLs and keys in the header are not even looked at."""

    @pytest.mark.parametrize(
        "kid",
        [
            "../../../../dev/null",
            "/etc/passwd",
            "' UNION SELECT 'key' --",
            "$(reboot)",
            "http://127.0.0.1:1/",
            "ldap://x",
        ],
    )
    def test_kid_is_neither_a_path_nor_a_query_nor_a_url(self, kid, no_outside):
        asked = judge(JWKSet.from_dict({"keys": [public_jwk(kid="k")]}))
        asked.refuses(token({**RS256, "kid": kid}), KeyNotFoundError, "key")

    @pytest.mark.parametrize("name", ["jku", "x5u"])
    def test_no_url_of_a_header_is_fetched(self, name, no_outside):
        for url in (
            "http://127.0.0.1:1/keys",
            "https://thief.example/keys",
            "file:///etc/passwd",
            "data:,{}",
            "ftp://x",
        ):
            judge().accepts(token({**RS256, name: url}))
            judge().refuses(
                token({**RS256, name: url}, key=rsa_key("thief")), InvalidSignatureError, "signature"
            )

    @pytest.fixture
    def no_outside(self, monkeypatch):
        """Fail the test if anything connects to the network or opens a URL."""

        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("a header made the verifier look outside")

        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        monkeypatch.setattr(urllib.request, "urlopen", refuse)


class TestSection311UseExplicitTyping:
    """`typ=` tells kinds of tokens apart; test_security_header.py has the spellings."""

    def test_a_token_of_another_kind_is_refused(self):
        honest = token({**RS256, "typ": "at+jwt"})
        asked = judge(None, honest, typ="at+jwt")
        asked.accepts(token({**RS256, "typ": "application/at+jwt"}))
        for header in (RS256, {**RS256, "typ": "JWT"}, {**RS256, "typ": "logout+jwt"}):
            asked.refuses(token(header), InvalidTokenError, "header", or_subclass=True)

    def test_a_signer_writes_the_type_that_it_is_told(self):
        minted = Signer(tokens.fast_private(), headers={"typ": "at+jwt"}).sign({"exp": LATER})
        judge(None, minted, typ="at+jwt").accepts(minted)


class TestSection312UseMutuallyExclusiveValidationRules:
    """One `Verifier` for each kind of token, none of which takes another's."""

    def test_verifiers_of_different_kinds_do_not_take_each_others_tokens(self):
        kinds: list[tuple[dict[str, Any], str]] = [
            (
                {"typ": "at+jwt", "audience": "api"},
                token({**RS256, "typ": "at+jwt"}, {"exp": LATER, "aud": "api"}),
            ),
            ({"audience": "client"}, with_claims(aud="client")),
            ({"issuer": "i", "audience": "api"}, with_claims(iss="i", aud="api")),
            ({"keys": public(rsa_key("other"))}, with_claims(rsa_key("other"))),
            ({"require": ("exp", "events")}, with_claims(events={})),
            ({"keys": HMACKey(SECRET)}, with_claims(SECRET)),
        ]
        for index, (options, own) in enumerate(kinds):
            verifier = Verifier(**{"keys": public(), **options})
            assert verifier.verify(own, now=NOW)["exp"] == LATER
            for other, (_, theirs) in enumerate(kinds):
                if other != index:
                    with pytest.raises(InvalidTokenError):
                        verifier.verify(theirs, now=NOW)


def test_the_map_is_complete():
    """Chapter 3 has twelve sections, and each has its group here."""
    groups = [name for name in globals() if name.startswith("TestSection3")]
    assert len(groups) == 12
